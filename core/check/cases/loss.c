// Logarithm of softmax, and the mean squared error.
#include "case.h"
#include "state.h"
#include "tolerance.h"

#include <float.h>

// As of tolerance.h.
static double factor_of_sum(double length)
{
    return (4 + 2 * sqrt(length)) * TOLERANCE_U;
}

// -- logarithm of softmax

enum softmax_values {
    SOFTMAX_NORMAL,
    SOFTMAX_LARGE,  // up to +-1000: exp overflows unless the greatest is subtracted first
    SOFTMAX_MASKED, // some are -infinity, as masks make them, but never all of a sample
    SOFTMAX_NAN,    // sample 0 has one NaN, which makes all of it NaN
};

static const char *const softmax_names[] = {"normal", "large", "masked", "nan", NULL};

struct softmax_shape {
    uint32_t n, k;
    uint32_t values;
};

static const struct case_field softmax_fields[] = {
    CASE_FIELD_U32(struct softmax_shape, n),
    CASE_FIELD_U32(struct softmax_shape, k),
    CASE_FIELD_NAME(struct softmax_shape, values, softmax_names),
};

static const struct softmax_shape softmax_corners[] = {
    {1, 1, SOFTMAX_NORMAL},    {1, 10, SOFTMAX_LARGE},   {2, 3, SOFTMAX_NAN},      {15, 10, SOFTMAX_MASKED},
    {16, 10, SOFTMAX_NORMAL},  {17, 7, SOFTMAX_LARGE},   {33, 2, SOFTMAX_MASKED},  {33, 129, SOFTMAX_NORMAL},
    {5, 1000, SOFTMAX_NORMAL}, {3, 1000, SOFTMAX_LARGE}, {300, 11, SOFTMAX_LARGE}, {129, 10, SOFTMAX_NAN},
};

static const struct softmax_shape softmax_large[] = {{3, 40000, SOFTMAX_NORMAL}};
static const struct softmax_shape softmax_perf[] = {{512, 10, SOFTMAX_NORMAL}, {128, 1000, SOFTMAX_NORMAL}};

// Forward: a comparison, a difference, an exponential, a sum, a difference. Backward: a sum, an exponential,
// a multiply-add.
static void softmax_draw(struct draw *draw, void *shape)
{
    struct softmax_shape *s = shape;
    s->n = draw_between(draw, 0, 3) == 0 ? draw_between(draw, 41, 400) : draw_batch(draw);
    s->k = draw_between(draw, 1, draw_between(draw, 0, 1) == 0 ? 16 : 200);
    s->values = draw_between(draw, SOFTMAX_NORMAL, SOFTMAX_NAN);
}

static void fill_logits(const struct softmax_shape *s, struct case_setup *setup, uint32_t index)
{
    float *logits = case_floats(setup, index);
    const uint64_t count = case_stored(setup, index);
    const float bound = s->values == SOFTMAX_LARGE ? 1000.0f : 4.0f;
    draw_uniform(setup->seed, case_stream(index), -bound, bound, logits, count);
    for (uint64_t i = 0; s->values == SOFTMAX_MASKED && i < (uint64_t)s->n * s->k; i++)
        if (i % s->k % 3 == 1)
            logits[i] = -INFINITY;
    if (s->values == SOFTMAX_NAN)
        logits[s->k - 1] = NAN;
}

// The relative error of the sum of K exponentials in float32, as GPUs compute them: exp(x) is good to 3 +
// 2*|x| units (Vulkan's precision requirements; x is at most 0), which weighted by exp(x) averages to no more
// than 3 + 2*(1 + ln K); the sum adds its own.
static double error_of_sum(uint32_t k)
{
    return 2 * TOLERANCE_U * (5 + 2 * log((double)k)) + factor_of_sum(k);
}

