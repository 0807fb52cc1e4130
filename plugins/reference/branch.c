#include "element.h"
#include "kernels.h"

#include <string.h>

enum tuff_status ref_multiply(struct tuff_stream *stream, const struct tuff_multiply_args *args)
{
    (void)stream;
    const uint64_t count = tuff_tensor_stored_elements(args->y); // y may be a or b
    for (uint64_t i = 0; i < count; i++)
        ref_store(args->y, i, ref_load(args->a, i) * ref_load(args->b, i));
    return TUFF_OK;
}

// Where channel c of the whole is: in `a` (N,A,H,W), or in `b` (N,B,H,W) behind it. Moved as bits, so that a
// NaN keeps its payload.
static unsigned char *part(const struct tuff_tensor *a, const struct tuff_tensor *b, uint32_t n, uint32_t c,
                           uint32_t h, uint32_t w)
{
    return c < a->dims[1] ? ref_bytes(a, n, c, h, w) : ref_bytes(b, n, c - a->dims[1], h, w);
}

enum tuff_status ref_concat_forward(struct tuff_stream *stream, const struct tuff_concat_forward_args *args)
{
    (void)stream;
    const struct tuff_tensor *y = args->y; // (N,A+B,H,W), or of lower rank
    for (uint32_t n = 0; n < ref_stored_batch(y); n++)
        for (uint32_t c = 0; c < y->dims[1]; c++)
            for (uint32_t h = 0; h < y->dims[2]; h++)
                for (uint32_t w = 0; w < y->dims[3]; w++)
                    memcpy(ref_bytes(y, n, c, h, w), part(args->a, args->b, n, c, h, w),
                           tuff_dtype_bytes(y->dtype));
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
                    memcpy(part(args->da, args->db, n, c, h, w), ref_bytes(dy, n, c, h, w),
                           tuff_dtype_bytes(dy->dtype));
    return TUFF_OK;
}
