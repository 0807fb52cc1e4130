#include "element.h"
#include "kernels.h"

#include <string.h>

enum tuff_status ref_fill(struct tuff_stream *stream, const struct tuff_fill_args *args)
{
    (void)stream;
    unsigned char *y = ref_data(args->y);
    const uint64_t count = tuff_tensor_stored_elements(args->y);
    const uint32_t bits = args->params->bits;
    if (args->y->dtype == TUFF_U8) {
        memset(y, (int)(bits & 0xff), (size_t)count);
        return TUFF_OK;
    }
    for (uint64_t i = 0; i < count; i++)
        memcpy(y + i * sizeof bits, &bits, sizeof bits);
    return TUFF_OK;
}

// Moves bits, so that f32 and u32 are the same and a NaN keeps its payload.
enum tuff_status ref_copy(struct tuff_stream *stream, const struct tuff_copy_args *args)
{
    (void)stream;
    const struct tuff_tensor *x = args->x; // (N,C,H,W), or of lower rank
    const struct tuff_tensor *y = args->y; // the same, perhaps in the other layout
    for (uint32_t n = 0; n < ref_stored_batch(y); n++)
        for (uint32_t c = 0; c < y->dims[1]; c++)
            for (uint32_t h = 0; h < y->dims[2]; h++)
                for (uint32_t w = 0; w < y->dims[3]; w++)
                    // A padding lane of y has no counterpart in a row-major x.
                    *ref_u32(y, n, c, h, w) = n < ref_stored_batch(x) ? *ref_u32(x, n, c, h, w) : 0;
    return TUFF_OK;
}

enum tuff_status ref_cast(struct tuff_stream *stream, const struct tuff_cast_args *args)
{
    (void)stream;
    const uint64_t count = tuff_tensor_elements(args->y);
    for (uint64_t i = 0; i < count; i++)
        ref_store(args->y, i, ref_load(args->x, i));
    return TUFF_OK;
}

enum tuff_status ref_add(struct tuff_stream *stream, const struct tuff_add_args *args)
{
    (void)stream;
    const uint64_t count = tuff_tensor_stored_elements(args->y); // y may be a or b
    for (uint64_t i = 0; i < count; i++)
        ref_store(args->y, i, ref_load(args->a, i) + ref_load(args->b, i));
    return TUFF_OK;
}
