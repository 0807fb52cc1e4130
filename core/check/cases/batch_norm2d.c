// Batch normalization: training, evaluation, backward; and the same with a ReLU behind it.
#include "case.h"
#include "state.h"
#include "tolerance.h"

#include <stdlib.h>

enum values {
    VALUES_NORMAL,
    VALUES_FAR,      // means of +-100, deviations around 1/2: E[x^2] - mean^2 in float32 is noise
    VALUES_CONSTANT, // a channel is one value: the variance is 0
    VALUES_OUTLIER,  // the channel's very first element is far from the others, which are far from zero
    VALUES_NAN,      // one NaN in channel 0: its statistics are NaN, those of the other channels are not
};

static const char *const values_names[] = {"normal", "far", "constant", "outlier", "nan", NULL};

struct norm_shape {
    uint32_t n, c, h, w, valid;
    uint32_t affine; // 1: with weight and bias
    double epsilon, momentum;
    uint32_t values;
};

static const struct case_field fields[] = {
    CASE_FIELD_U32(struct norm_shape, n),
    CASE_FIELD_U32(struct norm_shape, c),
    CASE_FIELD_U32(struct norm_shape, h),
    CASE_FIELD_U32(struct norm_shape, w),
    CASE_FIELD_U32(struct norm_shape, valid),
    CASE_FIELD_U32(struct norm_shape, affine),
    CASE_FIELD_F64(struct norm_shape, epsilon),
    CASE_FIELD_F64(struct norm_shape, momentum),
    CASE_FIELD_NAME(struct norm_shape, values, values_names),
};

static const struct norm_shape corners[] = {
    {1, 1, 1, 1, 1, 1, 1e-5, 0.1, VALUES_NORMAL}, // M = 1
    {5, 3, 1, 1, 1, 1, 1e-5, 0.5, VALUES_NORMAL}, // M = 1 in a batch of five
    {1, 3, 5, 7, 1, 1, 1e-5, 0.1, VALUES_NORMAL},     {2, 1, 1, 1, 2, 0, 1e-5, 0.1, VALUES_NORMAL},
    {15, 3, 5, 7, 15, 1, 1e-5, 0.1, VALUES_FAR},      {16, 3, 4, 6, 16, 1, 1e-5, 0.1, VALUES_NORMAL},
    {16, 3, 4, 6, 5, 1, 1e-3, 0.1, VALUES_FAR},       {17, 2, 3, 5, 17, 0, 1e-5, 1, VALUES_NORMAL},
    {17, 2, 3, 5, 16, 1, 1e-5, 0, VALUES_NORMAL},     {33, 5, 19, 17, 33, 1, 1e-5, 0.1, VALUES_FAR},
    {33, 5, 19, 17, 18, 1, 1e-5, 0.1, VALUES_NORMAL}, {33, 2, 1, 1, 32, 1, 1e-5, 0.1, VALUES_FAR},
    {40, 2, 13, 3, 7, 0, 1e-5, 0.1, VALUES_NAN},      {16, 3, 4, 6, 16, 1, 1e-5, 0.1, VALUES_CONSTANT},
    {9, 3, 1, 5, 9, 1, 1e-5, 0.1, VALUES_CONSTANT},   {33, 2, 31, 29, 33, 1, 1e-5, 0.1, VALUES_OUTLIER},
    {7, 3, 9, 11, 5, 1, 0, 0.1, VALUES_NORMAL},       {3, 300, 2, 3, 3, 1, 1e-5, 0.1, VALUES_NORMAL},
    {64, 1, 28, 28, 64, 1, 1e-5, 0.1, VALUES_FAR},    {64, 1, 28, 28, 33, 0, 1e-5, 0.1, VALUES_OUTLIER},
    {40, 18, 3, 5, 17, 1, 1e-5, 0.1, VALUES_FAR}, // many channels of blocks that are whole, partial and empty
};

static const struct norm_shape large[] = {{128, 64, 57, 55, 127, 1, 1e-5, 0.1, VALUES_FAR}};

