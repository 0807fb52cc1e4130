// multiply, concat_forward, concat_backward.
#include "case.h"
#include "tolerance.h"

#include <float.h>

// -- multiply

enum values { VALUES_NORMAL, VALUES_SPECIAL };

static const char *const values_names[] = {"normal", "special", NULL};

struct multiply_shape {
    struct case_dims dims;
    uint32_t values;
};

static const struct case_field multiply_fields[] = {
    CASE_FIELD_DIMS(struct multiply_shape, dims),
    CASE_FIELD_NAME(struct multiply_shape, values, values_names),
};

static const struct multiply_shape multiply_corners[] = {
    {{1, {1}}, VALUES_NORMAL},
    {{1, {3}}, VALUES_NORMAL},
    {{2, {17, 13}}, VALUES_NORMAL},
    {{3, {15, 2, 9}}, VALUES_NORMAL},
    {{4, {2, 3, 5, 7}}, VALUES_NORMAL},
    {{4, {33, 3, 5, 7}}, VALUES_NORMAL},
    {{2, {16, 128}}, VALUES_NORMAL},
    {{4, {40, 7, 17, 19}}, VALUES_NORMAL},
    {{4, {17, 3, 5, 7}}, VALUES_SPECIAL},
    {{2, {1, 255}}, VALUES_SPECIAL},
};

static const struct multiply_shape multiply_large[] = {{{2, {3, 3000001}}, VALUES_NORMAL}};

static const struct multiply_shape multiply_perf[] = {
    {{4, {16, 6, 26, 26}}, VALUES_NORMAL},
    {{4, {64, 64, 32, 32}}, VALUES_NORMAL},
};

static void multiply_draw(struct draw *draw, void *shape)
{
    struct multiply_shape *s = shape;
    s->dims.rank = draw_between(draw, 1, TUFF_MAX_RANK);
    s->dims.sizes[0] = draw_batch(draw);
    for (uint32_t i = 1; i < TUFF_MAX_RANK; i++)
        s->dims.sizes[i] = i < s->dims.rank ? draw_between(draw, 1, 19) : 1;
    s->values = draw_between(draw, VALUES_NORMAL, VALUES_SPECIAL);
}

static enum tuff_status multiply_describe(const void *shape, struct case_setup *setup)
{
    const struct multiply_shape *s = shape;
    for (uint32_t i = 0; i < 3; i++)
        case_setup_tensor(setup, i, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static enum tuff_status multiply_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct multiply_shape *s = shape;
    const float specials[] = {NAN, INFINITY, -INFINITY, 0.0f, -0.0f};
    (void)oracle;
    case_fill_signed(setup, 1);
    case_fill_signed(setup, 2);
    if (s->values == VALUES_NORMAL)
        return TUFF_OK;
    const uint64_t elements = tuff_tensor_elements(&setup->tensors[1].shape), kinds = CASE_COUNT(specials);
    float *a = case_floats(setup, 1), *b = case_floats(setup, 2);
    for (uint64_t i = 0; i < elements; i += 3)
        a[i] = specials[i / 3 % kinds];
    for (uint64_t i = 0; i < elements; i += 2) // all pairs of two meet, infinity and 0 among them
        b[i] = specials[i / 2 / kinds % kinds];
    return TUFF_OK;
}

// One rounding here, one in the oracle; a device may flush what is below the normal numbers.
static void multiply_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                               double *tolerance)
{
    (void)shape;
    const float *expected = view->expected[output];
    for (uint64_t i = 0; i < case_stored(view->setup, output); i++)
        tolerance[i] = 2 * TOLERANCE_U * fabs((double)expected[i]) + (double)FLT_MIN;
}

const struct conformance_op conformance_op_multiply = {
    .op = TUFF_OP_MULTIPLY,
    .batched = true,
    .fields = multiply_fields,
    .field_count = CASE_COUNT(multiply_fields),
    .shape_size = sizeof(struct multiply_shape),
    .corners = multiply_corners,
    .corner_count = CASE_COUNT(multiply_corners),
    .large = multiply_large,
    .large_count = CASE_COUNT(multiply_large),
    .draw = multiply_draw,
    .describe = multiply_describe,
    .fill = multiply_fill,
    .tolerance = multiply_tolerance,
    .perf = multiply_perf,
    .perf_count = CASE_COUNT(multiply_perf),
};

// -- concat, forward and backward

