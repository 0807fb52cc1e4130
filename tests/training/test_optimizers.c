// Optimizers, clipping, label smoothing and frozen parameters, on every backend. The gradients that a trainer
// shows are those of its last step, so each update can be computed anew, in double.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "fixture.h"

enum { SAMPLES = 21, BATCH = 8, STEPS = 3, CLASSES = 10 };

static struct tuff_trainer_options base_options(void)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.learning_rate = 0.01;
    return options;
}

// -- Updates

struct simulation {
    double *values, *first, *second;
    size_t count;
};

static void simulate(struct simulation *s, const struct tuff_trainer_options *o, const float *gradients,
                     int step)
{
    double lr = o->learning_rate;
    for (size_t i = 0; i < s->count; i++) {
        double p = s->values[i], g = (double)gradients[i];
        if (o->optimizer == TUFF_OPTIMIZER_ADAMW)
            p -= lr * o->weight_decay * p;
        else
            g += o->weight_decay * p;
        if (o->optimizer == TUFF_OPTIMIZER_SGD) {
            s->first[i] = o->momentum * s->first[i] + g;
            g = o->nesterov ? g + o->momentum * s->first[i] : s->first[i];
            p -= lr * g;
        } else {
            s->first[i] = o->beta1 * s->first[i] + (1 - o->beta1) * g;
            s->second[i] = o->beta2 * s->second[i] + (1 - o->beta2) * g * g;
            double m = s->first[i] / (1 - pow(o->beta1, step));
            double v = s->second[i] / (1 - pow(o->beta2, step));
            p -= lr * m / (sqrt(v) + o->epsilon);
        }
        s->values[i] = p;
    }
}

// Trains some steps and follows them. Returns the greatest norm of a step's gradient.
static double follow(const struct fixture *fixture, const struct tuff_dataset *digits,
                     const struct tuff_trainer_options *options, const char *name)
{
    struct tuff_trainer *trainer = make_trainer(fixture, digits, NULL, options);
    struct simulation s = {.values = NULL};
    float *values = read_parameters(fixture, trainer, &s.count);
    s.values = malloc(s.count * sizeof(double));
    s.first = calloc(s.count, sizeof(double));
    s.second = calloc(s.count, sizeof(double));
    cr_assert(s.values && s.first && s.second);
    for (size_t i = 0; i < s.count; i++)
        s.values[i] = (double)values[i];
    double worst = 0, moved = 0, greatest_norm = 0;
    for (int step = 1; step <= STEPS; step++) {
        cr_assert_eq(tuff_trainer_steps(trainer, (uint32_t)step, 1, NULL, NULL, NULL), TUFF_OK);
        float *after = read_parameters(fixture, trainer, &s.count);
        float *gradients = read_gradients(fixture, trainer);
        simulate(&s, options, gradients, step);
        double norm = 0;
        for (size_t i = 0; i < s.count; i++) {
            worst = fmax(worst, fabs(s.values[i] - (double)after[i]));
            moved = fmax(moved, fabs((double)after[i] - (double)values[i]));
            norm += (double)gradients[i] * (double)gradients[i];
            // Rounding must not add up over the steps.
            s.values[i] = (double)after[i];
        }
        greatest_norm = fmax(greatest_norm, sqrt(norm));
        free(after);
        free(gradients);
    }
    cr_expect_leq(worst, 1e-5 * options->learning_rate + 1e-7,
                  "%s: parameters are off by %g; they moved by up to %g", name, worst, moved);
    cr_expect_gt(moved, 1e-4, "%s: parameters moved by %g", name, moved);
    free(values);
    free(s.values);
    free(s.first);
    free(s.second);
    tuff_trainer_destroy(&trainer);
    return greatest_norm;
}

ParameterizedTestParameters(backend, optimizers_update_as_they_should)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, optimizers_update_as_they_should,
                  .timeout = 300)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options o = base_options();
    o.epsilon = 1e-4; // so that a gradient's rounding does not decide
    o.weight_decay = 0.1;
    (void)follow(&fixture, digits, &o, "adam");
    o.optimizer = TUFF_OPTIMIZER_ADAMW;
    (void)follow(&fixture, digits, &o, "adamw");
    o.optimizer = TUFF_OPTIMIZER_SGD;
    o.learning_rate = 0.1;
    double norm = follow(&fixture, digits, &o, "sgd");
    o.momentum = 0.9;
    (void)follow(&fixture, digits, &o, "momentum");
    o.nesterov = 1;
    (void)follow(&fixture, digits, &o, "nesterov");
    o.clip_norm = norm / 4;
    double clipped = follow(&fixture, digits, &o, "clipped");
    cr_expect(within(clipped, o.clip_norm, 1e-4), "a norm of up to %g is clipped to %g", norm, clipped);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

