// The norm of a gradient arena, and clipping to one.
#include "case.h"
#include "tolerance.h"

#include <float.h>
#include <string.h>

// -- gradient_norm

enum values {
    VALUES_NORMAL,
    VALUES_SPREAD,   // of all sizes, some zero
    VALUES_ZERO,     // nothing but zeros
    VALUES_LARGE,    // squares near the end of float32's range, their sum within
    VALUES_OVERFLOW, // squares within float32's range, their sum beyond
    VALUES_INFINITE, // the last is minus infinity
    VALUES_NAN,      // the last is a NaN
};

static const char *const values_names[] = {"normal",   "spread",   "zero", "large",
                                           "overflow", "infinite", "nan",  NULL};

struct norm_shape {
    uint32_t count, values;
};

static const struct case_field norm_fields[] = {
    CASE_FIELD_U32(struct norm_shape, count),
    CASE_FIELD_NAME(struct norm_shape, values, values_names),
};

static const struct norm_shape norm_corners[] = {
    {1, VALUES_NORMAL},        {1, VALUES_ZERO},         {2, VALUES_OVERFLOW},     {3, VALUES_LARGE},
    {15, VALUES_NORMAL},       {16, VALUES_SPREAD},      {17, VALUES_NORMAL},      {127, VALUES_NORMAL},
    {128, VALUES_NORMAL},      {129, VALUES_NORMAL},     {1023, VALUES_NORMAL},    {1025, VALUES_NORMAL},
    {2047, VALUES_NORMAL},     {2048, VALUES_NORMAL},    {2049, VALUES_NORMAL},    {8191, VALUES_INFINITE},
    {8193, VALUES_NORMAL},     {8193, VALUES_NAN},       {20000, VALUES_SPREAD},   {61706, VALUES_NORMAL},
    {262147, VALUES_NORMAL}, // 2048 * 128 and three
    {300001, VALUES_OVERFLOW}, {1048579, VALUES_NORMAL}, {4300003, VALUES_NORMAL},
};

static const struct norm_shape norm_large[] = {{30000001, VALUES_NORMAL}};

static const struct norm_shape norm_perf[] = {
    {60074, VALUES_NORMAL}, {1000000, VALUES_NORMAL}, {11173962, VALUES_NORMAL}};

static void norm_draw_shape(struct draw *draw, void *shape)
{
    struct norm_shape *s = shape;
    s->count = draw_between(draw, 1, draw_between(draw, 0, 1) == 0 ? 3000 : 40000);
    s->values = draw_between(draw, VALUES_NORMAL, VALUES_NAN);
}

static enum tuff_status norm_describe(const void *shape, struct case_setup *setup)
{
    const struct norm_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_F32, 1, (uint32_t[]){1}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 1, TUFF_F32, 1, (uint32_t[]){s->count}, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static enum tuff_status norm_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct norm_shape *s = shape;
    float *g = case_floats(setup, 1);
    (void)oracle;
    case_fill_signed(setup, 1);
    for (uint64_t i = 0; i < s->count; i++)
        switch (s->values) {
        case VALUES_SPREAD:
            g[i] = i % 7 == 3 ? 0.0f : ldexpf(g[i], -(int)(i % 12));
            break;
        case VALUES_ZERO:
            g[i] = i % 2 == 0 ? 0.0f : -0.0f;
            break;
        case VALUES_LARGE: // the sum is below 2^126
            g[i] *= (float)(0x1p63 / sqrt((double)s->count));
            break;
        case VALUES_OVERFLOW: // each square is 1.76 * 2^127
            g[i] = i == 0 || i + 1 == s->count ? 0x1.ep63f : 0.0f;
            break;
        default:
            break;
        }
    if (s->values == VALUES_INFINITE || s->values == VALUES_NAN)
        g[s->count - 1] = s->values == VALUES_NAN ? NAN : -INFINITY;
    return TUFF_OK;
}

// Whatever the length: partial sums' rounding, at most a few units, and a root, for which Vulkan allows 5
// units in the last place (a unit is 2u). What is added up term by term exceeds this from some hundred
// thousand terms on.
static void norm_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                           double *tolerance)
{
    const float *expected = view->expected[output];
    (void)shape;
    tolerance[0] = 20 * TOLERANCE_U * (double)expected[0];
}

const struct conformance_op conformance_op_gradient_norm = {
    .op = TUFF_OP_GRADIENT_NORM,
    .fields = norm_fields,
    .field_count = CASE_COUNT(norm_fields),
    .shape_size = sizeof(struct norm_shape),
    .corners = norm_corners,
    .corner_count = CASE_COUNT(norm_corners),
    .large = norm_large,
    .large_count = CASE_COUNT(norm_large),
    .draw = norm_draw_shape,
    .describe = norm_describe,
    .fill = norm_fill,
    .tolerance = norm_tolerance,
    .perf = norm_perf,
    .perf_count = CASE_COUNT(norm_perf),
};

// -- gradient_clip

enum norm_kind { NORM_GIVEN, NORM_INFINITE, NORM_NAN };

