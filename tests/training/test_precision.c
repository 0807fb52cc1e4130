// Training in mixed precision: it follows float32, skips steps that overflow, and has bits of its own that
// last.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "fixture.h"
#include "tuff/checkpoint.h"
#include "tuff/op.h"

enum { STEPS = 20, SAMPLES = 160, TEST = 43 };

// Relative, of a step's loss. float16 has 11 bits: an activation is off by up to 2^-12 of itself, a loss
// after twenty steps by some times as much. Measured: 0.5% at most.
static const double LOSS_TOLERANCE = 0.02;

// A network with every kind of layer that has float16 kernels, but for LeNet's.
static const char residual[] =
    "name: residual\ninput: [1, 28, 28]\nlayers:\n"
    "  - conv2d: {channels: 5, kernel: 3, stride: 2, bias: false}\n"
    "  - batch_norm2d\n"
    "  - relu\n"
    "  - residual: {name: res, layers: [conv2d: {channels: 5, kernel: 3, padding: 1, bias: false}, "
    "batch_norm2d, relu, conv2d: {channels: 5, kernel: 3, padding: 1}, batch_norm2d]}\n"
    "  - gelu\n"
    "  - concat: {name: mix, branches: [[], [conv2d: {name: side, channels: 20, kernel: 1}]]}\n"
    "  - max_pool2d: {kernel: 2}\n"
    "  - conv2d: {channels: 20, kernel: 3, groups: 5, padding: 1}\n"
    "  - avg_pool2d: {kernel: 2}\n"
    "  - flatten\n"
    "  - dropout: {p: 0.1}\n"
    "  - linear: {features: 24}\n"
    "  - relu\n"
    "  - linear: {features: 10}\n";

// Its logits come from no linear layer.
static const char pooled[] = "name: pooled\ninput: [1, 28, 28]\nlayers:\n"
                             "  - conv2d: {channels: 8, kernel: 5, stride: 2}\n"
                             "  - relu\n"
                             "  - conv2d: {channels: 10, kernel: 3}\n"
                             "  - adaptive_avg_pool2d: {output: 1}\n"
                             "  - flatten\n";

static struct tuff_trainer_options options_of(enum tuff_precision precision)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = 8;
    options.learning_rate = 2e-3;
    options.epsilon = 1e-4; // else a gradient that is rounding alone makes a whole step of Adam
    options.precision = (uint32_t)precision;
    return options;
}

// model: a model file's text; NULL: lenet-mnist.
static void open_with(struct fixture *fixture, const char *backend, const char *model)
{
    fixture_open(fixture, backend, 0);
    if (model == NULL)
        return;
    tuff_model_destroy(&fixture->model);
    cr_assert_eq(tuff_model_parse(fixture->log, "network", model, strlen(model), &fixture->model), TUFF_OK,
                 "%s", last_error());
}

struct outcome {
    float losses[STEPS];
    float *parameters;
    size_t count;
    double tested;
    struct tuff_loss_scale scale;
};

static struct outcome train(const char *backend, const char *model,
                            const struct tuff_trainer_options *options, const struct tuff_dataset *digits,
                            const struct tuff_dataset *test)
{
    struct outcome outcome = {.scale = {.size = sizeof outcome.scale}};
    struct fixture fixture;
    struct tuff_metrics metrics;
    open_with(&fixture, backend, model);
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, test, options);
    cr_assert_eq(tuff_trainer_steps(trainer, 0, STEPS, NULL, NULL, outcome.losses), TUFF_OK);
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    outcome.tested = metrics.loss;
    outcome.parameters = read_parameters(&fixture, trainer, &outcome.count);
    tuff_trainer_loss_scale(trainer, &outcome.scale);
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
    return outcome;
}

static void expect_follows(const char *backend, const char *model, const struct tuff_dataset *digits,
                           const struct tuff_dataset *test)
{
    struct tuff_trainer_options o = options_of(TUFF_PRECISION_FLOAT32);
    struct outcome full = train(backend, model, &o, digits, test);
    o.precision = TUFF_PRECISION_MIXED;
    struct outcome mixed = train(backend, model, &o, digits, test),
                   again = train(backend, model, &o, digits, test);
    double worst = 0;
    for (int i = 0; i < STEPS; i++) {
        cr_expect(within((double)mixed.losses[i], (double)full.losses[i], LOSS_TOLERANCE),
                  "loss of step %d: %.8f in mixed precision, %.8f in float32", i + 1, (double)mixed.losses[i],
                  (double)full.losses[i]);
        worst = fmax(worst, fabs((double)mixed.losses[i] / (double)full.losses[i] - 1));
    }
    fprintf(stderr, "losses differ by %.1e at most\n", worst);
    cr_expect_gt(worst, 0, "nothing was rounded");
    cr_expect(within(mixed.tested, full.tested, LOSS_TOLERANCE), "test loss %.8f, %.8f in float32",
              mixed.tested, full.tested);
    cr_expect_eq(memcmp(mixed.losses, again.losses, sizeof mixed.losses), 0, "not the same losses again");
    cr_expect_eq(memcmp(mixed.parameters, again.parameters, mixed.count * sizeof(float)), 0,
                 "not the same parameters again");
    cr_expect(full.scale.scale == 0, "float32 has a scale of %g", (double)full.scale.scale);
    cr_expect(mixed.scale.scale == TUFF_LOSS_SCALE_FIRST, "the scale is %g", (double)mixed.scale.scale);
    cr_expect_eq(mixed.scale.good_steps, STEPS);
    cr_expect_eq(mixed.scale.skipped, 0u);
    free(full.parameters);
    free(mixed.parameters);
    free(again.parameters);
}