static const struct norm_shape perf[] = {
    {16, 6, 26, 26, 16, 1, 1e-5, 0.1, VALUES_NORMAL},
    {32, 64, 32, 32, 32, 1, 1e-5, 0.1, VALUES_NORMAL}, // a residual network's
    {32, 128, 16, 16, 32, 1, 1e-5, 0.1, VALUES_NORMAL},
    {32, 256, 8, 8, 32, 1, 1e-5, 0.1, VALUES_NORMAL},
};

// Training: an addition for the mean, three operations for the variance, a multiply-add. Backward: an
// addition and three multiply-adds of x less its mean.
static void draw_shape(struct draw *draw, void *shape)
{
    static const double epsilons[] = {1e-5, 1e-3, 0.1}, momenta[] = {0.1, 0.01, 0.75};
    struct norm_shape *s = shape;
    s->n = draw_batch(draw);
    s->c = draw_between(draw, 1, 9);
    s->h = draw_between(draw, 1, 19);
    s->w = draw_between(draw, 1, 19);
    s->valid = draw_between(draw, 0, 1) == 0 ? s->n : draw_between(draw, 1, s->n);
    s->affine = draw_between(draw, 0, 3) != 0;
    s->epsilon = epsilons[draw_between(draw, 0, CASE_COUNT(epsilons) - 1)];
    s->momentum = momenta[draw_between(draw, 0, CASE_COUNT(momenta) - 1)];
    s->values = draw_between(draw, VALUES_NORMAL, VALUES_OUTLIER);
}

static double elements_of_channel(const struct norm_shape *s)
{
    return (double)s->valid * s->h * s->w;
}

static uint64_t plane_of(const struct norm_shape *s)
{
    return (uint64_t)s->h * s->w;
}

// Element i of the channel's valid ones.
static uint64_t place(const struct norm_shape *s, uint64_t c, uint64_t i)
{
    return (i / plane_of(s) * s->c + c) * plane_of(s) + i % plane_of(s);
}

static void fill_images(const struct norm_shape *s, struct case_setup *setup, uint32_t index)
{
    case_fill_signed(setup, index);
    float *x = case_floats(setup, index);
    const uint64_t plane = plane_of(s), sample = s->c * plane;
    for (uint64_t i = 0; i < case_stored(setup, index); i++) {
        const uint64_t c = i / plane % s->c;
        if (i / sample >= s->valid) // whoever counts an absent sample gets it wrong
            x[i] *= 64.0f;
        if (s->values == VALUES_FAR || s->values == VALUES_OUTLIER)
            x[i] += c % 2 == 0 ? 100.0f : -100.0f;
        else if (s->values == VALUES_CONSTANT && i / sample < s->valid)
            x[i] = 0.7f * (float)(c % 2 + 1);
        else
            x[i] += 0.25f * (float)(c % 5);
    }
    for (uint64_t c = 0; s->values == VALUES_OUTLIER && c < s->c; c++)
        x[c * plane] = 0.0f;
    if (s->values == VALUES_NAN)
        x[place(s, 0, s->valid * plane - 1)] = NAN;
}

static void fill_between(struct case_setup *setup, uint32_t index, float low, float high)
{
    draw_uniform(setup->seed, case_stream(index), low, high, case_floats(setup, index),
                 case_stored(setup, index));
}

// Whether there is a ReLU behind it.
static bool has_relu(const struct case_setup *setup)
{
    return setup->op == TUFF_OP_BATCH_NORM2D_RELU_TRAIN || setup->op == TUFF_OP_BATCH_NORM2D_RELU_EVAL ||
           setup->op == TUFF_OP_BATCH_NORM2D_RELU_BACKWARD;
}

// Weights, and biases so large that no y is near 0, where an error could hide in the tolerance; with a ReLU
// smaller ones, so that it takes some elements of a channel and leaves others.
static void fill_affine(const struct norm_shape *s, struct case_setup *setup, uint32_t weight, uint32_t bias)
{
    case_fill_signed(setup, weight);
    case_fill_signed(setup, bias);
    float *values = case_floats(setup, bias);
    for (uint64_t c = 0; c < s->c; c++)
        values[c] += has_relu(setup) ? 0.0f : values[c] > 0 ? 2.5f : -2.5f;
}

