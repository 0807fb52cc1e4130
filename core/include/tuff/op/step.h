// The step state: all that changes from one training step to the next, on the device.
#ifndef TUFF_OP_STEP_H
#define TUFF_OP_STEP_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// A replayed step is static. The host plans many steps ahead as rows (all of an epoch, say: learning rates
// and Adam's corrections computed in double), uploads them once, and the device takes the next row at each
// step.
struct tuff_step_row {
    uint32_t step;  // the step's number, 1 for the first of a training; of a batch that runs in parts, the part's.
                    // What is random is drawn by it
    uint32_t begin; // position in the index of the batch's first sample
    uint32_t valid; // samples in this batch, at least 1, at most the program's batch size
    uint32_t reserved0;
    float learning_rate;
    float bias_correction1;      // 1 - beta1^step
    float bias_correction2_sqrt; // sqrt(1 - beta2^step)
    float average_decay;         // of moving_average, in [0,1]
};

struct tuff_step_state {
    uint32_t cursor; // rows taken so far; the host writes it between replays
    // Of loss scaling (loss_scale.h); all zero where nothing is float16.
    uint32_t skip;       // 1: the step's gradients overflowed, and optimizers and averages leave all as it is
    float loss_scale;    // what the gradient of the loss is multiplied by; 0: by nothing
    float unscale;       // what gradient_unscale multiplies by
    uint32_t good_steps; // in a row, without an overflow, since the scale was changed
    uint32_t skipped;    // steps in all
    uint32_t reserved[2];
    struct tuff_step_row row; // the row of the step at hand
};

// The factor of the loss's gradient.
static inline float tuff_step_loss_scale(const struct tuff_step_state *state)
{
    return state->loss_scale > 0 ? state->loss_scale : 1.0f;
}

enum { TUFF_STEP_ROW_WORDS = 8, TUFF_STEP_STATE_WORDS = 16 };

// The first op of a step. state.row = rows[state.cursor]; state.cursor += 1. cursor < R on entry.
//
// state: (16) u32, a struct tuff_step_state, inout.  rows: (R,8) u32, R struct tuff_step_row.
struct tuff_step_advance_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *state; // inout
    const struct tuff_tensor *rows;
};

// Writes down the step's figures, r = state.cursor - 1:
//   metrics[r][0] = the bits of the f32 sum of loss[n] over all n;  metrics[r][1] = the sum of correct[n]
// Other rows keep what they held. The host reads rows when someone looks.
//
// metrics: (R,2) u32, inout.  loss: (N) f32.  correct: (N) u32.  state: (16) u32.
struct tuff_metrics_record_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *metrics; // inout
    const struct tuff_tensor *loss;
    const struct tuff_tensor *correct;
    const struct tuff_tensor *state;
};

#ifdef __cplusplus
}
#endif
#endif
