// fill, copy, add.
#include "case.h"
#include "tolerance.h"

#include <float.h>
#include <math.h>

static void draw_dims(struct draw *draw, struct case_dims *dims)
{
    dims->rank = draw_between(draw, 1, TUFF_MAX_RANK);
    dims->sizes[0] = draw_batch(draw);
    uint32_t most = dims->rank == 2 ? 300 : 19;
    for (uint32_t i = 1; i < TUFF_MAX_RANK; i++)
        dims->sizes[i] = i < dims->rank ? draw_between(draw, 1, most) : 1;
}

// -- fill

struct fill_shape {
    struct case_dims dims;
    uint32_t dtype;
    uint32_t bits;
};

static const char *const dtype_names[] = {"f32", "u32", "u8", NULL};

static const struct case_field fill_fields[] = {
    CASE_FIELD_DIMS(struct fill_shape, dims),
    CASE_FIELD_NAME(struct fill_shape, dtype, dtype_names),
    CASE_FIELD_HEX(struct fill_shape, bits),
};

static const struct fill_shape fill_corners[] = {
    {{1, {1}}, TUFF_F32, 0x3f800000},       {{1, {3}}, TUFF_U8, 0x12345678}, // takes the low byte
    {{1, {4099}}, TUFF_U8, 0xffffff01},     {{1, {17}}, TUFF_U32, 0xffffffff},
    {{2, {15, 7}}, TUFF_F32, 0x80000000}, // -0
    {{3, {2, 3, 5}}, TUFF_F32, 0x7fc00000}, {{4, {33, 3, 5, 7}}, TUFF_F32, 0x40490fdb},
    {{1, {70001}}, TUFF_F32, 0xbf000000},   {{1, {70001}}, TUFF_U32, 0x00000007},
};

static const struct fill_shape fill_large[] = {{{1, {9000001}}, TUFF_F32, 0x3f800000}};

static const struct fill_shape fill_perf[] = {
    {{1, {1000000}}, TUFF_F32, 0x3f800000},
    {{4, {64, 64, 32, 32}}, TUFF_F32, 0},
};

static void fill_draw(struct draw *draw, void *shape)
{
    struct fill_shape *s = shape;
    draw_dims(draw, &s->dims);
    s->dtype = draw_between(draw, TUFF_F32, TUFF_U8);
    s->bits = draw_between(draw, 0, 0x7f7fffff);
}

static enum tuff_status fill_describe(const void *shape, struct case_setup *setup)
{
    const struct fill_shape *s = shape;
    const struct tuff_fill_params params = {.size = sizeof params, .bits = s->bits};
    case_setup_tensor(setup, 0, s->dtype, s->dims.rank, s->dims.sizes, CASE_PADDING_COMPUTED);
    return case_setup_params(setup, &params, sizeof params);
}

const struct conformance_op conformance_op_fill = {
    .op = TUFF_OP_FILL,
    .batched = true,
    .fields = fill_fields,
    .field_count = CASE_COUNT(fill_fields),
    .shape_size = sizeof(struct fill_shape),
    .corners = fill_corners,
    .corner_count = CASE_COUNT(fill_corners),
    .large = fill_large,
    .large_count = CASE_COUNT(fill_large),
    .draw = fill_draw,
    .describe = fill_describe,
    .perf = fill_perf,
    .perf_count = CASE_COUNT(fill_perf),
};

// -- copy. The case's layout is y's, `from` is x's.

struct copy_shape {
    struct case_dims dims;
    uint32_t dtype;
    uint32_t from;
};

static const char *const copy_dtype_names[] = {"f32", "u32", NULL};
static const char *const copy_layout_names[] = {"row_major", "batch16", NULL};

static const struct case_field copy_fields[] = {
    CASE_FIELD_DIMS(struct copy_shape, dims),
    CASE_FIELD_NAME(struct copy_shape, dtype, copy_dtype_names),
    CASE_FIELD_NAME(struct copy_shape, from, copy_layout_names),
};

