// Images with what surrounds them: (N,C,H,W) becomes (N,C,pad_top+H+pad_bottom,pad_left+W+pad_right).
#ifndef TUFF_ONEDNN_PADDED_H
#define TUFF_ONEDNN_PADDED_H

#include "onednn.h"

// Bytes of the padded image.
uint64_t dnn_padded_bytes(const struct tuff_conv2d_params *params, const struct tuff_tensor *image);
// padded = the image and, around it, what padding_mode says, which is not zeros.
void dnn_pad_image(const struct tuff_conv2d_params *params, const struct tuff_tensor *image, float *padded);
// The way back, of gradients: each element of `image` becomes the sum of those of `padded` that it was seen
// at, in row-major order.
void dnn_fold_image(const struct tuff_conv2d_params *params, const struct tuff_tensor *image,
                    const float *padded);

#endif
