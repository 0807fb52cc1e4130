// Gradients of a batch's parts, added up.
#include "case.h"
#include "state.h"
#include "tolerance.h"

#include <math.h>

struct accumulate_shape {
    uint32_t count;
    uint32_t batch, samples, begin, valid; // in samples
    uint32_t stale;                        // 1: what a first part finds is NaN
};

static const struct case_field fields[] = {
    CASE_FIELD_U32(struct accumulate_shape, count),   CASE_FIELD_U32(struct accumulate_shape, batch),
    CASE_FIELD_U32(struct accumulate_shape, samples), CASE_FIELD_U32(struct accumulate_shape, begin),
    CASE_FIELD_U32(struct accumulate_shape, valid),   CASE_FIELD_OPTIONAL_U32(struct accumulate_shape, stale),
};

static const struct accumulate_shape corners[] = {
    {1, 8, 100, 0, 4, 0},
    {3, 8, 100, 4, 4, 0},
    {15, 8, 100, 16, 2, 0},
    {16, 8, 100, 22, 2, 0},
    {17, 8, 100, 96, 3, 0}, // of four samples, the last batch
    {255, 8, 100, 99, 1, 0},
    {257, 64, 63, 0, 16, 0}, // of a batch that is larger than the set
    {4099, 64, 63, 48, 15, 0},
    {8193, 1, 5, 3, 1, 0},
    {61706, 512, 60000, 59904, 96, 0},
    {131075, 7, 4000000000, 14, 7, 1},
    {4099, 48, 100, 48, 16, 1},
};

static const struct accumulate_shape large[] = {{9000001, 512, 60000, 128, 128, 0}};

static const struct accumulate_shape perf[] = {{60074, 512, 60000, 128, 128, 0},
                                               {11173962, 512, 50000, 128, 128, 0}}; // LeNet's, ResNet-18's

static void draw_shape(struct draw *draw, void *shape)
{
    struct accumulate_shape *s = shape;
    s->count = draw_between(draw, 1, 3000);
    s->valid = draw_between(draw, 1, 64);
    s->batch = s->valid * draw_between(draw, 1, 8);
    s->begin = s->valid * draw_between(draw, 0, 100);
    s->samples = s->begin + s->valid + draw_between(draw, 0, 300);
    s->stale = s->begin % s->batch == 0 ? draw_between(draw, 0, 1) : 0;
}

static enum tuff_status describe(const void *shape, struct case_setup *setup)
{
    const struct accumulate_shape *s = shape;
    const struct tuff_gradient_accumulate_params params = {
        .size = sizeof params, .batch = s->batch, .samples = s->samples};
    for (uint32_t i = 0; i < 2; i++)
        case_setup_tensor(setup, i, TUFF_F32, 1, (uint32_t[]){s->count}, CASE_PADDING_FINITE);
    case_setup_state(setup, 2);
    return case_setup_params(setup, &params, sizeof params);
}

static enum tuff_status fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct accumulate_shape *s = shape;
    const struct tuff_step_row row = case_row(3, s->begin, s->valid);
    (void)oracle;
    case_fill_signed(setup, 0);
    case_fill_signed(setup, 1);
    for (uint32_t i = 0; i < s->count && s->stale != 0; i++)
        case_floats(setup, 0)[i] = NAN;
    case_fill_state(setup, 2, 3, &row);
    case_state(setup, 2)->skip = 1; // which the op does not look at
    return TUFF_OK;
}

// The part, whose division Vulkan allows some units, its product with the gradient, and the sum.
static void tolerance(const void *shape, const struct case_view *view, uint32_t output, double *result)
{
    const struct accumulate_shape *s = shape;
    struct case_setup *setup = (struct case_setup *)view->setup;
    const float *sum = case_floats(setup, 0), *gradients = case_floats(setup, 1);
    const struct tuff_gradient_accumulate_params params = {.batch = s->batch, .samples = s->samples};
    const double part = (double)tuff_gradient_part(&params, s->begin, s->valid);
    (void)output;
    for (uint64_t i = 0; i < s->count; i++) {
        const double before = s->begin % s->batch == 0 ? 0 : fabs((double)sum[i]);
        result[i] = TOLERANCE_U * (4 * before + 10 * part * fabs((double)gradients[i]));
    }
}

const struct conformance_op conformance_op_gradient_accumulate = {
    .op = TUFF_OP_GRADIENT_ACCUMULATE,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct accumulate_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = describe,
    .fill = fill,
    .tolerance = tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};
