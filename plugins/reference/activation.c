// Pointwise activations. Derivatives are written so that nothing cancels in double either: where a float32
// result is near 0, it is so to all its digits.
#include "element.h"
#include "kernels.h"

#include <math.h>

static double sigmoid(double x)
{
    return 1 / (1 + exp(-x));
}

static double sigmoid_derivative(double x)
{
    const double e = exp(-fabs(x));
    return e / ((1 + e) * (1 + e));
}

// Phi(x), the normal distribution; (1 + erf(x / sqrt 2)) / 2 without its cancellation for x below 0.
static double normal(double x)
{
    return 0.5 * erfc(-x * M_SQRT1_2);
}

static double normal_density(double x)
{
    return exp(-0.5 * x * x) * (M_2_SQRTPI * M_SQRT1_2 / 2); // 1 / sqrt(2 pi)
}

static double activation(const struct tuff_activation_params *params, double x)
{
    switch (params->kind) {
    case TUFF_ACTIVATION_GELU:
        return x * normal(x);
    case TUFF_ACTIVATION_SILU:
        return x * sigmoid(x);
    case TUFF_ACTIVATION_SIGMOID:
        return sigmoid(x);
    case TUFF_ACTIVATION_TANH:
        return tanh(x);
    default: // leaky ReLU
        return x > 0 ? x : (double)params->slope * x;
    }
}

static double derivative(const struct tuff_activation_params *params, double x)
{
    switch (params->kind) {
    case TUFF_ACTIVATION_GELU:
        return normal(x) + x * normal_density(x);
    case TUFF_ACTIVATION_SILU:
        return sigmoid(x) + x * sigmoid_derivative(x);
    case TUFF_ACTIVATION_SIGMOID:
        return sigmoid_derivative(x);
    case TUFF_ACTIVATION_TANH:
        return 1 / (cosh(x) * cosh(x));
    default:
        return x > 0 ? 1 : (double)params->slope;
    }
}

enum tuff_status ref_activation_forward(struct tuff_stream *stream,
                                        const struct tuff_activation_forward_args *args)
{
    (void)stream;
    const uint64_t count = tuff_tensor_stored_elements(args->y); // y may be x
    for (uint64_t i = 0; i < count; i++)
        ref_store(args->y, i, activation(args->params, ref_load(args->x, i)));
    return TUFF_OK;
}

enum tuff_status ref_activation_backward(struct tuff_stream *stream,
                                         const struct tuff_activation_backward_args *args)
{
    (void)stream;
    const uint64_t count = tuff_tensor_stored_elements(args->dx); // dx may be dy
    for (uint64_t i = 0; i < count; i++)
        ref_store(args->dx, i, ref_load(args->dy, i) * derivative(args->params, ref_load(args->x, i)));
    return TUFF_OK;
}