static void fill_state(const struct norm_shape *s, struct case_setup *setup, uint32_t index)
{
    const struct tuff_step_row row = case_row(3, 7, s->valid);
    case_fill_state(setup, index, 3, &row);
}

static enum tuff_status check_shape(const struct norm_shape *s, const struct case_setup *setup)
{
    if (s->valid == 0 || s->valid > s->n)
        return tuff_fail(setup->log, TUFF_ERROR_INVALID, "valid is %u, expected 1 to n = %u", s->valid, s->n);
    return TUFF_OK;
}

static void setup_images(const struct norm_shape *s, struct case_setup *setup, uint32_t index,
                         enum case_padding padding)
{
    case_setup_tensor(setup, index, TUFF_F32, 4, (uint32_t[]){s->n, s->c, s->h, s->w}, padding);
}

static void setup_channels(const struct norm_shape *s, struct case_setup *setup, uint32_t begin, uint32_t end)
{
    for (uint32_t i = begin; i < end; i++)
        case_setup_tensor(setup, i, TUFF_F32, 1, (uint32_t[]){s->c}, CASE_PADDING_FINITE);
}

static enum tuff_status setup_params(const struct norm_shape *s, struct case_setup *setup)
{
    const struct tuff_batch_norm2d_params params = {
        .size = sizeof params, .epsilon = (float)s->epsilon, .momentum = (float)s->momentum};
    return case_setup_params(setup, &params, sizeof params);
}

// As of tolerance.h.
static double factor_of_sum(double length)
{
    return (4 + 2 * sqrt(length)) * TOLERANCE_U;
}

// -- training

enum {
    TRAIN_Y,
    TRAIN_MEAN,
    TRAIN_INVERSE,
    TRAIN_RUNNING_MEAN,
    TRAIN_RUNNING_VARIANCE,
    TRAIN_X,
    TRAIN_WEIGHT
};
enum { TRAIN_BIAS = TRAIN_WEIGHT + 1, TRAIN_STATE };

static enum tuff_status train_describe(const void *shape, struct case_setup *setup)
{
    const struct norm_shape *s = shape;
    setup_images(s, setup, TRAIN_Y, CASE_PADDING_FINITE);
    setup_channels(s, setup, TRAIN_MEAN, TRAIN_X);
    setup_images(s, setup, TRAIN_X, CASE_PADDING_FINITE);
    if (s->affine)
        setup_channels(s, setup, TRAIN_WEIGHT, TRAIN_STATE);
    case_setup_state(setup, TRAIN_STATE);
    enum tuff_status status = check_shape(s, setup);
    return status == TUFF_OK ? setup_params(s, setup) : status;
}

static enum tuff_status train_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct norm_shape *s = shape;
    (void)oracle;
    fill_images(s, setup, TRAIN_X);
    case_fill_signed(setup, TRAIN_RUNNING_MEAN);
    fill_between(setup, TRAIN_RUNNING_VARIANCE, 0.25f, 4.0f);
    if (s->affine)
        fill_affine(s, setup, TRAIN_WEIGHT, TRAIN_BIAS);
    fill_state(s, setup, TRAIN_STATE);
    return TUFF_OK;
}

// A channel's statistics in double, and how far off float32 may be.
struct channel {
    double mean, variance, inverse;
    double mean_error, variance_error, inverse_error;
};

