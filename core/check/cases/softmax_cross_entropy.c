// Softmax and cross-entropy, forward and backward.
#include "case.h"
#include "state.h"
#include "tolerance.h"

#include <float.h>

enum values {
    VALUES_NORMAL,
    VALUES_TIES,   // integers from 0 to 2: the greatest is often not alone
    VALUES_LARGE,  // up to +-1000: exp overflows unless the greatest is subtracted first
    VALUES_MASKED, // some are minus infinity, perhaps the label's
    VALUES_NAN,    // one of every third sample's is NaN
};

static const char *const values_names[] = {"normal", "ties", "large", "masked", "nan", NULL};

struct softmax_shape {
    uint32_t n, k, valid;
    uint32_t values;
    double smoothing;
    double scale; // of the loss, a power of two; 0: none. Last: forward leaves it out
};

static const struct case_field fields[] = {
    CASE_FIELD_U32(struct softmax_shape, n),
    CASE_FIELD_U32(struct softmax_shape, k),
    CASE_FIELD_U32(struct softmax_shape, valid),
    CASE_FIELD_NAME(struct softmax_shape, values, values_names),
    CASE_FIELD_F64(struct softmax_shape, smoothing),
    CASE_FIELD_OPTIONAL_F64(struct softmax_shape, scale),
};

static const struct softmax_shape corners[] = {
    {1, 1, 1, VALUES_NORMAL, 0, 0},       {1, 10, 1, VALUES_NORMAL, 0, 0},
    {2, 3, 1, VALUES_NORMAL, 0, 0},       {15, 10, 15, VALUES_TIES, 0, 0},
    {16, 10, 16, VALUES_NORMAL, 0, 0},    {16, 10, 5, VALUES_TIES, 0, 0},
    {17, 7, 17, VALUES_LARGE, 0, 0},      {17, 10, 16, VALUES_NORMAL, 0, 0},
    {33, 2, 20, VALUES_TIES, 0, 0},       {33, 129, 33, VALUES_NORMAL, 0, 0},
    {5, 1000, 4, VALUES_NORMAL, 0, 0},    {3, 1000, 3, VALUES_LARGE, 0, 0},
    {300, 11, 257, VALUES_TIES, 0, 0},    {512, 10, 512, VALUES_NORMAL, 0, 0},
    {512, 10, 96, VALUES_LARGE, 0, 0},    {33, 10, 30, VALUES_MASKED, 0, 0},
    {1, 1, 1, VALUES_NORMAL, 0.25, 0},    {1, 10, 1, VALUES_NORMAL, 1, 0},
    {15, 3, 14, VALUES_TIES, 0.5, 0},     {16, 10, 16, VALUES_NORMAL, 0.1, 0},
    {17, 10, 17, VALUES_LARGE, 0.1, 0},   {33, 129, 20, VALUES_NORMAL, 0.25, 0},
    {5, 1000, 4, VALUES_LARGE, 0.1, 0},   {300, 11, 257, VALUES_NORMAL, 0.9, 0},
    {33, 10, 33, VALUES_MASKED, 0.1, 0},  {4, 300, 3, VALUES_TIES, 0.1, 0},
    {16, 10, 16, VALUES_NORMAL, 0, 4096}, {33, 129, 20, VALUES_NORMAL, 0.25, 65536},
    {16, 10, 14, VALUES_NAN, 0, 0},       {19, 300, 19, VALUES_NAN, 0.1, 0},
};

static const struct softmax_shape large[] = {{3, 40000, 2, VALUES_NORMAL, 0.1, 0}};
static const struct softmax_shape perf[] = {{16, 10, 16, VALUES_NORMAL, 0, 0},
                                            {512, 10, 512, VALUES_NORMAL, 0, 0},
                                            {128, 1000, 128, VALUES_NORMAL, 0, 0}};

