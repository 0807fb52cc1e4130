#include "element.h"
#include "kernels.h"

// Asked as x <= 0, which a NaN denies and so passes; -0 becomes +0.
enum tuff_status ref_relu_forward(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    (void)stream;
    const uint64_t count = tuff_tensor_stored_elements(args->y); // y may be x
    for (uint64_t i = 0; i < count; i++) {
        const double x = ref_load(args->x, i);
        ref_store(args->y, i, x <= 0 ? 0 : x);
    }
    return TUFF_OK;
}

enum tuff_status ref_relu_backward(struct tuff_stream *stream, const struct tuff_relu_backward_args *args)
{
    (void)stream;
    const uint64_t count = tuff_tensor_stored_elements(args->dx); // dx may be dy
    for (uint64_t i = 0; i < count; i++)
        ref_store(args->dx, i, ref_load(args->y, i) > 0 ? ref_load(args->dy, i) : 0);
    return TUFF_OK;
}
