// Batch normalization per channel: two passes over the samples that are there, one for the mean and one for
// the variance, so that a mean far from zero costs the variance nothing.
#include "element.h"
#include "kernels.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

// An element of an optional vector.
static double get_or(const struct tuff_tensor *vector, uint32_t c, double absent)
{
    return vector ? ref_get(vector, c, 0, 0, 0) : absent;
}

// How many elements of a channel count: M.
static double elements_of_channel(const struct tuff_tensor *x, uint32_t valid)
{
    return (double)valid * x->dims[2] * x->dims[3];
}

// The sum over the channel of (x - center)^power, power 1 or 2.
static double sum_of_powers(const struct tuff_tensor *x, uint32_t valid, uint32_t c, double center, int power)
{
    double sum = 0;
    for (uint32_t n = 0; n < valid; n++)
        for (uint32_t h = 0; h < x->dims[2]; h++)
            for (uint32_t w = 0; w < x->dims[3]; w++) {
                const double deviation = ref_get(x, n, c, h, w) - center;
                sum += power == 1 ? deviation : deviation * deviation;
            }
    return sum;
}

// y = (x - mean) * scale + shift for samples below `valid`; zeros for the rest.
static void normalize(const struct tuff_tensor *y, const struct tuff_tensor *x, uint32_t valid, uint32_t c,
                      double mean, double scale, double shift)
{
    for (uint32_t n = 0; n < ref_stored_batch(x); n++)
        for (uint32_t h = 0; h < x->dims[2]; h++)
            for (uint32_t w = 0; w < x->dims[3]; w++) {
                const double value = n < valid ? (ref_get(x, n, c, h, w) - mean) * scale + shift : 0;
                ref_set(y, n, c, h, w, value);
            }
}

enum tuff_status ref_batch_norm2d_train(struct tuff_stream *stream,
                                        const struct tuff_batch_norm2d_train_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = ref_data(args->state);
    const uint32_t valid = state->row.valid;
    const struct tuff_tensor *x = args->x; // (N,C,H,W)
    const double count = elements_of_channel(x, valid);
    const double momentum = (double)args->params->momentum;
    for (uint32_t c = 0; c < x->dims[1]; c++) {
        const double mean = sum_of_powers(x, valid, c, 0, 1) / count;
        const double variance = sum_of_powers(x, valid, c, mean, 2) / count; // biased
        const double inverse = 1 / sqrt(variance + (double)args->params->epsilon);
        ref_set(args->mean, c, 0, 0, 0, mean);       // (C)
        ref_set(args->inverse, c, 0, 0, 0, inverse); // (C)
        const double unbiased = count > 1 ? variance * count / (count - 1) : 0;
        const bool finite = isfinite((float)mean) && isfinite((float)unbiased);
        if (finite)
            ref_set(args->running_mean, c, 0, 0, 0,
                    (1 - momentum) * ref_get(args->running_mean, c, 0, 0, 0) + momentum * mean);
        if (finite && count > 1) // a single element says nothing of the variance
            ref_set(args->running_variance, c, 0, 0, 0,
                    (1 - momentum) * ref_get(args->running_variance, c, 0, 0, 0) + momentum * unbiased);
        normalize(args->y, x, valid, c, mean, inverse * get_or(args->weight, c, 1), get_or(args->bias, c, 0));
    }
    return TUFF_OK;
}

enum tuff_status ref_batch_norm2d_eval(struct tuff_stream *stream,
                                       const struct tuff_batch_norm2d_eval_args *args)
{
    (void)stream;
    for (uint32_t c = 0; c < args->x->dims[1]; c++) {
        const double variance = ref_get(args->running_variance, c, 0, 0, 0);
        const double inverse = 1 / sqrt(variance + (double)args->params->epsilon);
        normalize(args->y, args->x, ref_stored_batch(args->x), c, ref_get(args->running_mean, c, 0, 0, 0),
                  inverse * get_or(args->weight, c, 1), get_or(args->bias, c, 0)); // y may be x
    }
    return TUFF_OK;
}