static const struct copy_shape copy_corners[] = {
    {{1, {1}}, TUFF_F32, TUFF_LAYOUT_ROW_MAJOR},
    {{1, {1}}, TUFF_F32, TUFF_LAYOUT_BATCH16},
    {{1, {17}}, TUFF_U32, TUFF_LAYOUT_ROW_MAJOR},
    {{1, {17}}, TUFF_U32, TUFF_LAYOUT_BATCH16},
    {{2, {15, 7}}, TUFF_F32, TUFF_LAYOUT_ROW_MAJOR},
    {{2, {15, 7}}, TUFF_F32, TUFF_LAYOUT_BATCH16},
    {{2, {16, 130}}, TUFF_F32, TUFF_LAYOUT_ROW_MAJOR},
    {{2, {16, 130}}, TUFF_F32, TUFF_LAYOUT_BATCH16},
    {{3, {2, 3, 5}}, TUFF_U32, TUFF_LAYOUT_ROW_MAJOR},
    {{3, {2, 3, 5}}, TUFF_U32, TUFF_LAYOUT_BATCH16},
    {{4, {33, 3, 5, 7}}, TUFF_F32, TUFF_LAYOUT_ROW_MAJOR},
    {{4, {33, 3, 5, 7}}, TUFF_F32, TUFF_LAYOUT_BATCH16},
    {{4, {70, 3, 17, 19}}, TUFF_F32, TUFF_LAYOUT_ROW_MAJOR},
    {{4, {70, 3, 17, 19}}, TUFF_F32, TUFF_LAYOUT_BATCH16},
};

static const struct copy_shape copy_perf[] = {
    {{4, {16, 6, 26, 26}}, TUFF_F32, TUFF_LAYOUT_ROW_MAJOR},
    {{4, {64, 64, 32, 32}}, TUFF_F32, TUFF_LAYOUT_ROW_MAJOR},
};

static void copy_draw(struct draw *draw, void *shape)
{
    struct copy_shape *s = shape;
    draw_dims(draw, &s->dims);
    s->dtype = draw_between(draw, TUFF_F32, TUFF_U32);
    s->from = draw_between(draw, TUFF_LAYOUT_ROW_MAJOR, TUFF_LAYOUT_BATCH16);
}

static enum tuff_status copy_describe(const void *shape, struct case_setup *setup)
{
    const struct copy_shape *s = shape;
    bool both = setup->layout == TUFF_LAYOUT_BATCH16 && s->from == TUFF_LAYOUT_BATCH16;
    case_setup_tensor(setup, 0, s->dtype, s->dims.rank, s->dims.sizes,
                      both ? CASE_PADDING_COMPUTED : CASE_PADDING_ZERO);
    case_setup_tensor(setup, 1, s->dtype, s->dims.rank, s->dims.sizes, CASE_PADDING_FINITE);
    setup->tensors[1].shape.layout = s->from;
    return TUFF_OK;
}

static enum tuff_status copy_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct copy_shape *s = shape;
    (void)oracle;
    if (s->dtype == TUFF_F32)
        case_fill_signed(setup, 1);
    else
        draw_words(setup->seed, case_stream(1), case_words(setup, 1), case_stored(setup, 1));
    return TUFF_OK;
}

const struct conformance_op conformance_op_copy = {
    .op = TUFF_OP_COPY,
    .batched = true,
    .fields = copy_fields,
    .field_count = CASE_COUNT(copy_fields),
    .shape_size = sizeof(struct copy_shape),
    .corners = copy_corners,
    .corner_count = CASE_COUNT(copy_corners),
    .draw = copy_draw,
    .describe = copy_describe,
    .fill = copy_fill,
    .perf = copy_perf,
    .perf_count = CASE_COUNT(copy_perf),
};

// -- cast

struct cast_shape {
    struct case_dims dims;
    uint32_t to; // enum tuff_dtype: TUFF_F32 or TUFF_F16
};

static const char *const cast_types[] = {
    [TUFF_F32] = "f32", [TUFF_U32] = "u32", [TUFF_U8] = "u8", [TUFF_F16] = "f16", NULL};

static const struct case_field cast_fields[] = {
    CASE_FIELD_DIMS(struct cast_shape, dims),
    CASE_FIELD_NAME(struct cast_shape, to, cast_types),
};

static const struct cast_shape cast_corners[] = {
    {{1, {1}}, TUFF_F16},           {{1, {1}}, TUFF_F32},          {{1, {3}}, TUFF_F16},
    {{2, {15, 7}}, TUFF_F32},       {{2, {16, 130}}, TUFF_F16},    {{3, {2, 3, 5}}, TUFF_F16},
    {{4, {33, 3, 5, 7}}, TUFF_F32}, {{4, {2, 3, 5, 7}}, TUFF_F16}, {{1, {61707}}, TUFF_F16},
};

