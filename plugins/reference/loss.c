// Logarithm of softmax of N samples over K classes, and the mean squared error.
#include "element.h"
#include "kernels.h"

#include <math.h>

// log(sum over k of exp(x[n,k])). The greatest element is subtracted before exp, which then neither overflows
// nor leaves a sum of zero. One NaN makes it NaN.
static double log_of_sum(const struct tuff_tensor *x, uint32_t n)
{
    double greatest = ref_get(x, n, 0, 0, 0), sum = 0;
    for (uint32_t k = 1; k < x->dims[1]; k++)
        greatest = fmax(greatest, ref_get(x, n, k, 0, 0));
    for (uint32_t k = 0; k < x->dims[1]; k++)
        sum += exp(ref_get(x, n, k, 0, 0) - greatest);
    return greatest + log(sum);
}

enum tuff_status ref_log_softmax_forward(struct tuff_stream *stream,
                                         const struct tuff_log_softmax_forward_args *args)
{
    (void)stream;
    for (uint32_t n = 0; n < ref_stored_batch(args->x); n++) {
        const double subtracted = log_of_sum(args->x, n);
        for (uint32_t k = 0; k < args->x->dims[1]; k++)
            ref_set(args->y, n, k, 0, 0, ref_get(args->x, n, k, 0, 0) - subtracted);
    }
    return TUFF_OK;
}

enum tuff_status ref_log_softmax_backward(struct tuff_stream *stream,
                                          const struct tuff_log_softmax_backward_args *args)
{
    (void)stream;
    for (uint32_t n = 0; n < ref_stored_batch(args->dx); n++) {
        double sum = 0;
        for (uint32_t k = 0; k < args->dx->dims[1]; k++)
            sum += ref_get(args->dy, n, k, 0, 0);
        for (uint32_t k = 0; k < args->dx->dims[1]; k++)
            ref_set(args->dx, n, k, 0, 0,
                    ref_get(args->dy, n, k, 0, 0) - exp(ref_get(args->y, n, k, 0, 0)) * sum);
    }
    return TUFF_OK;
}

// Elements of one sample: E.
static double elements_of_sample(const struct tuff_tensor *y)
{
    return (double)y->dims[1] * y->dims[2] * y->dims[3];
}

enum tuff_status ref_mean_squared_error_forward(struct tuff_stream *stream,
                                                const struct tuff_mean_squared_error_forward_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = ref_data(args->state);
    const struct tuff_tensor *y = args->y; // (N,…)
    for (uint32_t n = 0; n < args->loss->dims[0]; n++) {
        double loss = 0;
        for (uint32_t c = 0; n < state->row.valid && c < y->dims[1]; c++)
            for (uint32_t h = 0; h < y->dims[2]; h++)
                for (uint32_t w = 0; w < y->dims[3]; w++) {
                    const double error = ref_get(y, n, c, h, w) - ref_get(args->target, n, c, h, w);
                    loss += error * error / elements_of_sample(y);
                }
        ref_set(args->loss, n, 0, 0, 0, loss); // (N)
    }
    return TUFF_OK;
}

enum tuff_status ref_mean_squared_error_backward(struct tuff_stream *stream,
                                                 const struct tuff_mean_squared_error_backward_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = ref_data(args->state);
    const uint32_t valid = state->row.valid;
    const struct tuff_tensor *y = args->y; // (N,…)
    const double scale = 2 / (elements_of_sample(y) * valid);
    for (uint32_t n = 0; n < ref_stored_batch(y); n++)
        for (uint32_t c = 0; c < y->dims[1]; c++)
            for (uint32_t h = 0; h < y->dims[2]; h++)
                for (uint32_t w = 0; w < y->dims[3]; w++) {
                    const double error = ref_get(y, n, c, h, w) - ref_get(args->target, n, c, h, w);
                    ref_set(args->dy, n, c, h, w, n < valid ? scale * error : 0);
                }
    return TUFF_OK;
}
