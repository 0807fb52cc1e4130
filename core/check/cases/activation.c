// Activations other than ReLU, forward and backward.
#include "case.h"
#include "tolerance.h"

#include <float.h>

enum values {
    VALUES_NORMAL,  // within +-6: where functions bend
    VALUES_SMALL,   // within +-2^-10: relative precision near 0
    VALUES_WIDE,    // within +-120: exponentials leave float32
    VALUES_SPECIAL, // normal, with NaN, infinities, zeros and the greatest numbers among them
};

static const char *const values_names[] = {"normal", "small", "wide", "special", NULL};
static const char *const kind_names[] = {"leaky_relu", "gelu", "silu", "sigmoid", "tanh", NULL};

struct activation_shape {
    struct case_dims dims;
    uint32_t kind;
    double slope;
    uint32_t values;
};

static const struct case_field fields[] = {
    CASE_FIELD_DIMS(struct activation_shape, dims),
    CASE_FIELD_NAME(struct activation_shape, kind, kind_names),
    CASE_FIELD_F64(struct activation_shape, slope),
    CASE_FIELD_NAME(struct activation_shape, values, values_names),
};

#define LEAKY   TUFF_ACTIVATION_LEAKY_RELU
#define GELU    TUFF_ACTIVATION_GELU
#define SILU    TUFF_ACTIVATION_SILU
#define SIGMOID TUFF_ACTIVATION_SIGMOID
#define TANH    TUFF_ACTIVATION_TANH

static const struct activation_shape corners[] = {
    {{1, {1}}, GELU, 0, VALUES_NORMAL},
    {{1, {3}}, LEAKY, 0.01, VALUES_NORMAL},
    {{2, {17, 13}}, LEAKY, 0.25, VALUES_NORMAL},
    {{3, {15, 2, 9}}, GELU, 0, VALUES_NORMAL},
    {{4, {2, 3, 5, 7}}, SILU, 0, VALUES_NORMAL},
    {{4, {33, 3, 5, 7}}, SIGMOID, 0, VALUES_NORMAL},
    {{2, {16, 128}}, TANH, 0, VALUES_NORMAL},
    {{4, {40, 7, 17, 19}}, GELU, 0, VALUES_NORMAL}, // more than one chunk and workgroup
    {{4, {40, 7, 17, 19}}, LEAKY, -0.5, VALUES_NORMAL},
    {{4, {16, 6, 14, 14}}, SILU, 0, VALUES_NORMAL},
    {{4, {16, 6, 14, 14}}, TANH, 0, VALUES_NORMAL},
    {{2, {33, 311}}, GELU, 0, VALUES_WIDE},
    {{2, {33, 311}}, SILU, 0, VALUES_WIDE},
    {{2, {33, 311}}, SIGMOID, 0, VALUES_WIDE},
    {{2, {33, 311}}, TANH, 0, VALUES_WIDE},
    {{2, {1, 255}}, GELU, 0, VALUES_SMALL},
    {{2, {1, 255}}, SILU, 0, VALUES_SMALL},
    {{2, {1, 255}}, SIGMOID, 0, VALUES_SMALL},
    {{2, {1, 255}}, TANH, 0, VALUES_SMALL},
    {{4, {17, 3, 5, 7}}, LEAKY, 0.125, VALUES_SPECIAL},
    {{4, {17, 3, 5, 7}}, LEAKY, 0, VALUES_SPECIAL},
    {{4, {17, 3, 5, 7}}, GELU, 0, VALUES_SPECIAL},
    {{4, {17, 3, 5, 7}}, SILU, 0, VALUES_SPECIAL},
    {{4, {17, 3, 5, 7}}, SIGMOID, 0, VALUES_SPECIAL},
    {{4, {17, 3, 5, 7}}, TANH, 0, VALUES_SPECIAL},
};

static const struct activation_shape large[] = {{{2, {3, 3000001}}, GELU, 0, VALUES_NORMAL}};

static const struct activation_shape perf[] = {
    {{4, {16, 6, 26, 26}}, GELU, 0, VALUES_NORMAL},     {{4, {64, 64, 32, 32}}, LEAKY, 0.01, VALUES_NORMAL},
    {{4, {64, 64, 32, 32}}, GELU, 0, VALUES_NORMAL},    {{4, {64, 64, 32, 32}}, SILU, 0, VALUES_NORMAL},
    {{4, {64, 64, 32, 32}}, SIGMOID, 0, VALUES_NORMAL}, {{4, {64, 64, 32, 32}}, TANH, 0, VALUES_NORMAL},
};