ParameterizedTestParameters(backend, mixed_precision_follows_float32)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, mixed_precision_follows_float32,
                  .timeout = 600)
{
    if (!has_float16(backend->text))
        return;
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES),
                        *test = load_digits(TUFF_SPLIT_TEST, TEST);
    expect_follows(backend->text, NULL, digits, test);
    expect_follows(backend->text, residual, digits, test);
    expect_follows(backend->text, pooled, digits, test);
    tuff_dataset_destroy(&digits);
    tuff_dataset_destroy(&test);
}

// -- Overflow

enum { FIRST_STEPS = 5 };

// Lets the first step overflow: with one sample and certainty of another class, the gradient of a logit is
// the whole scale, which float16 has not.
static void plant_overflow(const struct fixture *fixture, struct tuff_trainer *trainer, uint32_t label)
{
    float bias[10] = {0};
    struct tuff_parameter_info info;
    const size_t last = tuff_model_parameter_count(fixture->model) - 1;
    tuff_model_parameter(fixture->model, last, &info);
    cr_assert(info.rank == 1 && info.dims[0] == 10, "%s", info.name);
    bias[(label + 1) % 10] = 40;
    cr_assert_eq(tuff_trainer_write_parameter(trainer, last, bias), TUFF_OK);
}

static struct tuff_loss_scale scale_of(const struct tuff_trainer *trainer)
{
    struct tuff_loss_scale scale = {.size = sizeof scale};
    tuff_trainer_loss_scale(trainer, &scale);
    return scale;
}

static void expect_scale(const struct tuff_trainer *trainer, float factor, uint32_t good_steps,
                         uint64_t skipped)
{
    const struct tuff_loss_scale scale = scale_of(trainer);
    cr_expect(scale.scale == factor, "the scale is %g, expected %g", (double)scale.scale, (double)factor);
    cr_expect_eq(scale.good_steps, good_steps, "%u good steps, expected %u", scale.good_steps, good_steps);
    cr_expect_eq(scale.skipped, skipped);
}

// A training that begins with a step which is skipped, is saved after it, and goes on.
static void expect_skips(const char *backend, const struct tuff_trainer_options *options,
                         const struct tuff_dataset *digits)
{
    char path[64];
    size_t count;
    struct fixture fixture;
    fixture_open(&fixture, backend, 0);
    snprintf(path, sizeof path, "/tmp/tuff-test-precision-%ld.safetensors", (long)getpid());
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, options);
    plant_overflow(&fixture, trainer, digits->labels[0]);
    float *before = read_parameters(&fixture, trainer, &count);
    cr_assert_eq(tuff_trainer_advance(trainer, 0, 1, NULL, NULL, NULL), TUFF_OK);
    float *after = read_parameters(&fixture, trainer, &count);
    cr_expect_eq(memcmp(before, after, count * sizeof *before), 0, "the step was not skipped");
    expect_scale(trainer, TUFF_LOSS_SCALE_FIRST / 2, 0, 1);
    cr_assert_eq(tuff_training_save(fixture.log, path, trainer, NULL, 0), TUFF_OK);
    free(after);

    cr_assert_eq(tuff_trainer_advance(trainer, 0, FIRST_STEPS, NULL, NULL, NULL), TUFF_OK);
    after = read_parameters(&fixture, trainer, &count);
    cr_expect_neq(memcmp(before, after, count * sizeof *before), 0, "nothing was learned after it");
    expect_scale(trainer, TUFF_LOSS_SCALE_FIRST / 2, FIRST_STEPS - 1, 1);

    struct tuff_trainer *resumed = make_trainer(&fixture, digits, NULL, options);
    cr_assert_eq(tuff_training_load(fixture.log, path, resumed), TUFF_OK, "%s", last_error());
    expect_scale(resumed, TUFF_LOSS_SCALE_FIRST / 2, 0, 1);
    cr_assert_eq(tuff_trainer_advance(resumed, 0, FIRST_STEPS, NULL, NULL, NULL), TUFF_OK);
    float *parts = read_parameters(&fixture, resumed, &count);
    cr_expect_eq(memcmp(parts, after, count * sizeof *parts), 0, "a resumed training has other parameters");
    expect_scale(resumed, TUFF_LOSS_SCALE_FIRST / 2, FIRST_STEPS - 1, 1);
    tuff_trainer_destroy(&resumed);

    struct tuff_trainer_options other = *options;
    other.precision = TUFF_PRECISION_FLOAT32;
    resumed = make_trainer(&fixture, digits, NULL, &other);
    cr_expect_neq(tuff_training_load(fixture.log, path, resumed), TUFF_OK);
    cr_expect_not_null(strstr(last_error(), "another precision: expected mixed, found float32"), "%s",
                       last_error());
    unlink(path);
    tuff_trainer_destroy(&resumed);
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
    free(before);
    free(after);
    free(parts);
}

