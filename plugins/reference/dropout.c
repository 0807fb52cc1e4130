// Dropout: a mask of random numbers that are addressed, not drawn, so forward and backward make it anew.
#include "element.h"
#include "kernels.h"
#include "philox.h"

#include <stdbool.h>

enum { DROPOUT_PURPOSE = 5 }; // TUFF_RANDOM_DROPOUT of tuff/random.h

// out, in: (N,C,H,W), or of lower rank; out may be in. Padding lanes of out become zero.
static enum tuff_status drop(const struct tuff_dropout_params *params, const struct tuff_tensor *out,
                             const struct tuff_tensor *in, const struct tuff_tensor *state_tensor)
{
    const struct tuff_step_state *state = ref_data(state_tensor);
    const float scale = (float)(1 / (1 - (double)params->probability));
    uint32_t i = 0; // the element's number in row-major order
    for (uint32_t n = 0; n < ref_stored_batch(in); n++)
        for (uint32_t c = 0; c < in->dims[1]; c++)
            for (uint32_t h = 0; h < in->dims[2]; h++)
                for (uint32_t w = 0; w < in->dims[3]; w++, i++) {
                    const struct ref_words words =
                        ref_philox(params->seed_low, params->seed_high, i, params->layer, state->row.step,
                                   DROPOUT_PURPOSE);
                    const float uniform = (float)(words.word[0] >> 8) * 0x1p-24f;
                    const size_t at = ref_at(in, n, c, h, w);
                    const bool kept = n < in->dims[0] && uniform >= params->probability;
                    ref_store(out, at, kept ? ref_load(in, at) * (double)scale : 0);
                }
    return TUFF_OK;
}

enum tuff_status ref_dropout_forward(struct tuff_stream *stream, const struct tuff_dropout_forward_args *args)
{
    (void)stream;
    return drop(args->params, args->y, args->x, args->state);
}

enum tuff_status ref_dropout_backward(struct tuff_stream *stream,
                                      const struct tuff_dropout_backward_args *args)
{
    (void)stream;
    return drop(args->params, args->dx, args->dy, args->state);
}
