// Two-dimensional average pooling, over windows and over adaptive regions.
#ifndef TUFF_OP_AVG_POOL2D_H
#define TUFF_OP_AVG_POOL2D_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// Output size, each dimension: OH = (H + pad_top + pad_bottom + overhang_h - kernel_h) / stride_h + 1, at
// least 1. Paddings are at most half of the kernel. overhang is what ceil mode adds at the lower and the
// right end so that a last window that begins inside of the padded image counts; it is less than the stride,
// and every window holds at least one element of x.
struct tuff_avg_pool2d_params {
    uint32_t size;
    uint32_t kernel_h, kernel_w; // at least 1
    uint32_t stride_h, stride_w; // at least 1
    uint32_t pad_top, pad_bottom;
    uint32_t pad_left, pad_right;
    uint32_t overhang_h, overhang_w;
    // 1: the divisor counts padding (but never the overhang), as PyTorch's default. 0: elements of x alone.
    uint32_t count_include_pad;
};

// Forward. y[n,c,oh,ow] = sum of x over the window / divisor; the divisor is the number of the window's
// positions that lie on x, or on x and its padding if count_include_pad.
//
// x: (N,C,H,W) f32.  y: (N,C,OH,OW) f32.
struct tuff_avg_pool2d_forward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_avg_pool2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
};

// Backward. dx[n,c,h,w] = sum of dy[n,c,oh,ow] / divisor(oh,ow) over the windows that hold (h,w).
//
// dx: (N,C,H,W) f32.  dy: (N,C,OH,OW) f32.
struct tuff_avg_pool2d_backward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_avg_pool2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx; // out
    const struct tuff_tensor *dy;
};

// Adaptive average pooling: OH and OW come from y. Region oh covers the rows floor(oh*H/OH) to
// ceil((oh+1)*H/OH) - 1, likewise columns; regions may overlap, and OH may exceed H. (1,1) is global average
// pooling.
//
// x: (N,C,H,W) f32.  y: (N,C,OH,OW) f32: the mean of each region.
struct tuff_adaptive_avg_pool2d_forward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
};

// Backward. dx[n,c,h,w] = sum of dy[n,c,oh,ow] / (elements of the region) over the regions that hold (h,w).
//
// dx: (N,C,H,W) f32.  dy: (N,C,OH,OW) f32.
struct tuff_adaptive_avg_pool2d_backward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx; // out
    const struct tuff_tensor *dy;
};

#ifdef __cplusplus
}
#endif
#endif
