// Loss scaling, for gradients that are stored as float16: the loss's gradient is multiplied by a scale, so
// that small gradients do not vanish, and those of the parameters are divided by it. The scale lies in the
// step state (step.h) and follows what happens: a step whose gradients overflow is skipped. Only programs
// with float16 have these ops.
#ifndef TUFF_OP_LOSS_SCALE_H
#define TUFF_OP_LOSS_SCALE_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// What the scale begins with and lies between, and the steps without an overflow after which it is doubled:
// powers of two, so that scaling rounds nothing but what leaves the range of normal numbers.
#define TUFF_LOSS_SCALE_FIRST 65536.0f
#define TUFF_LOSS_SCALE_LEAST 1.0f
#define TUFF_LOSS_SCALE_MOST  16777216.0f

enum { TUFF_LOSS_SCALE_INTERVAL = 2000 };

struct tuff_loss_scale_update_params {
    uint32_t size;
    uint32_t interval; // at least 1: TUFF_LOSS_SCALE_INTERVAL
};

// After the backward ops, with s = state.loss_scale before, above 0. If norm[0] is finite:
//   skip = 0; unscale = 1/s; norm[0] *= unscale; good_steps += 1; if that makes `interval`, then good_steps =
//   0 and loss_scale = min(2*s, TUFF_LOSS_SCALE_MOST)
// Else the gradients have overflowed, and are not to be scaled by what they have as a norm:
//   skip = 1; unscale = 1/s; norm[0] = 0; skipped += 1; good_steps = 0; loss_scale = max(s/2, TUFF_LOSS_SCALE_LEAST)
//
// state: (16) u32, inout.  norm: (1) f32, inout: of the scaled gradients, from gradient_norm.
struct tuff_loss_scale_update_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_loss_scale_update_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *state; // inout
    const struct tuff_tensor *norm;  // inout
};

// Then: gradients[i] *= state.unscale. What loss_scale_update left there; of a step that is skipped, too.
//
// gradients: (P) f32, inout.  state: (16) u32.
struct tuff_gradient_unscale_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *gradients; // inout
    const struct tuff_tensor *state;
};

#ifdef __cplusplus
}
#endif
#endif
