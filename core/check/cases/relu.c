// Rectified linear unit, forward and backward.
#include "case.h"

#include <math.h>

enum values { VALUES_NORMAL, VALUES_SPECIAL };

static const char *const values_names[] = {"normal", "special", NULL};

struct relu_shape {
    struct case_dims dims;
    uint32_t values;
};

static const struct case_field fields[] = {
    CASE_FIELD_DIMS(struct relu_shape, dims),
    CASE_FIELD_NAME(struct relu_shape, values, values_names),
};

static const struct relu_shape corners[] = {
    {{1, {1}}, VALUES_NORMAL},
    {{2, {17, 13}}, VALUES_NORMAL},
    {{3, {15, 2, 9}}, VALUES_NORMAL},
    {{4, {2, 3, 5, 7}}, VALUES_NORMAL},
    {{4, {33, 3, 5, 7}}, VALUES_NORMAL},
    {{2, {16, 128}}, VALUES_NORMAL},
    {{2, {1, 255}}, VALUES_SPECIAL},
    {{4, {16, 6, 14, 14}}, VALUES_NORMAL},
    {{4, {40, 7, 17, 19}}, VALUES_NORMAL},
    {{4, {17, 3, 5, 7}}, VALUES_SPECIAL},
};

static const struct relu_shape large[] = {{{2, {3, 3000001}}, VALUES_NORMAL}};

static const struct relu_shape perf[] = {
    {{4, {16, 6, 26, 26}}, VALUES_NORMAL}, // LeNet's
    {{4, {512, 6, 26, 26}}, VALUES_NORMAL},
    {{4, {64, 64, 32, 32}}, VALUES_NORMAL}, // a residual network's
};

static void draw_shape(struct draw *draw, void *shape)
{
    struct relu_shape *s = shape;
    s->dims.rank = draw_between(draw, 1, TUFF_MAX_RANK);
    s->dims.sizes[0] = draw_batch(draw);
    for (uint32_t i = 1; i < TUFF_MAX_RANK; i++)
        s->dims.sizes[i] = i < s->dims.rank ? draw_between(draw, 1, 19) : 1;
    s->values = draw_between(draw, VALUES_NORMAL, VALUES_SPECIAL);
}

// Replaces some elements of the logical batch by what arithmetic gets wrong.
static void sprinkle(struct case_setup *setup, uint32_t index, const float *specials, uint32_t count)
{
    float *values = case_floats(setup, index);
    uint64_t elements = tuff_tensor_elements(&setup->tensors[index].shape);
    for (uint64_t i = 0, k = 0; i < elements; i += 3, k++)
        values[i] = specials[k % count];
}

// -- forward

static enum tuff_status forward_describe(const void *shape, struct case_setup *setup)
{
    const struct relu_shape *s = shape;
    for (uint32_t i = 0; i < 2; i++)
        case_setup_tensor(setup, i, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static enum tuff_status forward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct relu_shape *s = shape;
    const float specials[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f, -NAN};
    (void)oracle;
    case_fill_signed(setup, 1);
    if (s->values == VALUES_SPECIAL)
        sprinkle(setup, 1, specials, CASE_COUNT(specials));
    return TUFF_OK;
}

const struct conformance_op conformance_op_relu_forward = {
    .op = TUFF_OP_RELU_FORWARD,
    .batched = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct relu_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = forward_describe,
    .fill = forward_fill,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- backward

static enum tuff_status backward_describe(const void *shape, struct case_setup *setup)
{
    const struct relu_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 1, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 2, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_FINITE);
    return TUFF_OK;
}

// y is what forward leaves: positive, or exactly +0. Where it is 0, dx is 0 whatever dy is, infinity and NaN
// too.
static enum tuff_status backward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct relu_shape *s = shape;
    const float specials[] = {INFINITY, NAN, -INFINITY, 0.0f};
    (void)oracle;
    case_fill_signed(setup, 1);
    case_fill_signed(setup, 2);
    float *y = case_floats(setup, 2);
    for (uint64_t i = 0; i < case_stored(setup, 2); i++)
        if (!(y[i] > 0))
            y[i] = 0.0f;
    if (s->values == VALUES_SPECIAL)
        sprinkle(setup, 1, specials, CASE_COUNT(specials));
    return TUFF_OK;
}

// Zeros of either sign are zeros.
static void backward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                               double *tolerance)
{
    (void)shape;
    for (uint64_t i = 0; i < case_stored(view->setup, output); i++)
        tolerance[i] = 0;
}

const struct conformance_op conformance_op_relu_backward = {
    .op = TUFF_OP_RELU_BACKWARD,
    .batched = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct relu_shape),
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
