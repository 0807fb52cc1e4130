// Picking a batch out of a data set that lies on the device, with random changes to each picture: horizontal
// flip, padded random crop, translation, cutout (DeVries & Taylor, 2017).
#ifndef TUFF_OP_AUGMENT_H
#define TUFF_OP_AUGMENT_H

#include "conv2d.h" // enum tuff_padding_mode
#include "gather.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
    TUFF_FLIP_ALWAYS = 1 << 24,        // of flip
    TUFF_MAX_AUGMENTED_SIDE = 1 << 20, // of height and width
};

struct tuff_gather_augmented_images_params {
    uint32_t size;
    float scale[TUFF_MAX_IMAGE_CHANNELS]; // per channel
    float shift[TUFF_MAX_IMAGE_CHANNELS];
    uint32_t seed_low, seed_high;
    uint32_t flip;                     // probability in units of 2^-24: 0 never, TUFF_FLIP_ALWAYS always
    uint32_t crop_mode;                // enum tuff_padding_mode: zeros, reflect or replicate
    uint32_t crop_y, crop_x;           // padding in pixels: below height and width; 0: no crop
    uint32_t translate_y, translate_x; // greatest shift in pixels: below height and width; 0: none
    uint32_t cutout;                   // side of the square: at most the greater of height and width; 0: none
};

// x as gather_images has it, of pictures that are changed at random.
//
// What is random follows from 8 words per sample (random.h): the Philox blocks with key (seed_low, seed_high)
// and counters (begin + n, 0, step, TUFF_RANDOM_AUGMENT = 6), words 0 to 3, and (begin + n, 1, step, 6),
// words 4 to 7. begin, valid and step are state.row's; word 3 is not used. below(i, m), the floor of word i
// times m / 2^32, is uniform below m. For n < valid and image = images[index[begin + n]], in this order:
//
// 1. Flip: f[c,h,w] = image[c,h,W-1-w] if word 0 >> 8 is below flip, else image[c,h,w].
// 2. Crop: k[c,h,w] = f[c,h+dy,w+dx], where dy = below(1, 2*crop_y+1) - crop_y and
//    dx = below(2, 2*crop_x+1) - crop_x: a window of H x W on the picture with a padding of crop_y and crop_x
//    around it. The padding is byte 0, the picture mirrored at its border pixels (TUFF_PADDING_REFLECT), or
//    these repeated (TUFF_PADDING_REPLICATE).
// 3. Translation: t[c,h,w] = k[c,h-ty,w-tx], where ty = below(4, 2*translate_y+1) - translate_y and
//    tx = below(5, 2*translate_x+1) - translate_x; byte 0 where that lies outside of k. It is a crop with
//    zeros, one that can be had beside a crop with another padding.
// 4. Normalization: x[n,c,h,w] = t[c,h,w] * scale[c] + shift[c], rounded as the backend's gather_images
//    rounds it. The byte 0 of steps 2 and 3 becomes shift[c], as black does.
// 5. Cutout, if that is above 0: x[n,c,h,w] = 0, the mean of normalized pixels, in all channels of the rows
//    from below(6, H) - floor(cutout/2) on and the columns from below(7, W) - floor(cutout/2) on, `cutout` of
//    each, as far as they lie in the picture.
//
// For n >= valid, and in padding lanes, x is 0. Which byte lands where is the same on every backend.
//
// x: (N,C,H,W) f32, C <= TUFF_MAX_IMAGE_CHANNELS, H and W <= TUFF_MAX_AUGMENTED_SIDE.  images: (S,C,H,W) u8,
// row-major, of any size (a backend whose bound ranges are limited works in windows).  index: (P) u32, each
// below S.  state: (16) u32.
struct tuff_gather_augmented_images_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_gather_augmented_images_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *x; // out
    const struct tuff_tensor *images;
    const struct tuff_tensor *index;
    const struct tuff_tensor *state;
};

#ifdef __cplusplus
}
#endif
#endif
