// The logarithm of softmax, and the mean squared error. The former is a loop: oneDNN's loses NaN,
// backward where there is AVX-512, and of the logarithm of a sum near 1 the last digits.
#include "kernels.h"
#include "onednn.h"

#include <math.h>
#include <string.h>

// log(sum over k of exp(x[k])). The greatest is subtracted before exp, which then neither overflows nor
// leaves a sum of zero. One NaN makes it NaN.
static double log_of_sum(const float *x, uint32_t count)
{
    double greatest = (double)x[0], sum = 0;
    for (uint32_t k = 1; k < count; k++)
        greatest = fmax(greatest, (double)x[k]);
    for (uint32_t k = 0; k < count; k++)
        sum += exp((double)x[k] - greatest);
    return greatest + log(sum);
}

enum tuff_status dnn_log_softmax_forward(struct tuff_stream *stream,
                                         const struct tuff_log_softmax_forward_args *args)
{
    (void)stream;
    const uint32_t classes = args->x->dims[1];
    const float *x = dnn_data(args->x); // (N,K)
    float *y = dnn_data(args->y);       // (N,K)
    for (uint32_t n = 0; n < args->x->dims[0]; n++, x += classes, y += classes) {
        const double subtracted = log_of_sum(x, classes);
        for (uint32_t k = 0; k < classes; k++)
            y[k] = (float)((double)x[k] - subtracted);
    }
    return TUFF_OK;
}

enum tuff_status dnn_log_softmax_backward(struct tuff_stream *stream,
                                          const struct tuff_log_softmax_backward_args *args)
{
    (void)stream;
    const uint32_t classes = args->y->dims[1];
    const float *y = dnn_data(args->y);   // (N,K)
    const float *dy = dnn_data(args->dy); // (N,K)
    float *dx = dnn_data(args->dx);       // (N,K)
    for (uint32_t n = 0; n < args->y->dims[0]; n++, y += classes, dy += classes, dx += classes) {
        double sum = 0;
        for (uint32_t k = 0; k < classes; k++)
            sum += (double)dy[k];
        for (uint32_t k = 0; k < classes; k++)
            dx[k] = (float)((double)dy[k] - exp((double)y[k]) * sum);
    }
    return TUFF_OK;
}

enum tuff_status dnn_mean_squared_error_forward(struct tuff_stream *stream,
                                                const struct tuff_mean_squared_error_forward_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = dnn_data(args->state);
    const uint32_t samples = args->loss->dims[0];
    const uint64_t count = tuff_tensor_elements(args->y) / samples; // of one sample
    const float *y = dnn_data(args->y);                             // (N,…)
    const float *target = dnn_data(args->target);                   // (N,…)
    float *loss = dnn_data(args->loss);                             // (N)
    for (uint32_t n = 0; n < samples; n++, y += count, target += count) {
        double sum = 0;
        for (uint64_t i = 0; n < state->row.valid && i < count; i++) {
            const double error = (double)y[i] - (double)target[i];
            sum += error * error;
        }
        loss[n] = (float)(sum / (double)count);
    }
    return TUFF_OK;
}

enum tuff_status dnn_mean_squared_error_backward(struct tuff_stream *stream,
                                                 const struct tuff_mean_squared_error_backward_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = dnn_data(args->state);
    const uint32_t samples = args->y->dims[0], valid = state->row.valid;
    const uint64_t all = tuff_tensor_elements(args->y);
    const uint64_t present = valid < samples ? all / samples * valid : all;
    const double scale = 2 / ((double)(all / samples) * valid);
    const float *y = dnn_data(args->y);           // (N,…)
    const float *target = dnn_data(args->target); // (N,…)
    float *dy = dnn_data(args->dy);               // (N,…)
    for (uint64_t i = 0; i < present; i++)
        dy[i] = (float)(scale * ((double)y[i] - (double)target[i]));
    memset(dy + present, 0, (all - present) * sizeof *dy);
    return TUFF_OK;
}
