#include "element.h"
#include "kernels.h"

enum tuff_status ref_multiply(struct tuff_stream *stream, const struct tuff_multiply_args *args)
{
    (void)stream;
    const float *a = ref_data(args->a);
    const float *b = ref_data(args->b);
    float *y = ref_data(args->y); // may be a or b
    const uint64_t count = tuff_tensor_stored_elements(args->y);
    for (uint64_t i = 0; i < count; i++)
        y[i] = a[i] * b[i];
    return TUFF_OK;
}

// Where channel c of the whole is: in `a` (N,A,H,W), or in `b` (N,B,H,W) behind it. Moved as bits, so that a
// NaN keeps its payload.
static uint32_t *part(const struct tuff_tensor *a, const struct tuff_tensor *b, uint32_t n, uint32_t c,
                      uint32_t h, uint32_t w)
{
    return c < a->dims[1] ? ref_u32(a, n, c, h, w) : ref_u32(b, n, c - a->dims[1], h, w);
}

enum tuff_status ref_concat_forward(struct tuff_stream *stream, const struct tuff_concat_forward_args *args)
{
    (void)stream;
    const struct tuff_tensor *y = args->y; // (N,A+B,H,W), or of lower rank
    for (uint32_t n = 0; n < ref_stored_batch(y); n++)
        for (uint32_t c = 0; c < y->dims[1]; c++)
            for (uint32_t h = 0; h < y->dims[2]; h++)
                for (uint32_t w = 0; w < y->dims[3]; w++)
                    *ref_u32(y, n, c, h, w) = *part(args->a, args->b, n, c, h, w);
    return TUFF_OK;
}

enum tuff_status ref_concat_backward(struct tuff_stream *stream, const struct tuff_concat_backward_args *args)
{
    (void)stream;
    const struct tuff_tensor *dy = args->dy; // (N,A+B,H,W), or of lower rank
    for (uint32_t n = 0; n < ref_stored_batch(dy); n++)
        for (uint32_t c = 0; c < dy->dims[1]; c++)
            for (uint32_t h = 0; h < dy->dims[2]; h++)
                for (uint32_t w = 0; w < dy->dims[3]; w++)
                    *part(args->da, args->db, n, c, h, w) = *ref_u32(dy, n, c, h, w);
    return TUFF_OK;
}
