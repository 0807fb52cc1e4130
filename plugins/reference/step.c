#include "element.h"
#include "kernels.h"

#include <string.h>

enum tuff_status ref_step_advance(struct tuff_stream *stream, const struct tuff_step_advance_args *args)
{
    (void)stream;
    struct tuff_step_state *state = ref_data(args->state);
    const struct tuff_step_row *rows = ref_data(args->rows);
    state->row = rows[state->cursor];
    state->cursor += 1;
    return TUFF_OK;
}

enum tuff_status ref_metrics_record(struct tuff_stream *stream, const struct tuff_metrics_record_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = ref_data(args->state);
    const uint32_t row = state->cursor - 1;
    double loss = 0;
    uint32_t correct = 0;
    for (uint32_t n = 0; n < args->loss->dims[0]; n++) {
        loss += ref_get(args->loss, n, 0, 0, 0);
        correct += *ref_u32(args->correct, n, 0, 0, 0);
    }
    const float rounded = (float)loss;
    memcpy(ref_u32(args->metrics, row, 0, 0, 0), &rounded, sizeof rounded);
    *ref_u32(args->metrics, row, 1, 0, 0) = correct;
    return TUFF_OK;
}