struct concat_shape {
    struct case_dims dims; // of a
    uint32_t b;            // channels
};

static const struct case_field concat_fields[] = {
    CASE_FIELD_DIMS(struct concat_shape, dims),
    CASE_FIELD_U32(struct concat_shape, b),
};

static const struct concat_shape concat_corners[] = {
    {{2, {1, 1}}, 1},          {{2, {17, 3}}, 5},       {{3, {15, 2, 9}}, 1},     {{4, {2, 3, 5, 7}}, 2},
    {{4, {33, 1, 5, 7}}, 4},   {{2, {16, 128}}, 64},    {{4, {1, 2, 90, 70}}, 3}, // chunks within a row
    {{4, {40, 7, 17, 19}}, 2}, {{4, {64, 3, 3, 3}}, 9},
};

static const struct concat_shape concat_large[] = {{{2, {3, 3000001}}, 1000003}};

static const struct concat_shape concat_perf[] = {
    {{4, {32, 64, 32, 32}}, 64}, {{4, {32, 256, 8, 8}}, 32}, // a dense block's
};

static void concat_draw(struct draw *draw, void *shape)
{
    struct concat_shape *s = shape;
    s->dims.rank = draw_between(draw, 2, TUFF_MAX_RANK);
    s->dims.sizes[0] = draw_batch(draw);
    for (uint32_t i = 1; i < TUFF_MAX_RANK; i++)
        s->dims.sizes[i] = i < s->dims.rank ? draw_between(draw, 1, 19) : 1;
    s->b = draw_between(draw, 1, 19);
}

static void concat_tensors(const struct concat_shape *s, struct case_setup *setup, uint32_t a, uint32_t b,
                           uint32_t whole, enum case_padding padding)
{
    struct case_dims dims = s->dims;
    case_setup_tensor(setup, a, TUFF_F32, dims.rank, dims.sizes, padding);
    dims.sizes[1] = s->b;
    case_setup_tensor(setup, b, TUFF_F32, dims.rank, dims.sizes, padding);
    dims.sizes[1] = s->dims.sizes[1] + s->b;
    case_setup_tensor(setup, whole, TUFF_F32, dims.rank, dims.sizes, padding);
}

static enum tuff_status concat_forward_describe(const void *shape, struct case_setup *setup)
{
    concat_tensors(shape, setup, 1, 2, 0, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static enum tuff_status concat_forward_fill(const void *shape, struct case_setup *setup,
                                            struct tuff_target *oracle)
{
    (void)shape;
    (void)oracle;
    case_fill_signed(setup, 1);
    case_fill_signed(setup, 2);
    return TUFF_OK;
}

const struct conformance_op conformance_op_concat_forward = {
    .op = TUFF_OP_CONCAT_FORWARD,
    .batched = true,
    .fields = concat_fields,
    .field_count = CASE_COUNT(concat_fields),
    .shape_size = sizeof(struct concat_shape),
    .corners = concat_corners,
    .corner_count = CASE_COUNT(concat_corners),
    .large = concat_large,
    .large_count = CASE_COUNT(concat_large),
    .draw = concat_draw,
    .describe = concat_forward_describe,
    .fill = concat_forward_fill,
    .perf = concat_perf,
    .perf_count = CASE_COUNT(concat_perf),
};

static enum tuff_status concat_backward_describe(const void *shape, struct case_setup *setup)
{
    concat_tensors(shape, setup, 0, 1, 2, CASE_PADDING_ZERO);
    return TUFF_OK;
}

static enum tuff_status concat_backward_fill(const void *shape, struct case_setup *setup,
                                             struct tuff_target *oracle)
{
    (void)shape;
    (void)oracle;
    case_fill_signed(setup, 2);
    return TUFF_OK;
}

const struct conformance_op conformance_op_concat_backward = {
    .op = TUFF_OP_CONCAT_BACKWARD,
    .batched = true,
    .fields = concat_fields,
    .field_count = CASE_COUNT(concat_fields),
    .shape_size = sizeof(struct concat_shape),
    .corners = concat_corners,
    .corner_count = CASE_COUNT(concat_corners),
    .large = concat_large,
    .large_count = CASE_COUNT(concat_large),
    .draw = concat_draw,
    .describe = concat_backward_describe,
    .fill = concat_backward_fill,
    .perf = concat_perf,
    .perf_count = CASE_COUNT(concat_perf),
};
