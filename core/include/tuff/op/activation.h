// Pointwise activations other than ReLU.
#ifndef TUFF_OP_ACTIVATION_H
#define TUFF_OP_ACTIVATION_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// Part of the plugin ABI: append only.
enum tuff_activation {
    TUFF_ACTIVATION_LEAKY_RELU = 0, // x > 0 ? x : slope * x
    TUFF_ACTIVATION_GELU = 1,    // x * Phi(x), Phi(x) = (1 + erf(x / sqrt 2)) / 2, not the tanh approximation
    TUFF_ACTIVATION_SILU = 2,    // x * sigmoid(x)
    TUFF_ACTIVATION_SIGMOID = 3, // 1 / (1 + exp(-x))
    TUFF_ACTIVATION_TANH = 4,
};

struct tuff_activation_params {
    uint32_t size;
    uint32_t kind; // enum tuff_activation
    float slope;   // of leaky ReLU; others ignore it
};

// Forward. y = f(x). In place: y may be x. NaN stays NaN. Very large and very small x give the limits (silu
// and gelu of -infinity are NaN, as the formula has it), without overflow on the way. Results are good to a few
// units in the last place, or, where an exponential e^t decides, to a few and 2|t|; gelu's Phi to 2^-23. What
// lies below some 10^-36 may become zero.
//
// x, y: the same shape, f32, one layout.
struct tuff_activation_forward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_activation_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
};

// Backward. dx = dy * f'(x), from forward's input. Leaky ReLU at 0 has the slope, as in PyTorch, and so it has
// where x is NaN. In place: dx may be dy. Where dy is 0 and f'(x) is finite dx is 0. At infinite x f' is 0 for
// sigmoid and tanh, and NaN for silu and gelu, as the formula has it. f'(x) is good to 2^-20.
//
// dx, dy, x: the same shape, f32, one layout.
struct tuff_activation_backward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_activation_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx; // out
    const struct tuff_tensor *dy;
    const struct tuff_tensor *x;
};

#ifdef __cplusplus
}
#endif
#endif
