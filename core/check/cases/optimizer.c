// Adam and SGD.
#include "case.h"
#include "state.h"
#include "tolerance.h"

struct adam_shape {
    uint32_t count, step;
    double learning_rate, beta1, beta2, epsilon, weight_decay;
    uint32_t decoupled;
    uint32_t skip;      // 1: the step is skipped
    double rate_factor; // 0: none
};

static const struct case_field fields[] = {
    CASE_FIELD_U32(struct adam_shape, count),         CASE_FIELD_U32(struct adam_shape, step),
    CASE_FIELD_F64(struct adam_shape, learning_rate), CASE_FIELD_F64(struct adam_shape, beta1),
    CASE_FIELD_F64(struct adam_shape, beta2),         CASE_FIELD_F64(struct adam_shape, epsilon),
    CASE_FIELD_F64(struct adam_shape, weight_decay),  CASE_FIELD_U32(struct adam_shape, decoupled),
    CASE_FIELD_OPTIONAL_U32(struct adam_shape, skip), CASE_FIELD_OPTIONAL_F64(struct adam_shape, rate_factor),
};

static const struct adam_shape corners[] = {
    {1, 1, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 0},          {3, 2, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 0},
    {4, 10, 1e-2, 0.9, 0.99, 1e-8, 0.01, 0, 0, 0},       {5, 1, 1e-3, 0, 0, 1e-8, 0, 0, 0, 0},
    {255, 7, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 0},        {256, 1000, 1e-4, 0.8, 0.999, 1e-6, 1e-4, 0, 0, 0},
    {257, 3, 1.0, 0.9, 0.999, 1e-3, 0.5, 0, 0, 0},       {4099, 100000, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 0},
    {61706, 1, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 0}, // LeNet's parameters
    {131075, 20, 1e-3, 0.9, 0.999, 1e-8, 1e-3, 0, 0, 0}, {1, 1, 0.5, 0.9, 0.999, 1e-8, 0.5, 1, 0, 0},
    {33, 5, 0.1, 0.9, 0.999, 1e-8, 0, 1, 0, 0},          {257, 3, 1.0, 0.9, 0.999, 1e-3, 0.5, 1, 0, 0},
    {8209, 40, 0.125, 0.5, 0.99, 1e-8, 0.25, 1, 0, 0},   {4099, 3, 0.125, 0.5, 0.99, 1e-8, 0.25, 1, 1, 0},
    {257, 1, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 1, 0},        {257, 3, 0.5, 0.9, 0.999, 1e-8, 0.25, 0, 0, 0.1},
    {4099, 7, 0.5, 0.9, 0.999, 1e-8, 0.25, 1, 0, 3},
};

static const struct adam_shape large[] = {{9000001, 5, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 0}};

static const struct adam_shape perf[] = {
    {60074, 1, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 0}, // LeNet's
    {1000000, 1, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 0},
    {11173962, 1, 1e-3, 0.9, 0.999, 1e-8, 0, 0, 0, 0}, // ResNet-18's, for CIFAR-10
    {11173962, 1, 1e-3, 0.9, 0.999, 1e-8, 0.01, 1, 0, 0},
};

// m takes 3 operations, v 4, p 6; weight decay two more.
static void draw_shape(struct draw *draw, void *shape)
{
    static const double rates[] = {1e-1, 1e-3, 1e-5}, decays[] = {0, 0, 1e-4, 0.1}, epsilons[] = {1e-8, 1e-4};
    static const double beta1[] = {0, 0.5, 0.9}, beta2[] = {0.9, 0.99, 0.999};
    struct adam_shape *s = shape;
    s->count = draw_between(draw, 1, 3000);
    s->step = draw_between(draw, 1, draw_between(draw, 0, 1) == 0 ? 5 : 5000);
    s->learning_rate = rates[draw_between(draw, 0, CASE_COUNT(rates) - 1)];
    s->weight_decay = decays[draw_between(draw, 0, CASE_COUNT(decays) - 1)];
    s->epsilon = epsilons[draw_between(draw, 0, CASE_COUNT(epsilons) - 1)];
    s->beta1 = beta1[draw_between(draw, 0, CASE_COUNT(beta1) - 1)];
    s->beta2 = beta2[draw_between(draw, 0, CASE_COUNT(beta2) - 1)];
    s->decoupled = draw_between(draw, 0, 1);
    s->rate_factor = draw_between(draw, 0, 3) == 0 ? 0.3 : 0;
}

