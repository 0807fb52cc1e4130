#include "element.h"
#include "kernels.h"

// Asked as x <= 0, which a NaN denies and so passes; -0 becomes +0.
enum tuff_status ref_relu_forward(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    (void)stream;
    const float *x = ref_data(args->x);
    float *y = ref_data(args->y); // may be x
    const uint64_t count = tuff_tensor_stored_elements(args->y);
    for (uint64_t i = 0; i < count; i++)
        y[i] = x[i] <= 0.0f ? 0.0f : x[i];
    return TUFF_OK;
}

enum tuff_status ref_relu_backward(struct tuff_stream *stream, const struct tuff_relu_backward_args *args)
{
    (void)stream;
    const float *dy = ref_data(args->dy);
    const float *y = ref_data(args->y);
    float *dx = ref_data(args->dx); // may be dy
    const uint64_t count = tuff_tensor_stored_elements(args->dx);
    for (uint64_t i = 0; i < count; i++)
        dx[i] = y[i] > 0.0f ? dy[i] : 0.0f;
    return TUFF_OK;
}
