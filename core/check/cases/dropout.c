// Dropout, forward and backward. A mask that differs in one element shows: an input of magnitude 0.25 or more
// is there or is not.
#include "case.h"
#include "state.h"
#include "tolerance.h"

enum values { VALUES_NORMAL, VALUES_SPECIAL };

static const char *const values_names[] = {"normal", "special", NULL};

struct dropout_shape {
    struct case_dims dims;
    double probability;
    uint32_t seed_low, seed_high, layer, step;
    uint32_t values;
};

static const struct case_field fields[] = {
    CASE_FIELD_DIMS(struct dropout_shape, dims),
    CASE_FIELD_F64(struct dropout_shape, probability),
    CASE_FIELD_HEX(struct dropout_shape, seed_low),
    CASE_FIELD_HEX(struct dropout_shape, seed_high),
    CASE_FIELD_U32(struct dropout_shape, layer),
    CASE_FIELD_U32(struct dropout_shape, step),
    CASE_FIELD_NAME(struct dropout_shape, values, values_names),
};

static const struct dropout_shape corners[] = {
    {{1, {1}}, 0.5, 1, 0, 0, 1, VALUES_NORMAL},
    {{1, {33}}, 0.25, 0x12345678, 0x9abcdef0, 3, 7, VALUES_NORMAL},
    {{2, {17, 13}}, 0.1, 0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff, VALUES_NORMAL},
    {{3, {15, 2, 9}}, 0.75, 0, 1, 1, 0, VALUES_NORMAL},
    {{4, {2, 3, 5, 7}}, 0.3, 5, 6, 2, 1000000, VALUES_NORMAL},
    {{4, {33, 3, 5, 7}}, 0.5, 42, 0, 1, 2, VALUES_NORMAL},
    {{2, {16, 128}}, 0.5, 42, 0, 0, 2, VALUES_NORMAL},
    {{2, {16, 128}}, 0, 42, 0, 0, 2, VALUES_NORMAL}, // nothing is dropped, and the scale is 1
    {{2, {1, 255}}, 0.99, 42, 0, 0, 2, VALUES_NORMAL},
    {{2, {33, 700}}, 0.2, 7, 8, 9, 10, VALUES_NORMAL}, // more than one chunk and workgroup
    {{4, {40, 7, 17, 19}}, 0.4, 3, 2, 1, 99, VALUES_NORMAL},
    {{4, {17, 3, 5, 7}}, 0.5, 3, 2, 1, 99, VALUES_SPECIAL},
    {{2, {1, 255}}, 0.125, 3, 2, 1, 99, VALUES_SPECIAL},
};

static const struct dropout_shape large[] = {{{2, {3, 3000001}}, 0.5, 1, 2, 3, 4, VALUES_NORMAL}};

static const struct dropout_shape perf[] = {
    {{2, {512, 120}}, 0.5, 0, 0, 0, 1, VALUES_NORMAL},
    {{2, {128, 4096}}, 0.5, 0, 0, 0, 1, VALUES_NORMAL},
    {{4, {64, 64, 32, 32}}, 0.1, 0, 0, 0, 1, VALUES_NORMAL},
};

static void draw_shape(struct draw *draw, void *shape)
{
    static const double probabilities[] = {0.05, 0.25, 0.5, 0.9};
    struct dropout_shape *s = shape;
    s->dims.rank = draw_between(draw, 1, TUFF_MAX_RANK);
    s->dims.sizes[0] = draw_batch(draw);
    for (uint32_t i = 1; i < TUFF_MAX_RANK; i++)
        s->dims.sizes[i] = i < s->dims.rank ? draw_between(draw, 1, 19) : 1;
    s->probability = probabilities[draw_between(draw, 0, 3)];
    s->seed_low = draw_between(draw, 0, UINT32_MAX - 1);
    s->seed_high = draw_between(draw, 0, UINT32_MAX - 1);
    s->layer = draw_between(draw, 0, 9);
    s->step = draw_between(draw, 1, 100000);
    s->values = draw_between(draw, VALUES_NORMAL, VALUES_SPECIAL);
}

// Tensors: output, input, state. The padding of a gradient that comes in is zero by the core's promise; here
// it is not, since the one that goes out has to be zero whatever came.
static enum tuff_status describe(const struct dropout_shape *s, struct case_setup *setup,
                                 enum case_padding out)
{
    const struct tuff_dropout_params params = {
        .size = sizeof params,
        .probability = (float)s->probability,
        .seed_low = s->seed_low,
        .seed_high = s->seed_high,
        .layer = s->layer,
    };
    case_setup_tensor(setup, 0, TUFF_F32, s->dims.rank, s->dims.sizes, out);
    case_setup_tensor(setup, 1, TUFF_F32, s->dims.rank, s->dims.sizes, CASE_PADDING_FINITE);
    case_setup_state(setup, 2);
    return case_setup_params(setup, &params, sizeof params);
}

// What is dropped becomes 0 whatever it was, NaN and infinity too.
static enum tuff_status fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    static const float specials[] = {NAN, INFINITY, -INFINITY};
    const struct dropout_shape *s = shape;
    const struct tuff_step_row row = case_row(s->step, 7, 1);
    (void)oracle;
    case_fill_signed(setup, 1);
    case_fill_state(setup, 2, 3, &row);
    float *x = case_floats(setup, 1);
    const uint64_t elements = tuff_tensor_elements(&setup->tensors[1].shape);
    for (uint64_t i = 0; s->values == VALUES_SPECIAL && i < elements; i += 4)
        x[i] = specials[i / 4 % CASE_COUNT(specials)];
    return TUFF_OK;
}

// One rounding here, one in the oracle; none where an element is dropped.
static void tolerance_of(const void *shape, const struct case_view *view, uint32_t output, double *tolerance)
{
    (void)shape;
    const float *expected = view->expected[output];
    for (uint64_t i = 0; i < case_stored(view->setup, output); i++)
        tolerance[i] = 2 * TOLERANCE_U * fabs((double)expected[i]);
}

static enum tuff_status forward_describe(const void *shape, struct case_setup *setup)
{
    return describe(shape, setup, CASE_PADDING_FINITE);
}

const struct conformance_op conformance_op_dropout_forward = {
    .op = TUFF_OP_DROPOUT_FORWARD,
    .batched = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct dropout_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = forward_describe,
    .fill = fill,
    .tolerance = tolerance_of,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};

static enum tuff_status backward_describe(const void *shape, struct case_setup *setup)
{
    return describe(shape, setup, CASE_PADDING_ZERO);
}

const struct conformance_op conformance_op_dropout_backward = {
    .op = TUFF_OP_DROPOUT_BACKWARD,
    .batched = true,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct dropout_shape),
    .corners = corners,
    .corner_count = CASE_COUNT(corners),
    .large = large,
    .large_count = CASE_COUNT(large),
    .draw = draw_shape,
    .describe = backward_describe,
    .fill = fill,
    .tolerance = tolerance_of,
    .perf = perf,
    .perf_count = CASE_COUNT(perf),
};