ParameterizedTestParameters(backend, overflows_are_skipped)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, overflows_are_skipped, .timeout = 600)
{
    if (!has_float16(backend->text))
        return;
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, 9);
    struct tuff_trainer_options o = options_of(TUFF_PRECISION_MIXED);
    o.batch_size = 1;
    o.shuffle = 0;
    o.average_decay = 0.9;
    expect_skips(backend->text, &o, digits);
    o.optimizer = TUFF_OPTIMIZER_SGD;
    o.momentum = 0.9;
    o.clip_norm = 0.5;
    expect_skips(backend->text, &o, digits);
    tuff_dataset_destroy(&digits);
}

// With weights that float16 has not, every step overflows, and the scale falls to the least.
ParameterizedTestParameters(backend, the_scale_does_not_fall_below_one)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, the_scale_does_not_fall_below_one,
                  .timeout = 600)
{
    enum { ALL = 20 };
    if (!has_float16(backend->text))
        return;
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, ALL);
    struct tuff_trainer_options o = options_of(TUFF_PRECISION_MIXED);
    struct fixture fixture;
    size_t count;
    o.batch_size = 1;
    open_with(&fixture, backend->text, pooled);
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &o);
    float *weights = read_parameters(&fixture, trainer, &count);
    for (size_t i = 0; i < count; i++)
        weights[i] = 1e6f;
    cr_assert_eq(tuff_trainer_write_parameter(trainer, 0, weights), TUFF_OK);
    free(weights);
    weights = read_parameters(&fixture, trainer, &count);
    cr_assert_eq(tuff_trainer_steps(trainer, 0, ALL, NULL, NULL, NULL), TUFF_OK);
    float *after = read_parameters(&fixture, trainer, &count);
    cr_expect_eq(memcmp(weights, after, count * sizeof *after), 0, "a step was not skipped");
    expect_scale(trainer, TUFF_LOSS_SCALE_LEAST, 0, ALL);
    free(weights);
    free(after);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

// -- Gradients

// They are those of the loss, without its scale.
ParameterizedTestParameters(backend, gradients_are_unscaled)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, gradients_are_unscaled, .timeout = 600)
{
    if (!has_float16(backend->text))
        return;
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, 16);
    float *gradients[2];
    size_t count = 0;
    for (int mixed = 0; mixed < 2; mixed++) {
        struct fixture fixture;
        struct tuff_trainer_options o = options_of(mixed ? TUFF_PRECISION_MIXED : TUFF_PRECISION_FLOAT32);
        fixture_open(&fixture, backend->text, 0);
        struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &o);
        cr_assert_eq(tuff_trainer_steps(trainer, 0, 1, NULL, NULL, NULL), TUFF_OK);
        gradients[mixed] = read_gradients(&fixture, trainer);
        count = (size_t)tuff_model_parameter_elements(fixture.model);
        tuff_trainer_destroy(&trainer);
        fixture_close(&fixture);
    }
    double distance = 0, norm = 0;
    for (size_t i = 0; i < count; i++) {
        const double error = (double)gradients[1][i] - (double)gradients[0][i];
        distance += error * error;
        norm += (double)gradients[0][i] * (double)gradients[0][i];
    }
    cr_expect(distance < 1e-4 * norm, "they differ by %g of their norm", sqrt(distance / norm));
    free(gradients[0]);
    free(gradients[1]);
    tuff_dataset_destroy(&digits);
}

// -- Who has no float16

ParameterizedTestParameters(backend, backends_without_float16_say_so)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, backends_without_float16_say_so)
{
    if (has_float16(backend->text))
        return;
    char expected[64];
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, 16);
    const struct tuff_trainer_options o = options_of(TUFF_PRECISION_MIXED);
    struct tuff_trainer *trainer = NULL;
    cr_expect_eq(tuff_trainer_create(fixture.target, fixture.model, digits, NULL, &o, &trainer),
                 TUFF_ERROR_UNSUPPORTED);
    snprintf(expected, sizeof expected, "backend %s has no float16 cast", backend->text);
    cr_expect_not_null(strstr(last_error(), expected), "%s", last_error());
    cr_expect_not_null(strstr(last_error(), "--precision float32"), "%s", last_error());
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

Test(trainer, refuses_an_unknown_precision)
{
    struct fixture fixture;
    fixture_open(&fixture, "reference", 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, 16);
    const struct tuff_trainer_options o = options_of((enum tuff_precision)7);
    struct tuff_trainer *trainer = NULL;
    cr_expect_eq(tuff_trainer_create(fixture.target, fixture.model, digits, NULL, &o, &trainer),
                 TUFF_ERROR_INVALID);
    cr_expect_not_null(strstr(last_error(), "precision is 7"), "%s", last_error());
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}
