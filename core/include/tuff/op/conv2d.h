// Two-dimensional convolution (cross-correlation, as in every deep-learning framework).
#ifndef TUFF_OP_CONV2D_H
#define TUFF_OP_CONV2D_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// What lies around x. Part of the plugin ABI: append only.
enum tuff_padding_mode {
    TUFF_PADDING_ZEROS = 0,
    TUFF_PADDING_REFLECT = 1,   // mirrored at the border element, not repeating it; pads below the size of x
    TUFF_PADDING_REPLICATE = 2, // the border element repeated
    TUFF_PADDING_CIRCULAR = 3,  // x repeated; pads at most the size of x
};

// Output size, each dimension: OH = (H + pad_top + pad_bottom - dilation_h*(KH-1) - 1) / stride_h + 1, at
// least 1.
struct tuff_conv2d_params {
    uint32_t size;
    uint32_t stride_h, stride_w;     // at least 1
    uint32_t dilation_h, dilation_w; // at least 1
    uint32_t pad_top, pad_bottom;    // rows around x, filled as padding_mode says
    uint32_t pad_left, pad_right;
    uint32_t groups;       // at least 1; divides C and K
    uint32_t padding_mode; // enum tuff_padding_mode
};

// Forward:
//   y[n,k,oh,ow] = bias[k] + sum over c,r,s of
//       x[n, g*C/groups + c, oh*stride_h + r*dilation_h - pad_top, ow*stride_w + s*dilation_w - pad_left]
//       * weight[k,c,r,s],  g = k / (K/groups); outside of its bounds x is what padding_mode says.
//
// x: (N,C,H,W) f32.  weight: (K,C/groups,KH,KW) f32, row-major.  bias: (K) f32, optional.  y: (N,K,OH,OW)
// f32.
struct tuff_conv2d_forward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_conv2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
    const struct tuff_tensor *weight;
    const struct tuff_tensor *bias; // optional
};

// Fused: y = relu_forward of what conv2d_forward computes. Backward is relu_backward, then the two ops below.
struct tuff_conv2d_relu_forward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_conv2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
    const struct tuff_tensor *weight;
    const struct tuff_tensor *bias; // optional
};

// Gradient of x: each dy[n,k,oh,ow] * weight[k,c,r,s] goes to the x it came from. What fell on zeros is
// dropped; in the other padding modes it goes to the element of x that was seen there.
//
// dx: (N,C,H,W), dy: (N,K,OH,OW), weight: (K,C/groups,KH,KW), f32.
struct tuff_conv2d_backward_input_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_conv2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx; // out
    const struct tuff_tensor *dy;
    const struct tuff_tensor *weight;
};

// Gradients of weight and bias, summed over the batch (not averaged):
//   dweight[k,c,r,s] = sum over n,oh,ow of dy[n,k,oh,ow] * x[n, g*C/groups + c, ...as in forward]
//   dbias[k]         = sum over n,oh,ow of dy[n,k,oh,ow]
//
// dweight: (K,C/groups,KH,KW), dbias: (K), optional, both row-major; dy: (N,K,OH,OW), x: (N,C,H,W), f32.
struct tuff_conv2d_backward_weight_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_conv2d_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dweight; // out
    const struct tuff_tensor *dbias;   // out, optional
    const struct tuff_tensor *dy;
    const struct tuff_tensor *x;
};

#ifdef __cplusplus
}
#endif
#endif
