// Learning rates and freezing that the model asks for, on every backend.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "fixture.h"
#include "tuff/checkpoint.h"

enum { SAMPLES = 37, BATCH = 8, PER_EPOCH = 5, PARAMETERS = 6 };

// Convolution, then two linear layers: weight and bias each. %s: further keys of the three.
static const char network[] =
    "name: rates\ninput: [1, 28, 28]\nlayers:\n"
    "  - block: {name: stem%s, layers: [conv2d: {channels: 3, kernel: 5, stride: 2}, "
    "relu, max_pool2d: {kernel: 2}]}\n"
    "  - flatten\n"
    "  - linear: {name: fc1, features: 12%s}\n"
    "  - relu\n"
    "  - linear: {name: fc2, features: 10%s}\n";

static void open_network(struct fixture *fixture, const char *backend, const char *stem, const char *fc1,
                         const char *fc2)
{
    char text[1024];
    if (fixture->context == NULL)
        fixture_open(fixture, backend, 0);
    snprintf(text, sizeof text, network, stem, fc1, fc2);
    load_model(fixture, text);
    cr_assert_eq(tuff_model_parameter_count(fixture->model), PARAMETERS);
}

static struct tuff_trainer_options adam(void)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.learning_rate = 0.01;
    return options;
}

static struct tuff_trainer_options sgd(double momentum)
{
    struct tuff_trainer_options options = adam();
    options.optimizer = TUFF_OPTIMIZER_SGD;
    options.momentum = momentum;
    options.learning_rate = 0.125;
    return options;
}

// All parameters after some steps of one epoch; free() them.
static float *train(const struct fixture *fixture, const struct tuff_trainer_options *options, uint32_t steps)
{
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer *trainer = make_trainer(fixture, digits, NULL, options);
    struct tuff_metrics metrics;
    size_t count;
    if (steps > 0)
        cr_assert_eq(tuff_trainer_steps(trainer, 0, steps, NULL, &metrics, NULL), TUFF_OK);
    float *parameters = read_parameters(fixture, trainer, &count);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    return parameters;
}

static uint64_t elements_of(const struct fixture *fixture, size_t index)
{
    struct tuff_parameter_info info;
    tuff_model_parameter(fixture->model, index, &info);
    uint64_t elements = 1;
    for (uint32_t k = 0; k < info.rank; k++)
        elements *= info.dims[k];
    return elements;
}

ParameterizedTestParameters(backend, rate_factors)
{
    return backends_under_test();
}

// A step of SGD without momentum goes as far as its factor says. 0.5 and 2 change no digit of a step, and the
// parameter that it is subtracted from rounds to half a unit.
ParameterizedTest(const struct backend_name *backend, backend, rate_factors, .timeout = 120)
{
    static const double factors[PARAMETERS] = {0.5, 0.5, 1, 1, 2, 2};
    struct fixture fixture = {.context = NULL};
    const struct tuff_trainer_options options = sgd(0);
    open_network(&fixture, backend->text, "", "", "");
    float *before = train(&fixture, &options, 0), *plain = train(&fixture, &options, 1);
    open_network(&fixture, backend->text, ", lr_factor: 0.5", ", lr_factor: 1", ", lr_factor: 2");
    float *scaled = train(&fixture, &options, 1);
    uint64_t at = 0;
    for (size_t p = 0; p < PARAMETERS; p++) {
        double moved = 0;
        for (uint64_t k = elements_of(&fixture, p); k > 0; k--, at++) {
            double step = (double)plain[at] - (double)before[at];
            double difference = (double)scaled[at] - (double)before[at] - factors[p] * step;
            moved = fmax(moved, fabs(step));
            cr_assert(fabs(difference) <= 4e-7 * fmax(fabs((double)before[at]), 0.1),
                      "parameter %zu: %g, not %g times %g", p, (double)scaled[at] - (double)before[at],
                      factors[p], step);
        }
        cr_expect_gt(moved, 1e-3, "parameter %zu has to move", p);
    }
    free(before);
    free(plain);
    free(scaled);
    fixture_close(&fixture);
}

ParameterizedTestParameters(backend, a_factor_of_one_changes_no_bit)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, a_factor_of_one_changes_no_bit, .timeout = 120)
{
    struct fixture fixture = {.context = NULL};
    const struct tuff_trainer_options options = adam();
    open_network(&fixture, backend->text, "", "", "");
    float *plain = train(&fixture, &options, PER_EPOCH);
    open_network(&fixture, backend->text, ", lr_factor: 1", "", ", lr_factor: 1.0");
    float *ones = train(&fixture, &options, PER_EPOCH);
    cr_expect_eq(memcmp(plain, ones, tuff_model_parameter_elements(fixture.model) * sizeof *plain), 0);
    free(plain);
    free(ones);
    fixture_close(&fixture);
}

