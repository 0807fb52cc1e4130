// Picking a batch out of a data set that lies on the device.
#ifndef TUFF_OP_GATHER_H
#define TUFF_OP_GATHER_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

enum { TUFF_MAX_IMAGE_CHANNELS = 4 };

// Both ops read state.row.begin and state.row.valid (step.h): sample n of the batch is number
// index[begin + n] of the set, for n < valid; begin + valid <= P.

struct tuff_gather_images_params {
    uint32_t size;
    float scale[TUFF_MAX_IMAGE_CHANNELS]; // per channel
    float shift[TUFF_MAX_IMAGE_CHANNELS];
};

// x[n,c,h,w] = images[index[begin + n],c,h,w] * scale[c] + shift[c]; for n >= valid, and in padding lanes, 0.
//
// x: (N,C,H,W) f32, C <= TUFF_MAX_IMAGE_CHANNELS.  images: (S,C,H,W) u8, row-major, of any size (a backend
// whose bound ranges are limited works in windows).  index: (P) u32, each below S.  state: (16) u32.
struct tuff_gather_images_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_gather_images_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *x; // out
    const struct tuff_tensor *images;
    const struct tuff_tensor *index;
    const struct tuff_tensor *state;
};

// labels[n] = set_labels[index[begin + n]]; for n >= valid 0.
//
// labels: (N) u32.  set_labels: (S) u32.  index: (P) u32, each below S.  state: (16) u32.
struct tuff_gather_labels_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *labels; // out
    const struct tuff_tensor *set_labels;
    const struct tuff_tensor *index;
    const struct tuff_tensor *state;
};

#ifdef __cplusplus
}
#endif
#endif
