#include "kernels.h"
#include "onednn.h"

#include <string.h>

enum tuff_status dnn_multiply(struct tuff_stream *stream, const struct tuff_multiply_args *args)
{
    (void)stream;
    const float *a = dnn_data(args->a);
    const float *b = dnn_data(args->b);
    float *y = dnn_data(args->y); // may be a or b
    const uint64_t count = tuff_tensor_elements(args->y);
    for (uint64_t i = 0; i < count; i++)
        y[i] = a[i] * b[i];
    return TUFF_OK;
}

// Bytes of one sample.
static size_t sample_bytes(const struct tuff_tensor *tensor)
{
    return (size_t)(tuff_tensor_bytes(tensor) / tensor->dims[0]);
}

enum tuff_status dnn_concat_forward(struct tuff_stream *stream, const struct tuff_concat_forward_args *args)
{
    (void)stream;
    const size_t a_bytes = sample_bytes(args->a), b_bytes = sample_bytes(args->b);
    const unsigned char *a = dnn_data(args->a); // (N,A,…)
    const unsigned char *b = dnn_data(args->b); // (N,B,…)
    unsigned char *y = dnn_data(args->y);       // (N,A+B,…)
    for (uint32_t n = 0; n < args->y->dims[0]; n++, a += a_bytes, b += b_bytes, y += a_bytes + b_bytes) {
        memcpy(y, a, a_bytes);
        memcpy(y + a_bytes, b, b_bytes);
    }
    return TUFF_OK;
}

enum tuff_status dnn_concat_backward(struct tuff_stream *stream, const struct tuff_concat_backward_args *args)
{
    (void)stream;
    const size_t a_bytes = sample_bytes(args->da), b_bytes = sample_bytes(args->db);
    unsigned char *da = dnn_data(args->da);       // (N,A,…)
    unsigned char *db = dnn_data(args->db);       // (N,B,…)
    const unsigned char *dy = dnn_data(args->dy); // (N,A+B,…)
    for (uint32_t n = 0; n < args->dy->dims[0]; n++, da += a_bytes, db += b_bytes, dy += a_bytes + b_bytes) {
        memcpy(da, dy, a_bytes);
        memcpy(db, dy + a_bytes, b_bytes);
    }
    return TUFF_OK;
}
