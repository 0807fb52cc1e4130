// The window that convolution and pooling slide over an image.
#ifndef TUFF_CORE_WINDOW_H
#define TUFF_CORE_WINDOW_H

#include "layer.h"

// Key numbers of the kind's settings. A kind without dilation has TUFF_LAYER_ITSELF there.
struct tuff_window_keys {
    int kernel, stride, padding, dilation;
};

// Height, width.
struct tuff_window {
    uint32_t kernel[2], stride[2], dilation[2];
    uint32_t pad_before[2], pad_after[2]; // top and left, bottom and right
    uint32_t output[2];
};

// A stride that is the kernel becomes an absent one, which means the same.
void tuff_window_simplify(struct tuff_layer *layer, const struct tuff_window_keys *keys);
// From the settings and the input, which is C,H,W. An absent stride is the kernel. Padding `same` makes the
// output ceil(input / stride); what is odd of it goes to the bottom and the right. Fails if the kernel does
// not fit into the padded input.
TUFF_MUST_CHECK enum tuff_status tuff_window_infer(const struct tuff_source *source,
                                                   const struct tuff_layer *layer,
                                                   const struct tuff_window_keys *keys,
                                                   struct tuff_window *window);

// The same for a layer that tuff_window_infer has accepted.
void tuff_window_get(const struct tuff_layer *layer, const struct tuff_window_keys *keys,
                     struct tuff_window *window);

#endif