static void draw_shape(struct draw *draw, void *shape)
{
    static const double slopes[] = {0.01, 0.25, 1, -0.5};
    struct activation_shape *s = shape;
    s->dims.rank = draw_between(draw, 1, TUFF_MAX_RANK);
    s->dims.sizes[0] = draw_batch(draw);
    for (uint32_t i = 1; i < TUFF_MAX_RANK; i++)
        s->dims.sizes[i] = i < s->dims.rank ? draw_between(draw, 1, 19) : 1;
    s->kind = draw_between(draw, LEAKY, TANH);
    s->slope = s->kind == LEAKY ? slopes[draw_between(draw, 0, 3)] : 0;
    s->values = draw_between(draw, VALUES_NORMAL, VALUES_SPECIAL);
}

static enum tuff_status set_params(const struct activation_shape *s, struct case_setup *setup)
{
    const struct tuff_activation_params params = {
        .size = sizeof params, .kind = s->kind, .slope = (float)s->slope};
    return case_setup_params(setup, &params, sizeof params);
}

// Replaces some elements of the logical batch.
static void sprinkle(struct case_setup *setup, uint32_t index, const float *specials, uint32_t count)
{
    float *values = case_floats(setup, index);
    uint64_t elements = tuff_tensor_elements(&setup->tensors[index].shape);
    for (uint64_t i = 0, k = 0; i < elements; i += 3, k++)
        values[i] = specials[k % count];
}

static void fill_x(const struct activation_shape *s, struct case_setup *setup, uint32_t index)
{
    static const float bounds[] = {6, 0x1p-10f, 120, 6};
    const float specials[] = {NAN,     INFINITY, -INFINITY, 0.0f,   -0.0f,   -NAN,
                              FLT_MAX, -FLT_MAX, 1e30f,     -1e30f, -88.02f, 17.0f};
    const float bound = bounds[s->values];
    draw_uniform(setup->seed, case_stream(index), -bound, bound, case_floats(setup, index),
                 case_stored(setup, index));
    if (s->values == VALUES_SPECIAL)
        sprinkle(setup, index, specials, CASE_COUNT(specials));
}

// What may be flushed: numbers below the normal ones, times up to 120.
static const double TINY = 128 * (double)FLT_MIN;

// -- forward

static enum tuff_status forward_describe(const void *shape, struct case_setup *setup)
{
    const struct activation_shape *s = shape;
    for (uint32_t i = 0; i < 2; i++)
        case_setup_tensor(setup, i, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_FINITE);
    return set_params(s, setup);
}

static enum tuff_status forward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    (void)oracle;
    fill_x(shape, setup, 1);
    return TUFF_OK;
}

// Eight units, and what the header grants beyond: 2|t| units of an exponential e^t, which matter where it is
// small against 1, and for gelu an error of Phi.
static void forward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                              double *tolerance)
{
    const struct activation_shape *s = shape;
    const float *expected = view->expected[output], *x = case_floats((struct case_setup *)view->setup, 1);
    for (uint64_t i = 0; i < case_stored(view->setup, output); i++) {
        const double size = fabs((double)expected[i]), a = isfinite(x[i]) ? fabs((double)x[i]) : 0;
        double units = 8;
        if ((s->kind == SILU || s->kind == SIGMOID) && x[i] < 0)
            units += 2 * a;
        tolerance[i] = s->kind == LEAKY ? 2 * TOLERANCE_U * size + (double)FLT_MIN
                                        : 2 * TOLERANCE_U * units * size + TINY;
        if (s->kind == GELU)
            tolerance[i] += 2 * TOLERANCE_U * a;
    }
}

const struct conformance_op conformance_op_activation_forward = {
    .op = TUFF_OP_ACTIVATION_FORWARD,
    .batched = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct activation_shape),
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
    const struct activation_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 1, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 2, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_FINITE);
    return set_params(s, setup);
}

// Among the special cases is a dy of zero with every kind of x: 13 and 12 have no common divisor.
static enum tuff_status backward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct activation_shape *s = shape;
    (void)oracle;
    case_fill_signed(setup, 1);
    fill_x(s, setup, 2);
    float *dy = case_floats(setup, 1);
    for (uint64_t i = 0; s->values == VALUES_SPECIAL && i < case_stored(setup, 1); i += 13)
        dy[i] = 0.0f;
    return TUFF_OK;
}

// Derivatives lie between -0.13 and 1.13.
static void backward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                               double *tolerance)
{
    const struct activation_shape *s = shape;
    const float *expected = view->expected[output], *dy = case_floats((struct case_setup *)view->setup, 1);
    for (uint64_t i = 0; i < case_stored(view->setup, output); i++)
        tolerance[i] = s->kind == LEAKY ? 2 * TOLERANCE_U * fabs((double)expected[i]) + (double)FLT_MIN
                                        : 0x1p-20 * fabs((double)dy[i]);
}

const struct conformance_op conformance_op_activation_backward = {
    .op = TUFF_OP_ACTIVATION_BACKWARD,
    .batched = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct activation_shape),
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