static enum tuff_status log_softmax_describe(const void *shape, struct case_setup *setup)
{
    const struct softmax_shape *s = shape;
    for (uint32_t i = 0; i < 2; i++)
        case_setup_tensor(setup, i, TUFF_F32, 2, (uint32_t[]){s->n, s->k}, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static enum tuff_status log_softmax_fill(const void *shape, struct case_setup *setup,
                                         struct tuff_target *oracle)
{
    (void)oracle;
    fill_logits(shape, setup, 1);
    return TUFF_OK;
}

// The sum's error, that of a logarithm (3 units, or 2^-21 near 1), and the roundings of two subtractions.
static void log_softmax_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                  double *tolerance)
{
    const struct softmax_shape *s = shape;
    const float *y = view->expected[output];
    for (uint64_t i = 0; i < (uint64_t)s->n * s->k; i++)
        if (isfinite(y[i]))
            tolerance[i] = error_of_sum(s->k) + 0x1p-21 + 8 * TOLERANCE_U * fabs((double)y[i]);
}

const struct conformance_op conformance_op_log_softmax_forward = {
    .op = TUFF_OP_LOG_SOFTMAX_FORWARD,
    .batched = true,
    .fields = softmax_fields,
    .field_count = CASE_COUNT(softmax_fields),
    .shape_size = sizeof(struct softmax_shape),
    .corners = softmax_corners,
    .corner_count = CASE_COUNT(softmax_corners),
    .large = softmax_large,
    .large_count = CASE_COUNT(softmax_large),
    .draw = softmax_draw,
    .describe = log_softmax_describe,
    .fill = log_softmax_fill,
    .tolerance = log_softmax_tolerance,
    .perf = softmax_perf,
    .perf_count = CASE_COUNT(softmax_perf),
};

static enum tuff_status log_softmax_backward_describe(const void *shape, struct case_setup *setup)
{
    const struct softmax_shape *s = shape;
    for (uint32_t i = 0; i < 3; i++)
        case_setup_tensor(setup, i, TUFF_F32, 2, (uint32_t[]){s->n, s->k},
                          i == 2 ? CASE_PADDING_FINITE : CASE_PADDING_ZERO);
    return TUFF_OK;
}

// y is what forward leaves for such logits.
static enum tuff_status log_softmax_backward_fill(const void *shape, struct case_setup *setup,
                                                  struct tuff_target *oracle)
{
    const struct softmax_shape *s = shape;
    (void)oracle;
    case_fill_signed(setup, 1);
    fill_logits(s, setup, 2);
    float *y = case_floats(setup, 2);
    for (uint64_t begin = 0; begin < case_stored(setup, 2); begin += s->k) {
        double sum = 0, greatest = -INFINITY;
        for (uint64_t i = begin; i < begin + s->k; i++)
            greatest = fmax(greatest, (double)y[i]);
        for (uint64_t i = begin; i < begin + s->k; i++)
            sum += exp((double)y[i] - greatest);
        for (uint64_t i = begin; i < begin + s->k; i++)
            y[i] = (float)((double)y[i] - greatest - log(sum));
    }
    return TUFF_OK;
}

// The exponential's error is 3 + 2*|y| units. What lies below the normal numbers may have been flushed.
static void log_softmax_backward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                           double *tolerance)
{
    const struct softmax_shape *s = shape;
    struct case_setup *setup = (struct case_setup *)view->setup;
    const float *dy = case_floats(setup, 1), *y = case_floats(setup, 2);
    (void)output;
    for (uint64_t begin = 0; begin < (uint64_t)s->n * s->k; begin += s->k) {
        double sum = 0, magnitude = 0;
        for (uint64_t i = begin; i < begin + s->k; i++) {
            sum += (double)dy[i];
            magnitude += fabs((double)dy[i]);
        }
        for (uint64_t i = begin; i < begin + s->k; i++) {
            const double p = exp((double)y[i]), exponent = fmin(fabs((double)y[i]), 100);
            if (!isnan(y[i]))
                tolerance[i] =
                    4 * TOLERANCE_U * fabs((double)dy[i]) +
                    p * (factor_of_sum(s->k) * magnitude + fabs(sum) * 2 * TOLERANCE_U * (6 + 2 * exponent)) +
                    4 * (double)FLT_MIN * (1 + fabs(sum));
        }
    }
}