// The mean is a sum over M elements. The deviations are taken from a mean that is off by mean_error and
// rounded to float32, which raises the variance by no more than its square. Vulkan allows a square root and a
// division some units.
static struct channel channel_of(const struct norm_shape *s, const float *x, uint64_t c)
{
    const double count = elements_of_channel(s), u = TOLERANCE_U;
    struct channel channel = {0};
    double magnitude = 0;
    for (uint64_t i = 0; i < s->valid * plane_of(s); i++) {
        channel.mean += (double)x[place(s, c, i)] / count;
        magnitude += fabs((double)x[place(s, c, i)]) / count;
    }
    for (uint64_t i = 0; i < s->valid * plane_of(s); i++)
        channel.variance += pow((double)x[place(s, c, i)] - channel.mean, 2) / count;
    const double root = channel.variance + (double)(float)s->epsilon;
    channel.inverse = 1 / sqrt(root);
    channel.mean_error = s->values == VALUES_CONSTANT ? 4 * u * magnitude : factor_of_sum(count) * magnitude;
    channel.variance_error = factor_of_sum(count) * channel.variance + pow(channel.mean_error, 2);
    channel.inverse_error = channel.inverse * (16 * u + channel.variance_error / (2 * root));
    return channel;
}

static void train_images_tolerance(const struct norm_shape *s, const struct case_view *view,
                                   double *tolerance)
{
    struct case_setup *setup = (struct case_setup *)view->setup;
    const float *x = case_floats(setup, TRAIN_X);
    const float *y = view->expected[TRAIN_Y];
    for (uint64_t c = 0; c < s->c; c++) {
        const struct channel of = channel_of(s, x, c);
        const double weight = s->affine ? fabs((double)case_floats(setup, TRAIN_WEIGHT)[c]) : 1;
        const double bias = s->affine ? (double)case_floats(setup, TRAIN_BIAS)[c] : 0;
        for (uint64_t i = 0; i < s->n * plane_of(s); i++) {
            const uint64_t at = place(s, c, i);
            tolerance[at] = weight * of.inverse * of.mean_error +
                            fabs((double)y[at] - bias) * (of.inverse_error / of.inverse + 6 * TOLERANCE_U) +
                            4 * TOLERANCE_U * (fabs(bias) + fabs((double)y[at]));
            if (i / plane_of(s) >= s->valid)
                tolerance[at] = 0; // absent: zero, of either sign
        }
    }
}

static void train_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                            double *tolerance)
{
    const struct norm_shape *s = shape;
    struct case_setup *setup = (struct case_setup *)view->setup;
    const double count = elements_of_channel(s), momentum = (double)(float)s->momentum, u = TOLERANCE_U;
    if (output == TRAIN_Y) {
        train_images_tolerance(s, view, tolerance);
        return;
    }
    for (uint64_t c = 0; c < s->c; c++) {
        const struct channel of = channel_of(s, case_floats(setup, TRAIN_X), c);
        const double before = fabs((double)case_floats(
            setup, output == TRAIN_RUNNING_VARIANCE ? TRAIN_RUNNING_VARIANCE : TRAIN_RUNNING_MEAN)[c]);
        const double unbiased = count > 1 ? count / (count - 1) : 0;
        switch (output) {
        case TRAIN_MEAN:
            tolerance[c] = of.mean_error + u * fabs(of.mean);
            break;
        case TRAIN_INVERSE:
            tolerance[c] = of.inverse_error;
            break;
        case TRAIN_RUNNING_MEAN:
            tolerance[c] = momentum * (of.mean_error + 3 * u * fabs(of.mean)) + 4 * u * before;
            break;
        default:
            tolerance[c] =
                count > 1 ? momentum * unbiased * (of.variance_error + 8 * u * of.variance) + 4 * u * before
                          : CASE_EXACT;
        }
    }
}