static const char *const norm_names[] = {"given", "infinite", "nan", NULL};

struct clip_shape {
    uint32_t count, kind;
    double max_norm, norm; // norm: if that is given
};

static const struct case_field clip_fields[] = {
    CASE_FIELD_U32(struct clip_shape, count),
    CASE_FIELD_NAME(struct clip_shape, kind, norm_names),
    CASE_FIELD_F64(struct clip_shape, max_norm),
    CASE_FIELD_F64(struct clip_shape, norm),
};

static const struct clip_shape clip_corners[] = {
    {1, NORM_GIVEN, 1, 8},       {3, NORM_GIVEN, 1, 0.5},        {15, NORM_GIVEN, 1, 1},
    {16, NORM_GIVEN, 0.5, 3},    {17, NORM_GIVEN, 5, 0},         {33, NORM_GIVEN, 1e-7, 0},
    {33, NORM_GIVEN, 2e-6, 0},   {129, NORM_GIVEN, 0.1, 1e4},    {255, NORM_INFINITE, 1, 0},
    {257, NORM_NAN, 1, 0},       {4099, NORM_GIVEN, 0.25, 2.5},  {8193, NORM_GIVEN, 1e-6, 1e-6},
    {8193, NORM_GIVEN, 100, 99}, {61706, NORM_GIVEN, 1, 123.25}, {131075, NORM_GIVEN, 3, 3.5},
};

static const struct clip_shape clip_large[] = {{9000001, NORM_GIVEN, 1, 12.5}};

// Each call scales by so little that many of them leave ordinary numbers.
static const struct clip_shape clip_perf[] = {{60074, NORM_GIVEN, 1, 1.000001},
                                              {1000000, NORM_GIVEN, 1, 1.000001},
                                              {11173962, NORM_GIVEN, 1, 1.000001}};

static void clip_draw_shape(struct draw *draw, void *shape)
{
    static const double bounds[] = {0.1, 1, 5}, norms[] = {0, 0.01, 0.5, 1, 1.5, 20, 3000};
    struct clip_shape *s = shape;
    s->count = draw_between(draw, 1, 3000);
    s->max_norm = bounds[draw_between(draw, 0, CASE_COUNT(bounds) - 1)];
    s->norm = norms[draw_between(draw, 0, CASE_COUNT(norms) - 1)];
    s->kind = draw_between(draw, 0, 5) == 0 ? draw_between(draw, NORM_INFINITE, NORM_NAN) : NORM_GIVEN;
}

static enum tuff_status clip_describe(const void *shape, struct case_setup *setup)
{
    const struct clip_shape *s = shape;
    const struct tuff_gradient_clip_params params = {.size = sizeof params, .max_norm = (float)s->max_norm};
    case_setup_tensor(setup, 0, TUFF_F32, 1, (uint32_t[]){s->count}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 1, TUFF_F32, 1, (uint32_t[]){1}, CASE_PADDING_FINITE);
    return case_setup_params(setup, &params, sizeof params);
}

// Some gradients are so small that they are no normal numbers, which must not matter where nothing is
// clipped.
static enum tuff_status clip_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct clip_shape *s = shape;
    float *g = case_floats(setup, 0);
    (void)oracle;
    case_fill_signed(setup, 0);
    for (uint64_t i = 0; i < s->count && !setup->timed; i++)
        g[i] = i % 7 == 3 ? 0.0f : ldexpf(g[i], i % 11 == 5 ? -130 : -(int)(i % 12));
    case_floats(setup, 1)[0] = s->kind == NORM_NAN        ? NAN
                               : s->kind == NORM_INFINITE ? INFINITY
                                                          : (float)s->norm;
    return TUFF_OK;
}

// Where nothing is to be clipped all bits stay. Else a division, good to 2.5 units in the last place, and
// three roundings; what is no normal number may have been flushed.
static void clip_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                           double *tolerance)
{
    const struct clip_shape *s = shape;
    const float *expected = view->expected[output];
    const bool kept = s->kind == NORM_GIVEN && (s->norm + 1e-6) * (1 + 8 * TOLERANCE_U) <= s->max_norm;
    for (uint64_t i = 0; i < s->count; i++)
        tolerance[i] = kept ? CASE_EXACT : 10 * TOLERANCE_U * fabs((double)expected[i]) + (double)FLT_MIN;
}

const struct conformance_op conformance_op_gradient_clip = {
    .op = TUFF_OP_GRADIENT_CLIP,
    .fields = clip_fields,
    .field_count = CASE_COUNT(clip_fields),
    .shape_size = sizeof(struct clip_shape),
    .corners = clip_corners,
    .corner_count = CASE_COUNT(clip_corners),
    .large = clip_large,
    .large_count = CASE_COUNT(clip_large),
    .draw = clip_draw_shape,
    .describe = clip_describe,
    .fill = clip_fill,
    .tolerance = clip_tolerance,
    .perf = clip_perf,
    .perf_count = CASE_COUNT(clip_perf),
};