const struct conformance_op conformance_op_log_softmax_backward = {
    .op = TUFF_OP_LOG_SOFTMAX_BACKWARD,
    .batched = true,
    .fields = softmax_fields,
    .field_count = CASE_COUNT(softmax_fields),
    .shape_size = sizeof(struct softmax_shape),
    .corners = softmax_corners,
    .corner_count = CASE_COUNT(softmax_corners),
    .large = softmax_large,
    .large_count = CASE_COUNT(softmax_large),
    .draw = softmax_draw,
    .describe = log_softmax_backward_describe,
    .fill = log_softmax_backward_fill,
    .tolerance = log_softmax_backward_tolerance,
    .perf = softmax_perf,
    .perf_count = CASE_COUNT(softmax_perf),
};

// -- mean squared error

enum error_values {
    ERROR_NORMAL,
    ERROR_NONE, // y is the target: every result is exactly 0
    ERROR_FAR,  // y and target near 1000: what is squared is their difference
    ERROR_NAN,  // one NaN in the last valid sample, and NaN alone in the absent ones
};

static const char *const error_names[] = {"normal", "none", "far", "nan", NULL};

struct error_shape {
    struct case_dims dims;
    uint32_t valid;
    uint32_t values;
};

static const struct case_field error_fields[] = {
    CASE_FIELD_DIMS(struct error_shape, dims),
    CASE_FIELD_U32(struct error_shape, valid),
    CASE_FIELD_NAME(struct error_shape, values, error_names),
};

static const struct error_shape error_corners[] = {
    {{1, {1}}, 1, ERROR_NORMAL},
    {{1, {33}}, 20, ERROR_NORMAL},
    {{2, {1, 10}}, 1, ERROR_NORMAL},
    {{2, {15, 13}}, 15, ERROR_NAN},
    {{2, {16, 10}}, 5, ERROR_NORMAL},
    {{3, {17, 3, 5}}, 16, ERROR_FAR},
    {{2, {17, 64}}, 17, ERROR_NONE},
    {{4, {33, 3, 5, 7}}, 18, ERROR_NAN},
    {{4, {3, 3, 19, 17}}, 2, ERROR_NORMAL},
    {{2, {300, 65}}, 257, ERROR_NORMAL},
    {{4, {2, 3, 61, 67}}, 2, ERROR_FAR},
};

static const struct error_shape error_large[] = {{{2, {3, 3000001}}, 2, ERROR_NORMAL}};

static const struct error_shape error_perf[] = {
    {{2, {512, 10}}, 512, ERROR_NORMAL},
    {{4, {64, 3, 64, 64}}, 64, ERROR_NORMAL},
};

// Forward: a difference and a multiply-add. Backward: a difference and a product.
static void error_draw(struct draw *draw, void *shape)
{
    struct error_shape *s = shape;
    s->dims.rank = draw_between(draw, 1, TUFF_MAX_RANK);
    s->dims.sizes[0] = draw_batch(draw);
    for (uint32_t i = 1; i < TUFF_MAX_RANK; i++)
        s->dims.sizes[i] = i < s->dims.rank ? draw_between(draw, 1, 15) : 1;
    s->valid = draw_between(draw, 0, 1) == 0 ? s->dims.sizes[0] : draw_between(draw, 1, s->dims.sizes[0]);
    s->values = draw_between(draw, ERROR_NORMAL, ERROR_NAN);
}

static uint64_t features_of(const struct error_shape *s)
{
    uint64_t features = 1;
    for (uint32_t i = 1; i < s->dims.rank; i++)
        features *= s->dims.sizes[i];
    return features;
}

