// Fully connected layer: a matrix product with a bias.
#ifndef TUFF_OP_LINEAR_H
#define TUFF_OP_LINEAR_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// Forward. y[n,o] = bias[o] + sum over i of x[n,i] * weight[o,i].
//
// x: (N,I) f32.  weight: (O,I) f32, row-major.  bias: (O) f32, optional.  y: (N,O) f32.
struct tuff_linear_forward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
    const struct tuff_tensor *weight;
    const struct tuff_tensor *bias; // optional
};

// Fused: y = relu_forward of what linear_forward computes. Backward is relu_backward, then the two ops below.
struct tuff_linear_relu_forward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
    const struct tuff_tensor *weight;
    const struct tuff_tensor *bias; // optional
};

// Gradient of x. dx[n,i] = sum over o of dy[n,o] * weight[o,i].
//
// dx: (N,I), dy: (N,O), weight: (O,I), f32.
struct tuff_linear_backward_input_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx; // out
    const struct tuff_tensor *dy;
    const struct tuff_tensor *weight;
};

// Gradients of weight and bias, summed over the batch (not averaged).
//   dweight[o,i] = sum over n of dy[n,o] * x[n,i];  dbias[o] = sum over n of dy[n,o]
//
// dweight: (O,I), dbias: (O), optional, both row-major; dy: (N,O), x: (N,I), f32.
struct tuff_linear_backward_weight_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
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
