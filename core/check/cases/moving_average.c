// A moving average of parameters.
#include "case.h"
#include "state.h"
#include "tolerance.h"

#include <math.h>

struct average_shape {
    uint32_t count;
    double decay;
    uint32_t skip; // 1: the step is skipped
};

static const struct case_field fields[] = {
    CASE_FIELD_U32(struct average_shape, count),
    CASE_FIELD_F64(struct average_shape, decay),
    CASE_FIELD_U32(struct average_shape, skip),
};

static const struct average_shape corners[] = {
    {1, 0.5, 0},   {3, 0, 0},      {15, 0.9, 0},   {16, 0.75, 0},   {17, 0.999, 0},       {255, 0.25, 0},
    {257, 0.9, 0}, {4099, 0.1, 0}, {8193, 0.5, 0}, {61706, 0.9, 0}, {131075, 0.99999, 0}, {4099, 0.5, 1},
};

static const struct average_shape large[] = {{9000001, 0.999, 0}};

static const struct average_shape perf[] = {{60074, 0.999, 0},
                                            {11173962, 0.999, 0}}; // LeNet's, ResNet-18's for CIFAR-10

// Two products and a sum.
static void draw_shape(struct draw *draw, void *shape)
{
    static const double decays[] = {0, 0.1, 0.5, 0.9, 0.99, 0.9999}; // 1 would show no idle kernel
    struct average_shape *s = shape;
    s->count = draw_between(draw, 1, 3000);
    s->decay = decays[draw_between(draw, 0, CASE_COUNT(decays) - 1)];
}

static enum tuff_status describe(const void *shape, struct case_setup *setup)
{
    const struct average_shape *s = shape;
    for (uint32_t i = 0; i < 2; i++)
        case_setup_tensor(setup, i, TUFF_F32, 1, (uint32_t[]){s->count}, CASE_PADDING_FINITE);
    case_setup_state(setup, 2);
    return TUFF_OK;
}

static enum tuff_status fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct average_shape *s = shape;
    struct tuff_step_row row = case_row(3, 0, 1);
    (void)oracle;
    row.average_decay = (float)s->decay;
    case_fill_signed(setup, 0);
    case_fill_signed(setup, 1);
    case_fill_state(setup, 2, 3, &row);
    case_state(setup, 2)->skip = s->skip;
    return TUFF_OK;
}

// Two products, what is left of 1, and their sum. With a decay of 0 nothing is rounded.
static void tolerance(const void *shape, const struct case_view *view, uint32_t output, double *result)
{
    const struct average_shape *s = shape;
    struct case_setup *setup = (struct case_setup *)view->setup;
    const float *average = case_floats(setup, 0), *parameters = case_floats(setup, 1);
    const double decay = (double)(float)s->decay;
    (void)output;
    for (uint64_t i = 0; i < s->count && s->skip == 0; i++) {
        double terms = decay * fabs((double)average[i]) + (1 - decay) * fabs((double)parameters[i]);
        result[i] = decay == 0 ? 0 : 4 * TOLERANCE_U * terms;
    }
}

const struct conformance_op conformance_op_moving_average = {
    .op = TUFF_OP_MOVING_AVERAGE,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct average_shape),
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
