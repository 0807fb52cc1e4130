// The step state as cases fill it in.
#ifndef TUFF_CONFORMANCE_STATE_H
#define TUFF_CONFORMANCE_STATE_H

#include <string.h>

#include "setup.h"

// Describes tensor `index` as a step state.
static inline void case_setup_state(struct case_setup *setup, uint32_t index)
{
    case_setup_tensor(setup, index, TUFF_U32, 1, (uint32_t[]){TUFF_STEP_STATE_WORDS}, CASE_PADDING_FINITE);
}

// A row whose every field is something that no other field is.
static inline struct tuff_step_row case_row(uint32_t step, uint32_t begin, uint32_t valid)
{
    return (struct tuff_step_row){.step = step,
                                  .begin = begin,
                                  .valid = valid,
                                  .learning_rate = 0.0625f,
                                  .bias_correction1 = 0.1875f,
                                  .bias_correction2_sqrt = 0.3125f};
}

static inline void case_fill_state(struct case_setup *setup, uint32_t index, uint32_t cursor,
                                   const struct tuff_step_row *row)
{
    const struct tuff_step_state state = {.cursor = cursor, .row = *row};
    memcpy(setup->tensors[index].values, &state, sizeof state);
}

// What case_fill_state has filled in, for more.
static inline struct tuff_step_state *case_state(struct case_setup *setup, uint32_t index)
{
    return setup->tensors[index].values;
}

#endif