static const struct cast_shape cast_large[] = {{{1, {9000001}}, TUFF_F16}};

static const struct cast_shape cast_perf[] = {{{1, {60074}}, TUFF_F16}, {{1, {11173962}}, TUFF_F16}};

static void cast_draw(struct draw *draw, void *shape)
{
    struct cast_shape *s = shape;
    draw_dims(draw, &s->dims);
    s->to = draw_between(draw, 0, 1) == 0 ? TUFF_F32 : TUFF_F16;
}

static enum tuff_status cast_describe(const void *shape, struct case_setup *setup)
{
    const struct cast_shape *s = shape;
    const uint32_t from = s->to == TUFF_F32 ? TUFF_F16 : TUFF_F32;
    case_setup_tensor(setup, 0, s->to, s->dims.rank, s->dims.sizes, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 1, from, s->dims.rank, s->dims.sizes, CASE_PADDING_FINITE);
    return TUFF_OK;
}

// Of all sizes: from below what float16 has to beyond it.
static enum tuff_status cast_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    (void)shape, (void)oracle;
    float *x = case_floats(setup, 1);
    case_fill_signed(setup, 1);
    for (uint64_t i = 0; i < case_stored(setup, 1); i++)
        x[i] = ldexpf(x[i], (int)(i % 46) - 28);
    if (case_stored(setup, 1) > 2)
        x[1] = -INFINITY, x[2] = NAN;
    return TUFF_OK;
}

const struct conformance_op conformance_op_cast = {
    .op = TUFF_OP_CAST,
    .fields = cast_fields,
    .field_count = CASE_COUNT(cast_fields),
    .shape_size = sizeof(struct cast_shape),
    .corners = cast_corners,
    .corner_count = CASE_COUNT(cast_corners),
    .large = cast_large,
    .large_count = CASE_COUNT(cast_large),
    .draw = cast_draw,
    .describe = cast_describe,
    .fill = cast_fill,
    .perf = cast_perf,
    .perf_count = CASE_COUNT(cast_perf),
};

// -- add

struct add_shape {
    struct case_dims dims;
};

static const struct case_field add_fields[] = {CASE_FIELD_DIMS(struct add_shape, dims)};

static const struct add_shape add_corners[] = {
    {{1, {1}}},          {{1, {3}}},           {{2, {17, 13}}},  {{3, {15, 2, 9}}},
    {{4, {2, 3, 5, 7}}}, {{4, {33, 3, 5, 7}}}, {{2, {16, 128}}}, {{4, {40, 7, 17, 19}}},
};

static const struct add_shape add_large[] = {{{2, {3, 3000001}}}};

static const struct add_shape add_perf[] = {
    {{4, {16, 6, 26, 26}}}, {{4, {512, 6, 26, 26}}}, {{4, {64, 64, 32, 32}}}};

static void add_draw(struct draw *draw, void *shape)
{
    struct add_shape *s = shape;
    draw_dims(draw, &s->dims);
}

static enum tuff_status add_describe(const void *shape, struct case_setup *setup)
{
    const struct add_shape *s = shape;
    for (uint32_t i = 0; i < 3; i++)
        case_setup_tensor(setup, i, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static enum tuff_status add_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    (void)shape;
    (void)oracle;
    case_fill_signed(setup, 1);
    case_fill_signed(setup, 2);
    return TUFF_OK;
}

// One rounding here, one in the oracle; a device may flush what is below the normal numbers.
static void add_tolerance(const void *shape, const struct case_view *view, uint32_t output, double *tolerance)
{
    (void)shape;
    const float *expected = view->expected[output];
    for (uint64_t i = 0; i < case_stored(view->setup, output); i++)
        tolerance[i] = 2 * TOLERANCE_U * fabs((double)expected[i]) + (double)FLT_MIN;
}

const struct conformance_op conformance_op_add = {
    .op = TUFF_OP_ADD,
    .batched = true,
    .fields = add_fields,
    .field_count = CASE_COUNT(add_fields),
    .shape_size = sizeof(struct add_shape),
    .corners = add_corners,
    .corner_count = CASE_COUNT(add_corners),
    .large = add_large,
    .large_count = CASE_COUNT(add_large),
    .draw = add_draw,
    .describe = add_describe,
    .fill = add_fill,
    .tolerance = add_tolerance,
    .perf = add_perf,
    .perf_count = CASE_COUNT(add_perf),
};
