#include "kernels.h"
#include "onednn.h"

#include <string.h>

enum tuff_status dnn_step_advance(struct tuff_stream *stream, const struct tuff_step_advance_args *args)
{
    (void)stream;
    struct tuff_step_state *state = dnn_data(args->state);
    const struct tuff_step_row *rows = dnn_data(args->rows);
    state->row = rows[state->cursor];
    state->cursor += 1;
    return TUFF_OK;
}

enum tuff_status dnn_metrics_record(struct tuff_stream *stream, const struct tuff_metrics_record_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = dnn_data(args->state);
    const float *losses = dnn_data(args->loss);        // (N)
    const uint32_t *correct = dnn_data(args->correct); // (N)
    double loss = 0;
    uint32_t guesses = 0;
    for (uint32_t n = 0; n < args->loss->dims[0]; n++) {
        loss += (double)losses[n];
        guesses += correct[n];
    }
    uint32_t *row = (uint32_t *)dnn_data(args->metrics) + (size_t)(state->cursor - 1) * 2; // (R,2)
    const float rounded = (float)loss;
    memcpy(&row[0], &rounded, sizeof rounded);
    row[1] = guesses;
    return TUFF_OK;
}