ParameterizedTestParameters(backend, frozen_by_the_model)
{
    return backends_under_test();
}

// The block's key holds for what is in it, and the layer's own for the layer.
ParameterizedTest(const struct backend_name *backend, backend, frozen_by_the_model, .timeout = 120)
{
    struct fixture fixture = {.context = NULL};
    const struct tuff_trainer_options options = adam();
    open_network(&fixture, backend->text, ", freeze: true", ", freeze: false", "");
    float *before = train(&fixture, &options, 0), *after = train(&fixture, &options, PER_EPOCH);
    uint64_t frozen = elements_of(&fixture, 0) + elements_of(&fixture, 1);
    uint64_t all = tuff_model_parameter_elements(fixture.model), moved = 0;
    cr_expect_eq(memcmp(before, after, frozen * sizeof *before), 0);
    for (uint64_t i = frozen; i < all; i++)
        moved += before[i] != after[i]; // a pixel that is always black moves none
    cr_expect_gt(moved, (all - frozen) / 4);
    free(before);
    free(after);
    fixture_close(&fixture);
}

// Nothing is left to train, which is no matter for an evaluation.
Test(trainer, a_model_that_is_all_frozen_is_evaluated, .timeout = 60)
{
    static const char frozen[] = "name: frozen\ninput: [1, 28, 28]\nlayers:\n  - flatten\n"
                                 "  - linear: {features: 10, freeze: true}\n";
    struct fixture fixture;
    struct tuff_metrics metrics;
    struct tuff_trainer_options options = adam();
    fixture_open(&fixture, "reference", 0);
    load_model(&fixture, frozen);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TEST, SAMPLES);
    options.average_decay = 0.5;
    struct tuff_trainer *trainer = make_trainer(&fixture, NULL, digits, &options);
    cr_expect_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    cr_expect_eq(metrics.samples, SAMPLES);
    tuff_trainer_destroy(&trainer);
    cr_expect_eq(tuff_trainer_create(fixture.target, fixture.model, digits, NULL, &options, &trainer),
                 TUFF_ERROR_INVALID);
    cr_expect_not_null(strstr(last_error(), "all parameters of model frozen are frozen: nothing is trained"),
                       "%s", last_error());
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

ParameterizedTestParameters(backend, resumed_with_rate_factors)
{
    return backends_under_test();
}

// The moments of each group come back: the last steps have the bits of a training that was never stopped.
static void resume(const struct fixture *fixture, const struct tuff_trainer_options *options)
{
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    char path[64];
    size_t count;
    snprintf(path, sizeof path, "/tmp/tuff-test-rates-%ld.safetensors", (long)getpid());
    float *whole = train(fixture, options, PER_EPOCH);
    struct tuff_trainer *first = make_trainer(fixture, digits, NULL, options);
    cr_assert_eq(tuff_trainer_advance(first, 0, 2, NULL, NULL, NULL), TUFF_OK);
    cr_assert_eq(tuff_training_save(fixture->log, path, first, NULL, 0), TUFF_OK, "%s", last_error());
    tuff_trainer_destroy(&first);
    struct tuff_trainer *second = make_trainer(fixture, digits, NULL, options);
    cr_assert_eq(tuff_training_load(fixture->log, path, second), TUFF_OK, "%s", last_error());
    unlink(path);
    cr_assert_eq(tuff_trainer_advance(second, 0, PER_EPOCH, NULL, NULL, NULL), TUFF_OK);
    float *resumed = read_parameters(fixture, second, &count);
    cr_expect_eq(memcmp(whole, resumed, count * sizeof *whole), 0);
    free(whole);
    free(resumed);
    tuff_trainer_destroy(&second);
    tuff_dataset_destroy(&digits);
}

ParameterizedTest(const struct backend_name *backend, backend, resumed_with_rate_factors, .timeout = 120)
{
    struct fixture fixture = {.context = NULL};
    struct tuff_trainer_options with[2] = {adam(), sgd(0.9)};
    with[0].clip_norm = 0.5;
    with[0].average_decay = 0.9;
    open_network(&fixture, backend->text, ", lr_factor: 0.1", "", ", lr_factor: 3");
    for (int i = 0; i < 2; i++)
        resume(&fixture, &with[i]);
    fixture_close(&fixture);
}
