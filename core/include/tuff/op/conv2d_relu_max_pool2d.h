// Fused: convolution, rectified linear unit and max pooling in one op that keeps only what was pooled, and of
// each window a byte that says where it came from. As every fused op, it is optional: the host uses it where
// a backend has it, and its parts where not.
#ifndef TUFF_OP_CONV2D_RELU_MAX_POOL2D_H
#define TUFF_OP_CONV2D_RELU_MAX_POOL2D_H

#include "../tensor.h"
#include "conv2d.h"

#ifdef __cplusplus
extern "C" {
#endif

// The convolution is that of tuff_conv2d_params; its output z is (N,K,OH,OW). The windows, without padding or
// dilation, lie on z: PH = (OH - pool_h) / pool_stride_h + 1, PW likewise, at least 1. A window has at most
// 255 elements.
struct tuff_conv2d_relu_max_pool2d_params {
    uint32_t size;
    uint32_t stride_h, stride_w;
    uint32_t dilation_h, dilation_w;
    uint32_t pad_top, pad_bottom;
    uint32_t pad_left, pad_right;
    uint32_t groups;
    uint32_t padding_mode;                 // enum tuff_padding_mode
    uint32_t pool_h, pool_w;               // of a window: at least 1
    uint32_t pool_stride_h, pool_stride_w; // at least 1
};

enum { TUFF_NO_WINNER = 255 };

// The convolution's part.
static inline struct tuff_conv2d_params
tuff_conv2d_relu_max_pool2d_conv2d(const struct tuff_conv2d_relu_max_pool2d_params *p)
{
    struct tuff_conv2d_params conv;
    conv.size = (uint32_t)sizeof conv;
    conv.stride_h = p->stride_h;
    conv.stride_w = p->stride_w;
    conv.dilation_h = p->dilation_h;
    conv.dilation_w = p->dilation_w;
    conv.pad_top = p->pad_top;
    conv.pad_bottom = p->pad_bottom;
    conv.pad_left = p->pad_left;
    conv.pad_right = p->pad_right;
    conv.groups = p->groups;
    conv.padding_mode = p->padding_mode;
    return conv;
}

// Forward.
//   z                 as conv2d_forward's y
//   y[n,k,ph,pw]      = relu of the greatest z in the window; NaN if the window holds one
//   winner[n,k,ph,pw] = r * pool_w + s of that z within its window, the first in row-major order of equals;
//                       TUFF_NO_WINNER unless y > 0: then no gradient passes
// which is what conv2d_forward, relu_forward and max_pool2d_forward make of it.
//
// x: (N,C,H,W) f32.  weight: (K,C/groups,KH,KW) f32, row-major.  bias: (K) f32, optional.
// y: (N,K,PH,PW) f32.  winner: the same shape and layout, u8, optional: only backward needs it.
struct tuff_conv2d_relu_max_pool2d_forward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_conv2d_relu_max_pool2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y;      // out
    const struct tuff_tensor *winner; // out, optional
    const struct tuff_tensor *x;
    const struct tuff_tensor *weight;
    const struct tuff_tensor *bias; // optional
};

// Gradient of x: conv2d_backward_input of dz, which is the sum of the dy of those windows that an element of
// z has won, and zero elsewhere. Terms with a zero dz may be left out, whatever they are multiplied with; and a dy that is
// not finite may make NaN of elements of dx beside those that it leads to.
//
// dx: (N,C,H,W) f32.  dy: (N,K,PH,PW) f32.  winner: as forward wrote it.  weight: (K,C/groups,KH,KW) f32.
struct tuff_conv2d_relu_max_pool2d_backward_input_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_conv2d_relu_max_pool2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx; // out
    const struct tuff_tensor *dy;
    const struct tuff_tensor *winner;
    const struct tuff_tensor *weight;
};

// Gradients of weight and bias, summed over the batch: conv2d_backward_weight of the same dz. Terms with a
// zero dz may be left out.
//
// dweight: (K,C/groups,KH,KW), dbias: (K), optional, both row-major; dy: (N,K,PH,PW), x: (N,C,H,W), f32.
// winner: as forward wrote it.
struct tuff_conv2d_relu_max_pool2d_backward_weight_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_conv2d_relu_max_pool2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dweight; // out
    const struct tuff_tensor *dbias;   // out, optional
    const struct tuff_tensor *dy;
    const struct tuff_tensor *winner;
    const struct tuff_tensor *x;
};

#ifdef __cplusplus
}
#endif
#endif