// Forward: a comparison, a difference, an exponential and a sum. Backward: also a division.
static void draw_shape(struct draw *draw, void *shape)
{
    static const double smoothings[] = {0, 0, 0.1, 0.5, 0.95};
    struct softmax_shape *s = shape;
    s->n = draw_between(draw, 0, 3) == 0 ? draw_between(draw, 41, 400) : draw_batch(draw);
    s->k = draw_between(draw, 1, draw_between(draw, 0, 1) == 0 ? 16 : 200);
    s->valid = draw_between(draw, 0, 1) == 0 ? s->n : draw_between(draw, 1, s->n);
    s->values = draw_between(draw, VALUES_NORMAL, VALUES_MASKED);
    s->smoothing = smoothings[draw_between(draw, 0, CASE_COUNT(smoothings) - 1)];
    s->scale = draw_between(draw, 0, 1) == 0 ? 0 : ldexp(1, (int)draw_between(draw, 0, 20));
}

static void fill_logits(const struct softmax_shape *s, struct case_setup *setup, uint32_t index)
{
    float *logits = case_floats(setup, index);
    uint64_t count = case_stored(setup, index);
    if (s->values == VALUES_TIES) {
        uint32_t *words = case_words(setup, index);
        draw_below(setup->seed, case_stream(index), 3, words, count);
        for (uint64_t i = 0; i < count; i++)
            logits[i] = (float)words[i];
        return;
    }
    float bound = s->values == VALUES_LARGE ? 1000.0f : 4.0f;
    draw_uniform(setup->seed, case_stream(index), -bound, bound, logits, count);
    if (s->values == VALUES_MASKED)
        for (uint64_t i = 0; i < (uint64_t)s->n * s->k; i++) // padding lanes stay finite
            if (i % s->k % 3 == 2)                           // never the first, so that something is left
                logits[i] = -INFINITY;
}

static void fill_labels(const struct softmax_shape *s, struct case_setup *setup, uint32_t index)
{
    draw_below(setup->seed, case_stream(index), s->k, case_words(setup, index), s->n);
}

// NaN for a logit of every third sample: the label's, which is the first, or the one behind the label's,
// which is the greatest of the others.
static void lose_some(const struct softmax_shape *s, struct case_setup *setup, uint32_t logits_index,
                      uint32_t labels_index)
{
    uint32_t *labels = case_words(setup, labels_index);
    for (uint32_t n = 0; s->values == VALUES_NAN && n < s->n; n += 3) {
        float *logits = case_floats(setup, logits_index) + (uint64_t)n * s->k;
        if (n % 2 == 0)
            labels[n] = 0;
        else
            logits[labels[n]] = 5;
        logits[n % 2 == 0 ? 0 : (labels[n] + 1) % s->k] = NAN;
    }
}

static void fill_state(const struct softmax_shape *s, struct case_setup *setup, uint32_t index)
{
    const struct tuff_step_row row = case_row(3, 7, s->valid);
    case_fill_state(setup, index, 3, &row);
    case_state(setup, index)->loss_scale = (float)s->scale;
}

static enum tuff_status finish(const struct softmax_shape *s, struct case_setup *setup)
{
    const struct tuff_softmax_cross_entropy_params params = {.size = sizeof params,
                                                             .label_smoothing = (float)s->smoothing};
    if (s->k == 0 || s->valid == 0 || s->valid > s->n)
        return tuff_fail(setup->log, TUFF_ERROR_INVALID,
                         "valid is %u, expected 1 to n = %u; k is %u, expected above 0", s->valid, s->n,
                         s->k);
    return case_setup_params(setup, &params, sizeof params);
}

// The relative error of the sum of K exponentials in float32, as GPUs compute them: exp(x) is good to 3 +
// 2*|x| units (Vulkan's precision requirements; x is at most 0), which weighted by exp(x) averages to no more
// than 3 + 2*(1 + ln K); the sum adds its own.
static double error_of_sum(uint32_t k)
{
    return 2 * TOLERANCE_U * (5 + 2 * log((double)k)) + (4 + 2 * sqrt((double)k)) * TOLERANCE_U;
}

// -- forward

static enum tuff_status forward_describe(const void *shape, struct case_setup *setup)
{
    const struct softmax_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_F32, 1, (uint32_t[]){s->n}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 1, TUFF_U32, 1, (uint32_t[]){s->n}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_F32, 2, (uint32_t[]){s->n, s->k}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 3, TUFF_U32, 1, (uint32_t[]){s->n}, CASE_PADDING_FINITE);
    case_setup_state(setup, 4);
    return finish(s, setup);
}