// y, target and state are tensors 1, 2 and 3 of both ops.
static enum tuff_status error_describe_inputs(const struct error_shape *s, struct case_setup *setup)
{
    for (uint32_t i = 1; i < 3; i++)
        case_setup_tensor(setup, i, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_FINITE);
    case_setup_state(setup, 3);
    if (s->valid == 0 || s->valid > s->dims.sizes[0])
        return tuff_fail(setup->log, TUFF_ERROR_INVALID, "valid is %u, expected 1 to %u", s->valid,
                         s->dims.sizes[0]);
    return TUFF_OK;
}

static enum tuff_status error_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct error_shape *s = shape;
    const uint64_t features = features_of(s), elements = tuff_tensor_elements(&setup->tensors[1].shape);
    const struct tuff_step_row row = case_row(3, 7, s->valid);
    float *y = case_floats(setup, 1), *target = case_floats(setup, 2);
    (void)oracle;
    case_fill_signed(setup, 1);
    case_fill_signed(setup, 2);
    for (uint64_t i = 0; i < case_stored(setup, 1); i++) {
        if (s->values == ERROR_NONE) {
            y[i] = target[i];
        } else if (s->values == ERROR_FAR) {
            y[i] += 1000.0f;
            target[i] += 1000.0f;
        }
        if (s->values == ERROR_NAN && i >= s->valid * features && i < elements)
            y[i] = NAN;
    }
    if (s->values == ERROR_NAN)
        y[s->valid * features - 1] = NAN;
    case_fill_state(setup, 3, 3, &row);
    return TUFF_OK;
}

static enum tuff_status error_forward_describe(const void *shape, struct case_setup *setup)
{
    const struct error_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_F32, 1, s->dims.sizes, CASE_PADDING_FINITE);
    return error_describe_inputs(s, setup);
}

// Every term is positive, so the loss is its own magnitude.
static void error_forward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                    double *tolerance)
{
    const struct error_shape *s = shape;
    const float *loss = view->expected[output];
    for (uint64_t n = 0; n < s->dims.sizes[0]; n++)
        if (!isnan(loss[n]))
            tolerance[n] = (factor_of_sum((double)features_of(s)) + 8 * TOLERANCE_U) * fabs((double)loss[n]);
}

const struct conformance_op conformance_op_mean_squared_error_forward = {
    .op = TUFF_OP_MEAN_SQUARED_ERROR_FORWARD,
    .batched = true,
    .fields = error_fields,
    .field_count = CASE_COUNT(error_fields),
    .shape_size = sizeof(struct error_shape),
    .corners = error_corners,
    .corner_count = CASE_COUNT(error_corners),
    .large = error_large,
    .large_count = CASE_COUNT(error_large),
    .draw = error_draw,
    .describe = error_forward_describe,
    .fill = error_fill,
    .tolerance = error_forward_tolerance,
    .perf = error_perf,
    .perf_count = CASE_COUNT(error_perf),
};

static enum tuff_status error_backward_describe(const void *shape, struct case_setup *setup)
{
    const struct error_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_ZERO);
    return error_describe_inputs(s, setup);
}

// A subtraction, a division of 2.5 units for the factor, a product. Zeros of either sign are zeros.
static void error_backward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                     double *tolerance)
{
    const float *dy = view->expected[output];
    (void)shape;
    for (uint64_t i = 0; i < tuff_tensor_elements(&view->setup->tensors[output].shape); i++)
        if (!isnan(dy[i]))
            tolerance[i] = 10 * TOLERANCE_U * fabs((double)dy[i]);
}

const struct conformance_op conformance_op_mean_squared_error_backward = {
    .op = TUFF_OP_MEAN_SQUARED_ERROR_BACKWARD,
    .batched = true,
    .fields = error_fields,
    .field_count = CASE_COUNT(error_fields),
    .shape_size = sizeof(struct error_shape),
    .corners = error_corners,
    .corner_count = CASE_COUNT(error_corners),
    .large = error_large,
    .large_count = CASE_COUNT(error_large),
    .draw = error_draw,
    .describe = error_backward_describe,
    .fill = error_fill,
    .tolerance = error_backward_tolerance,
    .perf = error_perf,
    .perf_count = CASE_COUNT(error_perf),
};