const struct conformance_op conformance_op_batch_norm2d_train = {
    .op = TUFF_OP_BATCH_NORM2D_TRAIN,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct norm_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = train_describe,
    .fill = train_fill,
    .tolerance = train_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// A ReLU's slope is 1 at most, and where one backend has 0 the other is as near to it as without: the same
// tolerance, in which 0 stands for all that is less.
const struct conformance_op conformance_op_batch_norm2d_relu_train = {
    .op = TUFF_OP_BATCH_NORM2D_RELU_TRAIN,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct norm_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = train_describe,
    .fill = train_fill,
    .tolerance = train_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- evaluation

enum { EVAL_Y, EVAL_X, EVAL_MEAN, EVAL_VARIANCE, EVAL_WEIGHT, EVAL_BIAS, EVAL_END };

static enum tuff_status eval_describe(const void *shape, struct case_setup *setup)
{
    const struct norm_shape *s = shape;
    setup_images(s, setup, EVAL_Y, CASE_PADDING_FINITE);
    setup_images(s, setup, EVAL_X, CASE_PADDING_FINITE);
    setup_channels(s, setup, EVAL_MEAN, s->affine ? EVAL_END : EVAL_WEIGHT);
    enum tuff_status status = check_shape(s, setup);
    return status == TUFF_OK ? setup_params(s, setup) : status;
}

static enum tuff_status eval_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct norm_shape *s = shape;
    (void)oracle;
    fill_images(s, setup, EVAL_X);
    case_fill_signed(setup, EVAL_MEAN);
    float *mean = case_floats(setup, EVAL_MEAN);
    for (uint64_t c = 0; s->values == VALUES_FAR && c < s->c; c++)
        mean[c] += c % 2 == 0 ? 100.0f : -100.0f;
    fill_between(setup, EVAL_VARIANCE, 0.25f, 4.0f);
    if (s->values == VALUES_CONSTANT && s->epsilon > 0)
        case_floats(setup, EVAL_VARIANCE)[s->c - 1] = 0.0f;
    if (s->affine)
        fill_affine(s, setup, EVAL_WEIGHT, EVAL_BIAS);
    return TUFF_OK;
}

static void eval_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                           double *tolerance)
{
    const struct norm_shape *s = shape;
    const float *y = view->expected[output];
    for (uint64_t c = 0; c < s->c; c++) {
        const double bias =
            s->affine ? (double)case_floats((struct case_setup *)view->setup, EVAL_BIAS)[c] : 0;
        for (uint64_t i = 0; i < s->n * plane_of(s); i++) {
            const uint64_t at = place(s, c, i);
            tolerance[at] = TOLERANCE_U * (20 * fabs((double)y[at] - bias) + 4 * fabs(bias));
        }
    }
}

