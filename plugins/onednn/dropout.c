// Dropout: the mask is made anew in backward, from the element's number.
#include "kernels.h"
#include "onednn.h"

#include "tuff/random.h"

// The first word of a Philox4x32-10 block (Salmon, Moraes, Dror & Shaw, SC'11).
static inline uint32_t philox(uint32_t key0, uint32_t key1, uint32_t c0, uint32_t c1, uint32_t c2,
                              uint32_t c3)
{
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = UINT64_C(0xD2511F53) * c0, p1 = UINT64_C(0xCD9E8D57) * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ key0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ key1;
        c3 = (uint32_t)p0;
        key0 += UINT32_C(0x9E3779B9);
        key1 += UINT32_C(0xBB67AE85);
    }
    return c0;
}

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
        const uint32_t word = philox(params->seed_low, params->seed_high, i, params->layer, state->row.step,
                                     TUFF_RANDOM_DROPOUT);
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
