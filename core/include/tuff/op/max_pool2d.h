// Two-dimensional max pooling.
#ifndef TUFF_OP_MAX_POOL2D_H
#define TUFF_OP_MAX_POOL2D_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// Output size, each dimension: OH = (H + pad_top + pad_bottom - dilation_h*(kernel_h-1) - 1) / stride_h + 1,
// at least 1. Paddings are at most half of the kernel, and every window holds at least one element of x
// (which a dilated kernel that straddles x may fail to: such a shape is refused).
struct tuff_max_pool2d_params {
    uint32_t size;
    uint32_t kernel_h, kernel_w;     // at least 1
    uint32_t stride_h, stride_w;     // at least 1
    uint32_t dilation_h, dilation_w; // at least 1
    uint32_t pad_top, pad_bottom;    // rows that never win
    uint32_t pad_left, pad_right;
};

// Forward. y[n,c,oh,ow] = the greatest x in the window; index[n,c,oh,ow] = h*W + w of where it was.
// Ties: the first in row-major order of the window wins. NaN: it wins over any number, the first NaN first.
//
// x: (N,C,H,W) f32.  y: (N,C,OH,OW) f32.  index: (N,C,OH,OW) u32, in y's layout, kept for backward.
struct tuff_max_pool2d_forward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_max_pool2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y;     // out
    const struct tuff_tensor *index; // out
    const struct tuff_tensor *x;
};

// Backward. dx[n,c,h,w] = sum of dy[n,c,oh,ow] over the windows whose index is h*W + w, in row-major order of
// the windows; zero where none is. Every index lies within its own window, as forward wrote it.
//
// dx: (N,C,H,W) f32.  dy: (N,C,OH,OW) f32.  index: (N,C,OH,OW) u32.
struct tuff_max_pool2d_backward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_max_pool2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx; // out
    const struct tuff_tensor *dy;
    const struct tuff_tensor *index;
};

#ifdef __cplusplus
}
#endif
#endif