// -- The moving average

// Average after each step, as the header says, from the parameters that are read after each.
static void follow_average(const struct tuff_trainer_options *o, int step, const float *parameters,
                           size_t count, double *average)
{
    double d = fmin(o->average_decay, (1.0 + step) / (10.0 + step));
    for (size_t i = 0; i < count; i++)
        average[i] = d * average[i] + (1 - d) * (double)parameters[i];
}

static void copy_averages(const struct fixture *fixture, struct tuff_trainer *from, struct tuff_trainer *to,
                          float *averages)
{
    for (size_t i = 0; i < tuff_model_parameter_count(fixture->model); i++) {
        cr_assert_eq(tuff_trainer_read_average(from, i, averages), TUFF_OK);
        cr_assert_eq(tuff_trainer_write_parameter(to, i, averages), TUFF_OK);
        struct tuff_parameter_info info;
        tuff_model_parameter(fixture->model, i, &info);
        size_t size = 1;
        for (uint32_t d = 0; d < info.rank; d++)
            size *= info.dims[d];
        averages += size;
    }
}

ParameterizedTestParameters(backend, moving_average)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, moving_average, .timeout = 300)
{
    enum { AVERAGED = 6 };
    static const char *const frozen[] = {"conv1"};
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options o = base_options(), plain = base_options();
    o.average_decay = 0.35; // reached in the fifth step
    o.frozen = frozen;
    o.frozen_count = 1;
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, digits, &o);
    size_t count;
    float *values = read_parameters(&fixture, trainer, &count);
    double *average = malloc(count * sizeof *average), worst = 0, apart = 0;
    cr_assert_not_null(average);
    for (size_t i = 0; i < count; i++)
        average[i] = (double)values[i];
    for (int step = 1; step <= AVERAGED; step++) {
        free(values);
        cr_assert_eq(tuff_trainer_steps(trainer, (uint32_t)step, 1, NULL, NULL, NULL), TUFF_OK);
        values = read_parameters(&fixture, trainer, &count);
        follow_average(&o, step, values, count, average);
    }
    struct tuff_trainer *other = make_trainer(&fixture, NULL, digits, &plain);
    float *averages = malloc(count * sizeof *averages);
    cr_assert_not_null(averages);
    copy_averages(&fixture, trainer, other, averages);
    for (size_t i = 0; i < count; i++) {
        worst = fmax(worst, fabs(average[i] - (double)averages[i]));
        apart = fmax(apart, fabs((double)values[i] - (double)averages[i]));
    }
    cr_expect_leq(worst, 1e-6, "averages are off by %g", worst);
    cr_expect_gt(apart, 1e-3, "averages and parameters are the same");
    cr_expect_eq(memcmp(values, averages, 6 * 9 * sizeof *values), 0,
                 "a frozen parameter has another average");

    // They are what is evaluated.
    struct tuff_metrics metrics, expected;
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    cr_assert_eq(tuff_trainer_evaluate(other, NULL, &expected), TUFF_OK);
    cr_expect(within(metrics.loss, expected.loss, 1e-6), "loss %.9g, expected %.9g", metrics.loss,
              expected.loss);
    cr_expect_eq(metrics.correct, expected.correct);
    free(values);
    free(average);
    free(averages);
    tuff_trainer_destroy(&trainer);
    tuff_trainer_destroy(&other);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

// -- Label smoothing

ParameterizedTestParameters(backend, label_smoothing)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, label_smoothing, .timeout = 300)
{
    static const double smoothing = 0.2;
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options o = base_options();
    o.batch_size = SAMPLES;
    o.label_smoothing = smoothing;
    o.keep_outputs = 1;
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, digits, &o);
    struct tuff_metrics tested;
    float logits[SAMPLES][CLASSES], loss;
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, &tested, &logits[0][0]), TUFF_OK);
    cr_assert_eq(tuff_trainer_steps(trainer, 0, 1, NULL, NULL, &loss), TUFF_OK);
    double plain = 0, smooth = 0;
    for (int n = 0; n < SAMPLES; n++) {
        double sum = 0, all = 0;
        for (int c = 0; c < CLASSES; c++)
            sum += exp((double)logits[n][c]);
        for (int c = 0; c < CLASSES; c++)
            all += log(sum) - (double)logits[n][c];
        double right = log(sum) - (double)logits[n][digits->labels[n]];
        plain += right / SAMPLES;
        smooth += ((1 - smoothing) * right + smoothing * all / CLASSES) / SAMPLES;
    }
    cr_assert_gt(fabs(plain - smooth), 1e-4 * plain, "the two losses have to differ");
    cr_expect(within((double)loss, smooth, 1e-5), "training: %.7f, expected %.7f", (double)loss, smooth);
    cr_expect(within(tested.loss, plain, 1e-5), "evaluation: %.7f, expected %.7f", tested.loss, plain);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