static enum tuff_status describe(const void *shape, struct case_setup *setup)
{
    const struct adam_shape *s = shape;
    const struct tuff_adam_params params = {.size = sizeof params,
                                            .beta1 = s->beta1,
                                            .beta2 = s->beta2,
                                            .epsilon = s->epsilon,
                                            .weight_decay = s->weight_decay,
                                            .decoupled = s->decoupled,
                                            .rate_factor = (float)s->rate_factor};
    case_setup_tensor(setup, 0, TUFF_F32, 1, (uint32_t[]){s->count}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 1, TUFF_F32, 2, (uint32_t[]){2, s->count}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_F32, 1, (uint32_t[]){s->count}, CASE_PADDING_FINITE);
    case_setup_state(setup, 3);
    return case_setup_params(setup, &params, sizeof params);
}

static struct tuff_step_row row_of(const struct adam_shape *s)
{
    struct tuff_step_row row = case_row(s->step, 0, 1);
    row.learning_rate = (float)s->learning_rate;
    row.bias_correction1 = (float)(1 - pow(s->beta1, s->step));
    row.bias_correction2_sqrt = (float)sqrt(1 - pow(s->beta2, s->step));
    return row;
}

// Gradients of all sizes, some exactly zero; at step 1 the moments are zero, as in training.
static enum tuff_status fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct adam_shape *s = shape;
    const struct tuff_step_row row = row_of(s);
    float *m = case_floats(setup, 1), *v = m + s->count, *g = case_floats(setup, 2);
    (void)oracle;
    case_fill_signed(setup, 0);
    case_fill_signed(setup, 2);
    for (uint64_t i = 0; i < s->count && !setup->timed; i++)
        g[i] = i % 7 == 3 ? 0.0f : ldexpf(g[i], -(int)(i % 12));
    if (s->step > 1) {
        draw_signed(setup->seed, case_stream(1), m, s->count);
        draw_uniform(setup->seed, case_stream(4), 0x1p-12f, 1.0f, v, s->count);
    }
    case_fill_state(setup, 3, s->step, &row);
    case_state(setup, 3)->skip = s->skip;
    return TUFF_OK;
}

static double factor_of(double rate_factor)
{
    return rate_factor > 0 ? rate_factor : 1;
}

// One element's update in double, with bounds on what float32 does to each quantity. Vulkan allows a
// division 2.5 units in the last place and a square root about 5 (a unit is 2u); constants are rounded once.
struct bounds {
    double m, v, p;
};

static struct bounds element_bounds(const struct adam_shape *s, const struct tuff_step_row *row, double p,
                                    double m, double v, double g)
{
    const double u = TOLERANCE_U, b1 = s->beta1, b2 = s->beta2;
    const double l2 = s->decoupled ? 0 : s->weight_decay;
    double magnitude = fabs(g) + fabs(l2 * p); // of g with weight decay, its terms' signs aside
    double decayed = g + l2 * p;
    double m_terms = fabs(b1 * m) + (1 - b1) * magnitude;
    double v_next = b2 * v + (1 - b2) * decayed * decayed;
    double v_terms = b2 * v + (1 - b2) * magnitude * magnitude;
    struct bounds bound = {.m = 8 * u * m_terms, .v = 12 * u * v_terms};
    double rate = (double)row->learning_rate * factor_of(s->rate_factor) / (double)row->bias_correction1;
    double root = sqrt(v_next) / (double)row->bias_correction2_sqrt;
    double denominator = root + s->epsilon;
    double update = rate * m_terms / denominator;
    double root_error = v_next > 0 ? bound.v / (2 * sqrt(v_next)) / (double)row->bias_correction2_sqrt : 0;
    double shrink = s->decoupled ? rate * s->weight_decay : 0; // at most 1 in most cases
    bound.p =
        ((s->decoupled ? 8 : 4) + 8 * shrink) * u * fabs(p) + update * (40 * u + root_error / denominator);
    return bound;
}

