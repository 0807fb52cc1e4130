// Dropout (Srivastava et al., 2014), inverted: what is kept is scaled up, and evaluation does nothing.
#ifndef TUFF_OP_DROPOUT_H
#define TUFF_OP_DROPOUT_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tuff_dropout_params {
    uint32_t size;
    float probability; // of dropping an element, in [0,1)
    uint32_t seed_low, seed_high;
    uint32_t layer; // which dropout layer of the model: each has a mask of its own
};

// Element i (its number in row-major order of the logical shape; below 2^32) is kept if the first word u of
// the Philox block (random.h) with key (seed_low, seed_high) and counter (i, layer, state.row.step,
// TUFF_RANDOM_DROPOUT = 5) satisfies (u >> 8) * 2^-24 >= probability. The mask of a step is the same on every
// backend and in backward.
//
// Forward. y = kept ? x * scale : 0, scale = 1 / (1 - probability) rounded to f32 once. Padding lanes: any
// finite value. In place: y may be x.
//
// x, y: the same shape, f32, one layout.  state: (16) u32.
struct tuff_dropout_forward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_dropout_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
    const struct tuff_tensor *state;
};

// Backward. dx = kept ? dy * scale : 0, with the same mask. Padding lanes become zero. In place: dx may be
// dy.
//
// dx, dy: the same shape, f32, one layout.  state: (16) u32.
struct tuff_dropout_backward_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_dropout_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *dx; // out
    const struct tuff_tensor *dy;
    const struct tuff_tensor *state;
};

#ifdef __cplusplus
}
#endif
#endif
