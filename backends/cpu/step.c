// The step state and the record of a step's figures.
#include <string.h>

#include "ops.h"

void cpu_step_advance(struct tuff_device *device, const struct tuff_step_advance_args *args)
{
    (void)device;
    struct tuff_step_state *state = cpu_data(args->state);
    const struct tuff_step_row *rows = cpu_data(args->rows);
    state->row = rows[state->cursor];
    state->cursor++;
}

void cpu_metrics_record(struct tuff_device *device, const struct tuff_metrics_record_args *args)
{
    (void)device;
    const struct tuff_step_state *state = cpu_data(args->state);
    const float *loss = cpu_f32(args->loss);
    const uint32_t *correct = cpu_u32(args->correct);
    double loss_sum = 0.0;
    uint32_t correct_sum = 0;
    for (uint32_t n = 0; n < args->loss->dims[0]; n++) {
        loss_sum += (double)loss[n];
        correct_sum += correct[n];
    }
    const float rounded = (float)loss_sum;
    uint32_t *row = cpu_u32(args->metrics) + (uint64_t)2 * (state->cursor - 1);
    memcpy(&row[0], &rounded, sizeof rounded);
    row[1] = correct_sum;
}
