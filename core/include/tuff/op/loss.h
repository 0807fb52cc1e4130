// Logarithm of softmax, and the mean squared error: losses that are not softmax_cross_entropy.
#ifndef TUFF_OP_LOSS_H
#define TUFF_OP_LOSS_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// Forward, m = max over k of x[n,k]: y[n,k] = x[n,k] - m - log(sum over j of exp(x[n,j] - m)).
//
// x, y: (N,K) f32, one layout.
struct tuff_log_softmax_forward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
};

// Backward, from forward's output: dx[n,k] = dy[n,k] - exp(y[n,k]) * (sum over j of dy[n,j]).
//
// dx, dy, y: (N,K) f32, one layout.
struct tuff_log_softmax_backward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx; // out
    const struct tuff_tensor *dy;
    const struct tuff_tensor *y;
};

// Mean squared error over the features of each sample, E = elements of one sample; for n < state.row.valid:
//   loss[n] = sum over the sample's elements of (y - target)^2 / E;  for n >= valid 0.
//
// loss: (N) f32.  y, target: (N,…) f32, the same shape and layout.  state: (16) u32.
struct tuff_mean_squared_error_forward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *loss; // out
    const struct tuff_tensor *y;
    const struct tuff_tensor *target;
    const struct tuff_tensor *state;
};

// Backward, of the mean over the valid samples: dy = 2 * (y - target) / (E * valid) for n < valid, else 0.
// Padding lanes of dy become zero.
//
// dy, y, target: (N,…) f32, the same shape and layout.  state: (16) u32.
struct tuff_mean_squared_error_backward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dy; // out
    const struct tuff_tensor *y;
    const struct tuff_tensor *target;
    const struct tuff_tensor *state;
};

#ifdef __cplusplus
}
#endif
#endif
