// Ops in one and one after the other: training and evaluation give the same, on every backend.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "fixture.h"

enum { SAMPLES = 37, BATCH = 8, STEPS = 5 }; // the last batch has 5 samples

// Every sequence that can be fused, and a normalization whose output a sum reads too.
static const char network[] =
    "name: fused\ninput: [1, 28, 28]\nlayers:\n"
    "  - conv2d: {channels: 5, kernel: 3, stride: 2}\n"
    "  - relu\n"
    "  - conv2d: {channels: 20, kernel: 3, padding: 1, bias: false}\n"
    "  - batch_norm2d\n"
    "  - relu\n"
    "  - batch_norm2d\n"
    "  - residual: {name: res, layers: [relu, conv2d: {channels: 20, kernel: 3, padding: 1}, "
    "batch_norm2d: {affine: false}, relu]}\n"
    "  - conv2d: {channels: 6, kernel: 3}\n"
    "  - relu\n"
    "  - max_pool2d: {kernel: 2}\n"
    "  - flatten\n"
    "  - linear: {features: 24}\n"
    "  - relu\n"
    "  - linear: {features: 10}\n";

struct outcome {
    float *parameters;
    size_t count;
    float losses[STEPS];
    double test_loss;
};

// An epoch and an evaluation.
static struct outcome train(const struct fixture *fixture, const struct tuff_dataset *digits, bool fused)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.optimizer = TUFF_OPTIMIZER_SGD; // small differences stay small
    options.learning_rate = 0.05;
    options.no_fusion = !fused;
    struct tuff_trainer *trainer = make_trainer(fixture, digits, digits, &options);
    struct tuff_metrics test;
    struct outcome outcome;
    cr_assert_eq(tuff_trainer_advance(trainer, 0, 0, NULL, NULL, outcome.losses), TUFF_OK, "%s",
                 last_error());
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &test), TUFF_OK, "%s", last_error());
    outcome.test_loss = test.loss;
    outcome.parameters = read_parameters(fixture, trainer, &outcome.count);
    tuff_trainer_destroy(&trainer);
    return outcome;
}

ParameterizedTestParameters(backend, fused_ops_train_as_their_parts)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, fused_ops_train_as_their_parts, .timeout = 300)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    tuff_model_destroy(&fixture.model);
    cr_assert_eq(tuff_model_parse(fixture.log, "network", network, strlen(network), &fixture.model), TUFF_OK,
                 "%s", last_error());
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct outcome fused = train(&fixture, digits, true), parts = train(&fixture, digits, false);
    for (int i = 0; i < STEPS; i++)
        cr_expect(within((double)fused.losses[i], (double)parts.losses[i], 1e-5),
                  "losses of step %d: %.9g and %.9g", i, (double)fused.losses[i], (double)parts.losses[i]);
    cr_expect(within(fused.test_loss, parts.test_loss, 1e-4), "losses of evaluation: %.9g and %.9g",
              fused.test_loss, parts.test_loss);
    cr_assert_eq(fused.count, parts.count);
    double greatest = 0, difference = 0;
    for (size_t i = 0; i < fused.count; i++) {
        cr_assert(isfinite(fused.parameters[i]), "parameter %zu is %g", i, (double)fused.parameters[i]);
        greatest = fmax(greatest, fabs((double)parts.parameters[i]));
        difference = fmax(difference, fabs((double)fused.parameters[i] - (double)parts.parameters[i]));
    }
    cr_expect_leq(difference, 1e-4 * greatest, "parameters differ by up to %g", difference);
    free(fused.parameters);
    free(parts.parameters);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}
