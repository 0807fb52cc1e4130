// Dropout: the mask is made anew in backward, from the element's number.
#include "kernels.h"
#include "onednn.h"
#include "philox.h"

#include "tuff/random.h"

// out may be in.
static enum tuff_status drop(const struct tuff_dropout_params *params, const struct tuff_tensor *out,
                             const struct tuff_tensor *in, const struct tuff_tensor *state_tensor)
{
    const struct tuff_step_state *state = dnn_data(state_tensor);
    const uint32_t count = (uint32_t)tuff_tensor_elements(in); // below 2^32, as the op has it
    const float scale = (float)(1 / (1 - (double)params->probability));
    const float *from = dnn_data(in);
    float *to = dnn_data(out);
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t word = dnn_philox(params->seed_low, params->seed_high, i, params->layer,
                                         state->row.step, TUFF_RANDOM_DROPOUT)
                                  .word[0];
        const float kept = from[i] * scale;
        to[i] = (float)(word >> 8) * 0x1p-24f >= params->probability ? kept : 0.0f;
    }
    return TUFF_OK;
}

enum tuff_status dnn_dropout_forward(struct tuff_stream *stream, const struct tuff_dropout_forward_args *args)
{
    (void)stream;
    return drop(args->params, args->y, args->x, args->state);
}

enum tuff_status dnn_dropout_backward(struct tuff_stream *stream,
                                      const struct tuff_dropout_backward_args *args)
{
    (void)stream;
    return drop(args->params, args->dx, args->dy, args->state);
}