// With x^ = (x - mean) * inverse, both sums over the M elements of the channel:
//   dx = weight * inverse * (dy - sum(dy) / M - x^ * sum(dy * x^) / M)
enum tuff_status ref_batch_norm2d_backward(struct tuff_stream *stream,
                                           const struct tuff_batch_norm2d_backward_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = ref_data(args->state);
    const uint32_t valid = state->row.valid;
    const struct tuff_tensor *x = args->x, *dy = args->dy; // (N,C,H,W)
    const double count = elements_of_channel(x, valid);
    for (uint32_t c = 0; c < x->dims[1]; c++) {
        const double mean = ref_get(args->mean, c, 0, 0, 0), inverse = ref_get(args->inverse, c, 0, 0, 0);
        double dbias = 0, dweight = 0;
        for (uint32_t n = 0; n < valid; n++)
            for (uint32_t h = 0; h < x->dims[2]; h++)
                for (uint32_t w = 0; w < x->dims[3]; w++) {
                    const double gradient = ref_get(dy, n, c, h, w);
                    dbias += gradient;
                    dweight += gradient * (ref_get(x, n, c, h, w) - mean) * inverse;
                }
        ref_set(args->dweight, c, 0, 0, 0, dweight); // (C)
        ref_set(args->dbias, c, 0, 0, 0, dbias);     // (C)
        const double scale = get_or(args->weight, c, 1) * inverse;
        for (uint32_t n = 0; n < ref_stored_batch(x); n++)
            for (uint32_t h = 0; h < x->dims[2]; h++)
                for (uint32_t w = 0; w < x->dims[3]; w++) {
                    const double normal = (ref_get(x, n, c, h, w) - mean) * inverse;
                    const double dx =
                        scale * (ref_get(dy, n, c, h, w) - dbias / count - normal * dweight / count);
                    ref_set(args->dx, n, c, h, w, n < valid ? dx : 0);
                }
    }
    return TUFF_OK;
}

// -- With a ReLU: the parts, one after the other.

static enum tuff_status relu_of(struct tuff_stream *stream, enum tuff_status status,
                                const struct tuff_tensor *y)
{
    const struct tuff_relu_forward_args relu = {.size = sizeof relu, .y = y, .x = y};
    return status == TUFF_OK ? ref_relu_forward(stream, &relu) : status;
}

enum tuff_status ref_batch_norm2d_relu_train(struct tuff_stream *stream,
                                             const struct tuff_batch_norm2d_relu_train_args *args)
{
    const struct tuff_batch_norm2d_train_args norm = {
        .size = sizeof norm,
        .params = args->params,
        .y = args->y,
        .mean = args->mean,
        .inverse = args->inverse,
        .running_mean = args->running_mean,
        .running_variance = args->running_variance,
        .x = args->x,
        .weight = args->weight,
        .bias = args->bias,
        .state = args->state,
    };
    return relu_of(stream, ref_batch_norm2d_train(stream, &norm), args->y);
}

enum tuff_status ref_batch_norm2d_relu_eval(struct tuff_stream *stream,
                                            const struct tuff_batch_norm2d_relu_eval_args *args)
{
    const struct tuff_batch_norm2d_eval_args norm = {
        .size = sizeof norm,
        .params = args->params,
        .y = args->y,
        .x = args->x,
        .running_mean = args->running_mean,
        .running_variance = args->running_variance,
        .weight = args->weight,
        .bias = args->bias,
    };
    return relu_of(stream, ref_batch_norm2d_eval(stream, &norm), args->y);
}

enum tuff_status ref_batch_norm2d_relu_backward(struct tuff_stream *stream,
                                                const struct tuff_batch_norm2d_relu_backward_args *args)
{
    struct tuff_tensor masked = *args->dy; // (N,C,H,W): dy where y > 0, in memory of its own
    struct tuff_buffer memory = {.device = stream->device, .bytes = tuff_tensor_bytes(&masked)};
    memory.data = calloc(1, (size_t)memory.bytes);
    if (memory.data == NULL) {
        ref_log(stream->device->backend->host, TUFF_LOG_ERROR, "no memory for a gradient behind a ReLU");
        return TUFF_ERROR_MEMORY;
    }
    masked.buffer = &memory;
    masked.offset = 0;
    const struct tuff_relu_backward_args relu = {
        .size = sizeof relu, .dx = &masked, .dy = args->dy, .y = args->y};
    const struct tuff_batch_norm2d_backward_args norm = {
        .size = sizeof norm,
        .dx = args->dx,
        .dweight = args->dweight,
        .dbias = args->dbias,
        .dy = &masked,
        .x = args->x,
        .mean = args->mean,
        .inverse = args->inverse,
        .weight = args->weight,
        .state = args->state,
    };
    enum tuff_status status = ref_relu_backward(stream, &relu);
    if (status == TUFF_OK)
        status = ref_batch_norm2d_backward(stream, &norm);
    free(memory.data);
    return status;
}
