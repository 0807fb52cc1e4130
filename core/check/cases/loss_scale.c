// The loss's scale: how it follows the gradients' norm, and how they are freed of it.
#include "case.h"
#include "state.h"
#include "tolerance.h"

#include <math.h>

// -- loss_scale_update

enum norm_kind { NORM_FINITE, NORM_INFINITE, NORM_NAN };

static const char *const norm_names[] = {"finite", "infinite", "nan", NULL};

struct update_shape {
    uint32_t kind, interval, good_steps;
    double scale;
};

static const struct case_field update_fields[] = {
    CASE_FIELD_NAME(struct update_shape, kind, norm_names),
    CASE_FIELD_U32(struct update_shape, interval),
    CASE_FIELD_U32(struct update_shape, good_steps),
    CASE_FIELD_F64(struct update_shape, scale),
};

static const struct update_shape update_corners[] = {
    {NORM_FINITE, 2000, 0, 65536},
    {NORM_FINITE, 2000, 1998, 65536},
    {NORM_FINITE, 2000, 1999, 65536},
    {NORM_FINITE, 1, 0, 4},
    {NORM_FINITE, 3, 2, 16777216},
    {NORM_FINITE, 3, 2, 8388608},
    {NORM_INFINITE, 2000, 1999, 65536},
    {NORM_INFINITE, 2000, 7, 2},
    {NORM_INFINITE, 2000, 0, 1},
    {NORM_NAN, 2000, 1999, 65536},
    {NORM_NAN, 2000, 3, 1},
};

static const struct update_shape update_perf[] = {{NORM_FINITE, 2000, 0, 65536}};

static void update_draw(struct draw *draw, void *shape)
{
    struct update_shape *s = shape;
    s->kind = draw_between(draw, NORM_FINITE, NORM_NAN);
    s->interval = draw_between(draw, 1, 50);
    s->good_steps = draw_between(draw, 0, s->interval - 1);
    s->scale = ldexp(1, (int)draw_between(draw, 0, 24));
}

static enum tuff_status update_describe(const void *shape, struct case_setup *setup)
{
    const struct update_shape *s = shape;
    const struct tuff_loss_scale_update_params params = {.size = sizeof params, .interval = s->interval};
    case_setup_state(setup, 0);
    case_setup_tensor(setup, 1, TUFF_F32, 1, (uint32_t[]){1}, CASE_PADDING_FINITE);
    if (s->good_steps >= s->interval)
        return tuff_fail(setup->log, TUFF_ERROR_INVALID, "good_steps is %u, expected below interval = %u",
                         s->good_steps, s->interval);
    return case_setup_params(setup, &params, sizeof params);
}

static enum tuff_status update_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    static const float norms[] = {[NORM_FINITE] = 37.25f, [NORM_INFINITE] = INFINITY, [NORM_NAN] = NAN};
    const struct update_shape *s = shape;
    (void)oracle;
    const struct tuff_step_state state = {.cursor = 9,
                                          .skip = s->kind == NORM_FINITE, // the other one than it becomes
                                          .loss_scale = (float)s->scale,
                                          .unscale = 0.375f,
                                          .good_steps = s->good_steps,
                                          .skipped = 41,
                                          .row = case_row(4, 5, 6)};
    memcpy(setup->tensors[0].values, &state, sizeof state);
    case_floats(setup, 1)[0] = norms[s->kind];
    return TUFF_OK;
}

const struct conformance_op conformance_op_loss_scale_update = {
    .op = TUFF_OP_LOSS_SCALE_UPDATE,
    .fields = update_fields,
    .field_count = CASE_COUNT(update_fields),
    .shape_size = sizeof(struct update_shape),
    .corners = update_corners,
    .corner_count = CASE_COUNT(update_corners),
    .draw = update_draw,
    .describe = update_describe,
    .fill = update_fill,
    .perf = update_perf,
    .perf_count = CASE_COUNT(update_perf),
};

// -- gradient_unscale

struct unscale_shape {
    uint32_t count;
    double unscale;
};

static const struct case_field unscale_fields[] = {
    CASE_FIELD_U32(struct unscale_shape, count),
    CASE_FIELD_F64(struct unscale_shape, unscale),
};

static const struct unscale_shape unscale_corners[] = {
    {1, 0x1p-16}, {15, 0.5}, {17, 1}, {129, 0x1p-24}, {4099, 0x1p-16}, {61706, 0x1p-16}, {131075, 0.25},
};

static const struct unscale_shape unscale_large[] = {{9000001, 0x1p-16}};

static const struct unscale_shape unscale_perf[] = {{60074, 1}, {1000000, 1}, {11173962, 1}};

static void unscale_draw(struct draw *draw, void *shape)
{
    struct unscale_shape *s = shape;
    s->count = draw_between(draw, 1, 3000);
    s->unscale = ldexp(1, -(int)draw_between(draw, 0, 24));
}

static enum tuff_status unscale_describe(const void *shape, struct case_setup *setup)
{
    const struct unscale_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_F32, 1, (uint32_t[]){s->count}, CASE_PADDING_FINITE);
    case_setup_state(setup, 1);
    return TUFF_OK;
}

static enum tuff_status unscale_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct unscale_shape *s = shape;
    const struct tuff_step_state state = {.cursor = 3,
                                          .loss_scale = 512, // not what they are divided by
                                          .unscale = (float)s->unscale,
                                          .row = case_row(3, 0, 1)};
    (void)oracle;
    case_fill_signed(setup, 0);
    memcpy(setup->tensors[1].values, &state, sizeof state);
    return TUFF_OK;
}

const struct conformance_op conformance_op_gradient_unscale = {
    .op = TUFF_OP_GRADIENT_UNSCALE,
    .fields = unscale_fields,
    .field_count = CASE_COUNT(unscale_fields),
    .shape_size = sizeof(struct unscale_shape),
    .corners = unscale_corners,
    .corner_count = CASE_COUNT(unscale_corners),
    .large = unscale_large,
    .large_count = CASE_COUNT(unscale_large),
    .draw = unscale_draw,
    .describe = unscale_describe,
    .fill = unscale_fill,
    .perf = unscale_perf,
    .perf_count = CASE_COUNT(unscale_perf),
};