static void tolerance(const void *shape, const struct case_view *view, uint32_t output, double *result)
{
    const struct adam_shape *s = shape;
    const struct tuff_step_row row = row_of(s);
    struct case_setup *setup = (struct case_setup *)view->setup;
    const float *p = case_floats(setup, 0), *m = case_floats(setup, 1), *g = case_floats(setup, 2);
    for (uint64_t i = 0; i < s->count && s->skip == 0; i++) {
        struct bounds bound =
            element_bounds(s, &row, (double)p[i], (double)m[i], (double)m[s->count + i], (double)g[i]);
        result[i] = output == 0 ? bound.p : bound.m;
        if (output == 1)
            result[s->count + i] = bound.v;
    }
}

const struct conformance_op conformance_op_adam = {
    .op = TUFF_OP_ADAM,
    .fields = fields,
    .field_count = CASE_COUNT(fields),
    .shape_size = sizeof(struct adam_shape),
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

// -- sgd

struct sgd_shape {
    uint32_t count, nesterov;
    double learning_rate, momentum, weight_decay;
    uint32_t skip;      // 1: the step is skipped
    double rate_factor; // 0: none
};

static const struct case_field sgd_fields[] = {
    CASE_FIELD_U32(struct sgd_shape, count),
    CASE_FIELD_U32(struct sgd_shape, nesterov),
    CASE_FIELD_F64(struct sgd_shape, learning_rate),
    CASE_FIELD_F64(struct sgd_shape, momentum),
    CASE_FIELD_F64(struct sgd_shape, weight_decay),
    CASE_FIELD_OPTIONAL_U32(struct sgd_shape, skip),
    CASE_FIELD_OPTIONAL_F64(struct sgd_shape, rate_factor),
};

static const struct sgd_shape sgd_corners[] = {
    {1, 0, 0.5, 0, 0, 0, 0},         {3, 0, 0.1, 0, 0.25, 0, 0},       {15, 0, 0.1, 0.9, 0, 0, 0},
    {16, 1, 0.1, 0.9, 0, 0, 0},      {17, 1, 0.25, 0.5, 0.25, 0, 0},   {255, 0, 0.01, 0.9, 5e-4, 0, 0},
    {257, 0, 1, 0.9, 0.5, 0, 0},     {4099, 1, 0.1, 0.99, 0.1, 0, 0},  {8193, 0, 0.05, 0, 0, 0, 0},
    {61706, 0, 0.1, 0.9, 0.1, 0, 0}, {131075, 1, 0.5, 0.9, 0, 0, 0},   {4099, 1, 0.5, 0.9, 0.1, 1, 0},
    {33, 0, 0.5, 0, 0, 1, 0},        {257, 0, 0.5, 0.9, 0.25, 0, 0.1}, {4099, 1, 0.1, 0.9, 0, 0, 10},
};

static const struct sgd_shape sgd_large[] = {{9000001, 1, 0.1, 0.9, 0.1, 0, 0}};

static const struct sgd_shape sgd_perf[] = {
    {60074, 0, 0.01, 0.9, 0, 0, 0},
    {1000000, 0, 0.01, 0, 0, 0, 0},
    {1000000, 0, 0.01, 0.9, 5e-4, 0, 0},
    {11173962, 0, 0.01, 0.9, 5e-4, 0, 0},
};

// A multiply-add for p, and one for each of momentum, Nesterov's look ahead and weight decay.
static void sgd_draw_shape(struct draw *draw, void *shape)
{
    static const double rates[] = {1, 1e-1, 1e-3}, decays[] = {0, 1e-4, 0.1}, momenta[] = {0, 0.5, 0.9, 0.99};
    struct sgd_shape *s = shape;
    s->count = draw_between(draw, 1, 3000);
    s->learning_rate = rates[draw_between(draw, 0, CASE_COUNT(rates) - 1)];
    s->weight_decay = decays[draw_between(draw, 0, CASE_COUNT(decays) - 1)];
    s->momentum = momenta[draw_between(draw, 0, CASE_COUNT(momenta) - 1)];
    s->nesterov = s->momentum > 0 && draw_between(draw, 0, 1) == 1;
    s->rate_factor = draw_between(draw, 0, 3) == 0 ? 0.3 : 0;
}

static enum tuff_status sgd_describe(const void *shape, struct case_setup *setup)
{
    const struct sgd_shape *s = shape;
    const struct tuff_sgd_params params = {.size = sizeof params,
                                           .nesterov = s->nesterov,
                                           .momentum = s->momentum,
                                           .weight_decay = s->weight_decay,
                                           .rate_factor = (float)s->rate_factor};
    for (uint32_t i = 0; i < 3; i++)
        if (i != 1 || s->momentum > 0)
            case_setup_tensor(setup, i, TUFF_F32, 1, (uint32_t[]){s->count}, CASE_PADDING_FINITE);
    case_setup_state(setup, 3);
    return case_setup_params(setup, &params, sizeof params);
}

// Gradients of all sizes, some exactly zero.
static enum tuff_status sgd_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct sgd_shape *s = shape;
    struct tuff_step_row row = case_row(3, 0, 1);
    float *g = case_floats(setup, 2);
    (void)oracle;
    row.learning_rate = (float)s->learning_rate;
    for (uint32_t i = 0; i < 3; i++)
        if (case_is_present(setup, i))
            case_fill_signed(setup, i);
    for (uint64_t i = 0; i < s->count && !setup->timed; i++)
        g[i] = i % 7 == 3 ? 0.0f : ldexpf(g[i], -(int)(i % 12));
    case_fill_state(setup, 3, 3, &row);
    case_state(setup, 3)->skip = s->skip;
    return TUFF_OK;
}