const struct conformance_op conformance_op_batch_norm2d_eval = {
    .op = TUFF_OP_BATCH_NORM2D_EVAL,
    .batched = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct norm_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = eval_describe,
    .fill = eval_fill,
    .tolerance = eval_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

const struct conformance_op conformance_op_batch_norm2d_relu_eval = {
    .op = TUFF_OP_BATCH_NORM2D_RELU_EVAL,
    .batched = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct norm_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = eval_describe,
    .fill = eval_fill,
    .tolerance = eval_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- backward

enum {
    BACK_DX,
    BACK_DWEIGHT,
    BACK_DBIAS,
    BACK_DY,
    BACK_X,
    BACK_MEAN,
    BACK_INVERSE,
    BACK_WEIGHT,
    BACK_STATE,
    BACK_Y
};

static enum tuff_status backward_describe(const void *shape, struct case_setup *setup)
{
    const struct norm_shape *s = shape;
    setup_images(s, setup, BACK_DX, CASE_PADDING_ZERO);
    setup_channels(s, setup, BACK_DWEIGHT, BACK_DY);
    setup_images(s, setup, BACK_DY, CASE_PADDING_ZERO);
    setup_images(s, setup, BACK_X, CASE_PADDING_FINITE);
    setup_channels(s, setup, BACK_MEAN, s->affine ? BACK_STATE : BACK_WEIGHT);
    case_setup_state(setup, BACK_STATE);
    if (has_relu(setup))
        setup_images(s, setup, BACK_Y, CASE_PADDING_FINITE);
    return check_shape(s, setup);
}

// What a ReLU leaves: about half of it 0.
static void fill_rectified(struct case_setup *setup, uint32_t index)
{
    case_fill_signed(setup, index);
    float *y = case_floats(setup, index);
    for (uint64_t i = 0; i < case_stored(setup, index); i++)
        if (!(y[i] > 0))
            y[i] = 0.0f;
}

// mean and inverse need not be those of x for the formula to hold; they only lie where x does.
static enum tuff_status backward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct norm_shape *s = shape;
    (void)oracle;
    fill_images(s, setup, BACK_X);
    case_fill_signed(setup, BACK_DY);
    case_fill_signed(setup, BACK_MEAN);
    float *mean = case_floats(setup, BACK_MEAN);
    for (uint64_t c = 0; c < s->c; c++)
        if (s->values == VALUES_FAR || s->values == VALUES_OUTLIER)
            mean[c] += c % 2 == 0 ? 100.0f : -100.0f;
    fill_between(setup, BACK_INVERSE, 0.5f, 3.0f);
    if (s->affine)
        case_fill_signed(setup, BACK_WEIGHT);
    fill_state(s, setup, BACK_STATE);
    if (has_relu(setup))
        fill_rectified(setup, BACK_Y);
    return TUFF_OK;
}

// The gradient of what is normalized, at that place.
static double gradient_at(struct case_setup *setup, uint64_t at)
{
    return has_relu(setup) && !(case_floats(setup, BACK_Y)[at] > 0) ? 0
                                                                    : (double)case_floats(setup, BACK_DY)[at];
}

// The sums over a channel, in double, and how far off float32 may be.
struct gradient_sums {
    double dweight, dbias, dweight_error, dbias_error;
};

static struct gradient_sums sums_of(const struct norm_shape *s, struct case_setup *setup, uint64_t c)
{
    const float *x = case_floats(setup, BACK_X);
    const double mean = (double)case_floats(setup, BACK_MEAN)[c];
    const double inverse = (double)case_floats(setup, BACK_INVERSE)[c];
    const double factor = factor_of_sum(elements_of_channel(s));
    struct gradient_sums sums = {0};
    for (uint64_t i = 0; i < s->valid * plane_of(s); i++) {
        const double gradient = gradient_at(setup, place(s, c, i));
        const double product = gradient * ((double)x[place(s, c, i)] - mean) * inverse;
        sums.dbias += gradient;
        sums.dbias_error += factor * fabs(gradient);
        sums.dweight += product;
        sums.dweight_error += (factor + 2 * TOLERANCE_U) * fabs(product);
    }
    return sums;
}

static void backward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                               double *tolerance)
{
    const struct norm_shape *s = shape;
    struct case_setup *setup = (struct case_setup *)view->setup;
    const float *x = case_floats(setup, BACK_X);
    const double count = elements_of_channel(s), u = TOLERANCE_U;
    for (uint64_t c = 0; c < s->c; c++) {
        const struct gradient_sums sums = sums_of(s, setup, c);
        const double mean = (double)case_floats(setup, BACK_MEAN)[c];
        const double inverse = (double)case_floats(setup, BACK_INVERSE)[c];
        const double scale = inverse * (s->affine ? fabs((double)case_floats(setup, BACK_WEIGHT)[c]) : 1);
        if (output != BACK_DX) {
            tolerance[c] = output == BACK_DWEIGHT ? sums.dweight_error : sums.dbias_error;
            continue;
        }
        for (uint64_t i = 0; i < s->n * plane_of(s); i++) {
            const uint64_t at = place(s, c, i);
            const double normal = fabs((double)x[at] - mean) * inverse;
            const double terms =
                fabs(gradient_at(setup, at)) + fabs(sums.dbias) / count + normal * fabs(sums.dweight) / count;
            tolerance[at] = i / plane_of(s) >= s->valid
                                ? 0 // absent: zero, of either sign
                                : scale * (sums.dbias_error / count + normal * sums.dweight_error / count +
                                           16 * u * terms);
        }
    }
}

const struct conformance_op conformance_op_batch_norm2d_backward = {
    .op = TUFF_OP_BATCH_NORM2D_BACKWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct norm_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = backward_describe,
    .fill = backward_fill,
    .tolerance = backward_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

const struct conformance_op conformance_op_batch_norm2d_relu_backward = {
    .op = TUFF_OP_BATCH_NORM2D_RELU_BACKWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct norm_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = backward_describe,
    .fill = backward_fill,
    .tolerance = backward_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};