static enum tuff_status forward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    (void)oracle;
    fill_logits(shape, setup, 2);
    fill_labels(shape, setup, 3);
    lose_some(shape, setup, 2, 3);
    fill_state(shape, setup, 4);
    return TUFF_OK;
}

// With smoothing the loss has two more terms, whose roundings count as theirs even where the terms cancel.
static double error_of_smoothing(const struct softmax_shape *s, const float *logits, uint32_t label)
{
    double greatest = (double)logits[0], distances = 0;
    for (uint32_t k = 1; k < s->k; k++)
        greatest = fmax(greatest, (double)logits[k]);
    for (uint32_t k = 0; k < s->k; k++)
        distances += greatest - (double)logits[k];
    return TOLERANCE_U * (4 * (greatest - (double)logits[label]) +
                          (6 + 2 * sqrt((double)s->k)) * s->smoothing / s->k * distances);
}

// loss: the sum's error, that of a logarithm (3 units, or 2^-21 near 1), and two roundings. correct: exact.
static void forward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                              double *tolerance)
{
    const struct softmax_shape *s = shape;
    const float *expected = view->expected[output];
    const float *logits = case_floats((struct case_setup *)view->setup, 2);
    const uint32_t *labels = case_words((struct case_setup *)view->setup, 3);
    if (output != 0)
        return;
    for (uint64_t n = 0; n < s->n; n++) {
        tolerance[n] = CASE_EXACT;
        if (isnan(expected[n]))
            continue;
        if (n < s->valid)
            tolerance[n] = error_of_sum(s->k) + 0x1p-21 + 8 * TOLERANCE_U * fabs((double)expected[n]);
        if (n < s->valid && s->smoothing > 0)
            tolerance[n] += error_of_smoothing(s, logits + n * s->k, labels[n]);
    }
}

const struct conformance_op conformance_op_softmax_cross_entropy_forward = {
    .op = TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields) - 1,
    .shape_size = sizeof(struct softmax_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = forward_describe,
    .fill = forward_fill,
    .tolerance = forward_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- backward

static enum tuff_status backward_describe(const void *shape, struct case_setup *setup)
{
    const struct softmax_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_F32, 2, (uint32_t[]){s->n, s->k}, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 1, TUFF_F32, 2, (uint32_t[]){s->n, s->k}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_U32, 1, (uint32_t[]){s->n}, CASE_PADDING_FINITE);
    case_setup_state(setup, 3);
    return finish(s, setup);
}

static enum tuff_status backward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    (void)oracle;
    fill_logits(shape, setup, 1);
    fill_labels(shape, setup, 2);
    lose_some(shape, setup, 1, 2);
    fill_state(shape, setup, 3);
    return TUFF_OK;
}

// A probability p has the relative errors of its exponential, of the sum and of two divisions. The
// exponential's is 3 + 2*|x| units, |x| at most |ln p| + ln K. p less the target has p's absolute error and
// that of the target, which is a sum of two rounded constants. What lies below the normal numbers may have
// been flushed.
static void backward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                               double *tolerance)
{
    const struct softmax_shape *s = shape;
    const float *expected = view->expected[output];
    const double scale = s->scale > 0 ? s->scale : 1;
    const uint32_t *labels = case_words((struct case_setup *)view->setup, 2);
    for (uint64_t n = 0; n < s->valid; n++)
        for (uint64_t k = 0; k < s->k; k++) {
            uint64_t i = n * s->k + k;
            double target = (k == labels[n] ? 1 - s->smoothing : 0) + s->smoothing / s->k;
            double p = (double)expected[i] / scale * s->valid + target;
            double x = p > 0 ? fmin(log(p), 0) : -100;
            double relative =
                error_of_sum(s->k) + 2 * TOLERANCE_U * (3 + 2 * (fabs(x) + log((double)s->k) + 1) + 10);
            tolerance[i] = (fabs(p) * relative + 4 * TOLERANCE_U * target) / s->valid * scale +
                           4 * scale * (double)FLT_MIN;
        }
    // The absent samples, and the zeros of either sign that stand there.
    for (uint64_t i = (uint64_t)s->valid * s->k; i < case_stored(view->setup, output); i++)
        tolerance[i] = 0;
}

const struct conformance_op conformance_op_softmax_cross_entropy_backward = {
    .op = TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct softmax_shape),
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
