// Rectified linear unit.
#ifndef TUFF_OP_RELU_H
#define TUFF_OP_RELU_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// Forward. y = x > 0 ? x : 0, and NaN stays NaN; the zero is +0. In place: y may be x.
//
// x, y: the same shape, f32, one layout.
struct tuff_relu_forward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
};

// Backward. dx = y > 0 ? dy : 0. The gradient at zero is zero, as in PyTorch. In place: dx may be dy.
//
// dx, dy, y: the same shape, f32, one layout. y: forward's output.
struct tuff_relu_backward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx; // out
    const struct tuff_tensor *dy;
    const struct tuff_tensor *y;
};

#ifdef __cplusplus
}
#endif
#endif