// -- Frozen parameters

static bool has_prefix(const char *text, const char *prefix)
{
    return strncmp(text, prefix, strlen(prefix)) == 0;
}

// `frozen` freezes what begins with one of the two prefixes, and nothing else.
static void expect_frozen(const struct fixture *fixture, const struct tuff_dataset *digits,
                          struct tuff_trainer_options options, const char *const *frozen, size_t count,
                          const char *prefix, const char *prefix2)
{
    options.frozen = frozen;
    options.frozen_count = count;
    struct tuff_trainer *trainer = make_trainer(fixture, digits, digits, &options);
    size_t elements, at = 0;
    float *before = read_parameters(fixture, trainer, &elements);
    cr_assert_eq(tuff_trainer_epoch(trainer, 0, NULL, NULL), TUFF_OK);
    float *after = read_parameters(fixture, trainer, &elements);
    for (size_t i = 0; i < tuff_model_parameter_count(fixture->model); i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(fixture->model, i, &info);
        size_t size = 1;
        for (uint32_t d = 0; d < info.rank; d++)
            size *= info.dims[d];
        bool same = memcmp(before + at, after + at, size * sizeof *before) == 0;
        bool expected = has_prefix(info.name, prefix) || has_prefix(info.name, prefix2);
        cr_expect_eq(same, expected, "optimizer %u, %s: %s", options.optimizer, info.name,
                     same ? "it did not move" : "it moved");
        at += size;
    }
    struct tuff_metrics metrics;
    cr_expect_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    free(before);
    free(after);
    tuff_trainer_destroy(&trainer);
}

