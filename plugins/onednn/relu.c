// Not oneDNN's eltwise, which is not what the op promises: forward makes 0 of NaN, and backward multiplies by
// 0 or 1, which makes NaN of an infinite dy where y is 0.
#include "kernels.h"
#include "onednn.h"

// Asked as x <= 0, which a NaN denies and so passes; -0 becomes +0.
enum tuff_status dnn_relu_forward(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    (void)stream;
    const float *x = dnn_data(args->x);
    float *y = dnn_data(args->y); // may be x
    const uint64_t count = tuff_tensor_elements(args->y);
    for (uint64_t i = 0; i < count; i++)
        y[i] = x[i] <= 0.0f ? 0.0f : x[i];
    return TUFF_OK;
}

enum tuff_status dnn_relu_backward(struct tuff_stream *stream, const struct tuff_relu_backward_args *args)
{
    (void)stream;
    const float *dy = dnn_data(args->dy);
    const float *y = dnn_data(args->y);
    float *dx = dnn_data(args->dx); // may be dy
    const uint64_t count = tuff_tensor_elements(args->dx);
    for (uint64_t i = 0; i < count; i++) {
        const float gradient = dy[i]; // read in any case: a selection, and no branch
        dx[i] = y[i] > 0.0f ? gradient : 0.0f;
    }
    return TUFF_OK;
}
