// Fully connected layer, forward and both gradients.
#include <math.h>

#include "case.h"
#include "tolerance.h"

struct linear_shape {
    uint32_t n, i, o; // batch, inputs, outputs
    uint32_t bias;    // also whether the weight gradient comes with the bias's; 2: forward has a NaN in it
};

static const struct case_field fields[] = {
    CASE_FIELD_U32(struct linear_shape, n), CASE_FIELD_U32(struct linear_shape, i),
    CASE_FIELD_U32(struct linear_shape, o),
    CASE_FIELD_U32(struct linear_shape, bias), // last: the input gradient leaves it out
};

static const struct linear_shape corners[] = {
    {1, 1, 1, 1},      {1, 7, 5, 1},       {2, 1, 9, 0},      {5, 13, 1, 1},
    {15, 33, 17, 1},   {16, 64, 32, 1},    {17, 65, 31, 0},   {33, 3, 130, 1},
    {33, 129, 7, 1},   {130, 67, 71, 1},   {16, 400, 120, 1}, // LeNet from here on
    {16, 120, 84, 1},  {16, 84, 10, 1},    {16, 256, 120, 1}, {512, 84, 10, 1},
    {512, 120, 84, 1}, {500, 256, 120, 1}, {33, 101, 131, 1}, // the last two: more than one group of each
    {266, 17, 9, 0},   {16, 7, 5, 2},      {32, 65, 31, 2},   {128, 67, 71, 2},
};

// The last two are longer than what one invocation of a shader may loop over on some drivers.
static const struct linear_shape large[] = {
    {256, 2048, 512, 1}, {70000, 5, 3, 1}, {3, 70000, 5, 1}, {3, 131072, 5, 1}, {3, 5, 131072, 1},
};

static const struct linear_shape perf[] = {
    {16, 400, 120, 1},  {512, 400, 120, 1},   {512, 84, 10, 1},
    {32, 512, 1000, 1}, {128, 1024, 4096, 1}, {128, 4096, 1024, 1},
};

static void draw_shape(struct draw *draw, void *shape)
{
    struct linear_shape *s = shape;
    do {
        s->n = draw_batch(draw);
        s->i = draw_between(draw, 1, draw_between(draw, 0, 1) == 0 ? 20 : 300);
        s->o = draw_between(draw, 1, draw_between(draw, 0, 1) == 0 ? 20 : 300);
        s->bias = draw_between(draw, 0, 3) != 0;
    } while ((uint64_t)s->n * s->i * s->o > 2000000);
}

static enum tuff_status fill_inputs(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    (void)shape;
    (void)oracle;
    for (uint32_t i = 0; i < setup->info->tensor_count; i++)
        if (case_is_present(setup, i) && !case_is_output(setup, i))
            case_fill_signed(setup, i);
    return TUFF_OK;
}

// -- forward

enum { BIAS_WITH_NAN = 2 };

static enum tuff_status forward_describe(const void *shape, struct case_setup *setup)
{
    const struct linear_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_F32, 2, (uint32_t[]){s->n, s->o}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 1, TUFF_F32, 2, (uint32_t[]){s->n, s->i}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_F32, 2, (uint32_t[]){s->o, s->i}, CASE_PADDING_FINITE);
    if (s->bias != 0)
        case_setup_tensor(setup, 3, TUFF_F32, 1, (uint32_t[]){s->o}, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static enum tuff_status forward_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct linear_shape *s = shape;
    enum tuff_status status = fill_inputs(shape, setup, oracle);
    if (status == TUFF_OK && s->bias == BIAS_WITH_NAN)
        case_floats(setup, 3)[s->o / 2] = NAN; // which a ReLU passes on
    return status;
}

static void forward_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                              double *tolerance)
{
    const struct linear_shape *s = shape;
    tolerance_of_sums(s->i, view->magnitude[output], case_stored(view->setup, output), tolerance);
}

const struct conformance_op conformance_op_linear_forward = {
    .op = TUFF_OP_LINEAR_FORWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct linear_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = forward_describe,
    .fill = forward_fill,
    .needs_magnitude = true,
    .tolerance = forward_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- forward with a ReLU, whose slope is 1 at most: the same tolerance

const struct conformance_op conformance_op_linear_relu_forward = {
    .op = TUFF_OP_LINEAR_RELU_FORWARD,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct linear_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = forward_describe,
    .fill = forward_fill,
    .needs_magnitude = true,
    .tolerance = forward_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- gradient of x

static enum tuff_status backward_input_describe(const void *shape, struct case_setup *setup)
{
    const struct linear_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_F32, 2, (uint32_t[]){s->n, s->i}, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 1, TUFF_F32, 2, (uint32_t[]){s->n, s->o}, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 2, TUFF_F32, 2, (uint32_t[]){s->o, s->i}, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static void backward_input_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                     double *tolerance)
{
    const struct linear_shape *s = shape;
    tolerance_of_sums(s->o, view->magnitude[output], case_stored(view->setup, output), tolerance);
}

const struct conformance_op conformance_op_linear_backward_input = {
    .op = TUFF_OP_LINEAR_BACKWARD_INPUT,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields) - 1,
    .shape_size = sizeof(struct linear_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = backward_input_describe,
    .fill = fill_inputs,
    .needs_magnitude = true,
    .tolerance = backward_input_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

// -- gradients of weight and bias

static enum tuff_status backward_weight_describe(const void *shape, struct case_setup *setup)
{
    const struct linear_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_F32, 2, (uint32_t[]){s->o, s->i}, CASE_PADDING_FINITE);
    if (s->bias != 0)
        case_setup_tensor(setup, 1, TUFF_F32, 1, (uint32_t[]){s->o}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_F32, 2, (uint32_t[]){s->n, s->o}, CASE_PADDING_ZERO);
    case_setup_tensor(setup, 3, TUFF_F32, 2, (uint32_t[]){s->n, s->i}, CASE_PADDING_FINITE);
    return TUFF_OK;
}

static void backward_weight_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                                      double *tolerance)
{
    const struct linear_shape *s = shape;
    tolerance_of_sums(s->n, view->magnitude[output], case_stored(view->setup, output), tolerance);
}

const struct conformance_op conformance_op_linear_backward_weight = {
    .op = TUFF_OP_LINEAR_BACKWARD_WEIGHT,
    .batched = true,
    .costly = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct linear_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = backward_weight_describe,
    .fill = fill_inputs,
    .needs_magnitude = true,
    .tolerance = backward_weight_tolerance,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};