// A handful of roundings of the greatest sums that occur; constants are rounded once.
static void sgd_tolerance(const void *shape, const struct case_view *view, uint32_t output, double *result)
{
    const struct sgd_shape *s = shape;
    struct case_setup *setup = (struct case_setup *)view->setup;
    const float *p = case_floats(setup, 0), *g = case_floats(setup, 2);
    const float *velocity = s->momentum > 0 ? case_floats(setup, 1) : NULL;
    for (uint64_t i = 0; i < s->count && s->skip == 0; i++) {
        double terms = fabs((double)g[i]) + s->weight_decay * fabs((double)p[i]), step = terms;
        if (velocity != NULL) {
            double next = s->momentum * fabs((double)velocity[i]) + terms;
            step = s->nesterov ? terms + s->momentum * next : next;
            terms = next;
        }
        result[i] = output == 1 ? 6 * TOLERANCE_U * terms
                                : TOLERANCE_U * (4 * fabs((double)p[i]) +
                                                 12 * s->learning_rate * factor_of(s->rate_factor) * step);
    }
}

const struct conformance_op conformance_op_sgd = {
    .op = TUFF_OP_SGD,
    .fields = sgd_fields,
    .field_count = CASE_COUNT(sgd_fields),
    .shape_size = sizeof(struct sgd_shape),
    .corners = sgd_corners,
    .corner_count = CASE_COUNT(sgd_corners),
    .large = sgd_large,
    .large_count = CASE_COUNT(sgd_large),
    .draw = sgd_draw_shape,
    .describe = sgd_describe,
    .fill = sgd_fill,
    .tolerance = sgd_tolerance,
    .perf = sgd_perf,
    .perf_count = CASE_COUNT(sgd_perf),
};