ParameterizedTestParameters(backend, frozen_parameters_keep_their_bits)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, frozen_parameters_keep_their_bits,
                  .timeout = 300)
{
    static const char *const some[] = {"conv1", "fc*"}, *const bias[] = {"fc1.bias", "conv2.weight"},
                             *const last[] = {"fc3.*"};
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options o = base_options();
    o.weight_decay = 0.1;
    o.clip_norm = 1;
    for (o.optimizer = TUFF_OPTIMIZER_ADAM; o.optimizer <= TUFF_OPTIMIZER_SGD; o.optimizer++) {
        o.momentum = o.optimizer == TUFF_OPTIMIZER_SGD ? 0.9 : 0;
        expect_frozen(&fixture, digits, o, some, 2, "conv1.", "fc");
        expect_frozen(&fixture, digits, o, bias, 2, "fc1.bias", "conv2.weight");
        expect_frozen(&fixture, digits, o, last, 1, "fc3.", "fc3.");
    }
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

// What is not frozen is trained as if the rest were constants: the same bits as a training of all, one step
// long.
ParameterizedTestParameters(backend, freezing_changes_no_other_gradient)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, freezing_changes_no_other_gradient,
                  .timeout = 300)
{
    static const char *const frozen[] = {"conv2", "fc2.weight"};
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options o = base_options();
    struct tuff_trainer *all = make_trainer(&fixture, digits, NULL, &o);
    o.frozen = frozen;
    o.frozen_count = 2;
    struct tuff_trainer *some = make_trainer(&fixture, digits, NULL, &o);
    cr_assert_eq(tuff_trainer_steps(all, 0, 1, NULL, NULL, NULL), TUFF_OK);
    cr_assert_eq(tuff_trainer_steps(some, 0, 1, NULL, NULL, NULL), TUFF_OK);
    size_t count, at = 0, same = 0;
    float *a = read_parameters(&fixture, all, &count), *b = read_parameters(&fixture, some, &count);
    for (size_t i = 0; i < tuff_model_parameter_count(fixture.model); i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(fixture.model, i, &info);
        size_t size = 1;
        for (uint32_t d = 0; d < info.rank; d++)
            size *= info.dims[d];
        bool kept = has_prefix(info.name, "conv2.") || strcmp(info.name, "fc2.weight") == 0;
        if (!kept)
            cr_expect_eq(memcmp(a + at, b + at, size * sizeof *a), 0, "%s", info.name);
        same += !kept;
        at += size;
    }
    cr_expect_eq(same, 7u);
    free(a);
    free(b);
    tuff_trainer_destroy(&all);
    tuff_trainer_destroy(&some);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

// -- Options

static void expect_refusal(const struct fixture *fixture, const struct tuff_dataset *digits,
                           const struct tuff_trainer_options *options, const char *words)
{
    struct tuff_trainer *trainer = NULL;
    cr_expect_eq(tuff_trainer_create(fixture->target, fixture->model, digits, NULL, options, &trainer),
                 TUFF_ERROR_INVALID, "expected a refusal: %s", words);
    cr_expect_null(trainer);
    cr_expect_not_null(strstr(last_error(), words), "no \"%s\" in: %s", words, last_error());
}

Test(trainer, refuses_options_that_cannot_be, .timeout = 60)
{
    struct fixture fixture;
    fixture_open(&fixture, "reference", 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    const char *pattern = "cnv1", *const all = "*";
    struct tuff_trainer_options o = base_options();
    o.frozen = &pattern;
    o.frozen_count = 1;
    expect_refusal(&fixture, digits, &o, "did you mean 'conv1'?");
    pattern = "fc3.wieght";
    expect_refusal(&fixture, digits, &o, "did you mean 'fc3.weight'?");
    o.frozen = &all;
    expect_refusal(&fixture, digits, &o, "nothing is trained");
    o = base_options();
    o.momentum = 0.9;
    expect_refusal(&fixture, digits, &o, "options of SGD");
    o.optimizer = TUFF_OPTIMIZER_SGD;
    o.momentum = 1;
    expect_refusal(&fixture, digits, &o, "momentum is 1");
    o.momentum = 0.99999999; // which is 1 in float32
    expect_refusal(&fixture, digits, &o, "momentum is 0.99999999");
    o.momentum = 0;
    o.nesterov = 1;
    expect_refusal(&fixture, digits, &o, "nesterov needs a momentum");
    o = base_options();
    o.optimizer = 3;
    expect_refusal(&fixture, digits, &o, "optimizer is 3");
    o = base_options();
    o.beta2 = 1;
    expect_refusal(&fixture, digits, &o, "beta1 is 0.9 and beta2 1");
    o = base_options();
    o.epsilon = 0;
    expect_refusal(&fixture, digits, &o, "epsilon is 0");
    o.epsilon = 1e-40; // which devices may take for 0
    expect_refusal(&fixture, digits, &o, "epsilon is 1e-40");
    o = base_options();
    o.label_smoothing = 1.5;
    expect_refusal(&fixture, digits, &o, "label smoothing is 1.5");
    o = base_options();
    o.average_decay = 1;
    expect_refusal(&fixture, digits, &o, "decay of the average is 1");
    o = base_options();
    o.clip_norm = -1;
    expect_refusal(&fixture, digits, &o, "norm is -1");
    o = base_options();
    o.size = 0;
    expect_refusal(&fixture, digits, &o, "size is not set");
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

// A caller that was built before the struct grew hands over less of it.
Test(trainer, takes_options_of_a_smaller_size, .timeout = 60)
{
    struct fixture fixture;
    fixture_open(&fixture, "reference", 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options o, small;
    tuff_trainer_options_default(&o);
    memset(&small, 0xff, sizeof small);
    tuff_trainer_options_fill(&small, offsetof(struct tuff_trainer_options, optimizer));
    cr_assert_eq(small.size, offsetof(struct tuff_trainer_options, optimizer));
    cr_expect_eq(small.optimizer, UINT32_MAX, "more was written than the caller has");
    struct tuff_trainer *a = make_trainer(&fixture, digits, NULL, &o);
    struct tuff_trainer *b = make_trainer(&fixture, digits, NULL, &small);
    cr_assert_eq(tuff_trainer_epoch(a, 0, NULL, NULL), TUFF_OK);
    cr_assert_eq(tuff_trainer_epoch(b, 0, NULL, NULL), TUFF_OK);
    size_t count;
    float *of_a = read_parameters(&fixture, a, &count), *of_b = read_parameters(&fixture, b, &count);
    cr_expect_eq(memcmp(of_a, of_b, count * sizeof *of_a), 0);
    free(of_a);
    free(of_b);
    tuff_trainer_destroy(&a);
    tuff_trainer_destroy(&b);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}
