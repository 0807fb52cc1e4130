// Dropout: a mask of random numbers that are addressed, not drawn, so forward and backward make it anew.
#include "element.h"
#include "kernels.h"

enum { DROPOUT_PURPOSE = 5 }; // TUFF_RANDOM_DROPOUT of tuff/random.h

// The first word of a Philox4x32-10 block (Salmon, Moraes, Dror & Shaw, SC'11).
static uint32_t philox(uint32_t key0, uint32_t key1, uint32_t c0, uint32_t c1, uint32_t c2, uint32_t c3)
{
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = UINT64_C(0xD2511F53) * c0, p1 = UINT64_C(0xCD9E8D57) * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ key0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ key1;
        c3 = (uint32_t)p0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return c0;
}

// out, in: (N,C,H,W), or of lower rank; out may be in. Padding lanes of out become zero.
static enum tuff_status drop(const struct tuff_dropout_params *params, const struct tuff_tensor *out,
                             const struct tuff_tensor *in, const struct tuff_tensor *state_tensor)
{
    const struct tuff_step_state *state = ref_data(state_tensor);
    const float *from = ref_data(in);
    float *to = ref_data(out);
    const float scale = (float)(1 / (1 - (double)params->probability));
    uint32_t i = 0; // the element's number in row-major order
    for (uint32_t n = 0; n < ref_stored_batch(in); n++)
        for (uint32_t c = 0; c < in->dims[1]; c++)
            for (uint32_t h = 0; h < in->dims[2]; h++)
                for (uint32_t w = 0; w < in->dims[3]; w++, i++) {
                    const uint32_t word = philox(params->seed_low, params->seed_high, i, params->layer,
                                                 state->row.step, DROPOUT_PURPOSE);
                    const float uniform = (float)(word >> 8) * 0x1p-24f;
                    const size_t at = ref_at(in, n, c, h, w);
                    to[at] = n < in->dims[0] && uniform >= params->probability ? from[at] * scale : 0.0f;
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
