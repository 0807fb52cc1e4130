// A batch that runs in parts: what the whole batch gives, up to rounding, whatever is done with the
// gradients.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"

// 150 samples in batches of 64 in parts of 16: the last batch has two parts, and its last part is short.
enum { SAMPLES = 150, BATCH = 64, PART = 16, STEPS = 3, EPOCHS = 2 };

struct outcome {
    float losses[STEPS * EPOCHS];
    float *parameters, *gradients;
    size_t count;
    struct tuff_metrics metrics;
    struct tuff_memory_plan memory;
};

static struct outcome train(const char *backend, const struct tuff_dataset *digits,
                            const struct tuff_trainer_options *options)
{
    struct outcome outcome = {.count = 0};
    struct fixture fixture;
    fixture_open(&fixture, backend, 0);
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, options);
    cr_assert_eq(tuff_trainer_steps_per_epoch(trainer), STEPS);
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++)
        cr_assert_eq(
            tuff_trainer_steps(trainer, epoch, 0, NULL, &outcome.metrics, outcome.losses + epoch * STEPS),
            TUFF_OK);
    outcome.parameters = read_parameters(&fixture, trainer, &outcome.count);
    outcome.gradients = read_gradients(&fixture, trainer);
    tuff_trainer_memory(trainer, &outcome.memory);
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
    return outcome;
}

static void compare(const char *backend, const struct tuff_trainer_options *options, double tolerance)
{
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options in_parts = *options;
    in_parts.micro_batch = PART;
    struct outcome whole = train(backend, digits, options), parts = train(backend, digits, &in_parts),
                   again = train(backend, digits, &in_parts);
    for (int i = 0; i < STEPS * EPOCHS; i++)
        cr_expect(within(parts.losses[i], whole.losses[i], tolerance),
                  "%s: loss of step %d is %.8f, and %.8f of a whole batch", backend, i + 1,
                  (double)parts.losses[i], (double)whole.losses[i]);
    cr_expect_eq(parts.metrics.samples, SAMPLES);
    cr_expect(within(parts.metrics.loss, whole.metrics.loss, tolerance));
    cr_assert_eq(parts.count, whole.count);
    const double off = distance(parts.parameters, whole.parameters, whole.count),
                 turned = distance(parts.gradients, whole.gradients, whole.count);
    cr_expect_leq(off, tolerance, "%s: parameters differ by %g of the greatest", backend, off);
    cr_expect_leq(turned, 20 * tolerance, "%s: gradients differ by %g of the greatest", backend, turned);
    cr_expect(memcmp(parts.parameters, again.parameters, parts.count * sizeof *parts.parameters) == 0,
              "%s: other bits from the same seed", backend);
    cr_expect_lt(parts.memory.activations, whole.memory.activations);
    cr_expect_gt(parts.memory.gradients, whole.memory.gradients);
    struct outcome *const all[] = {&whole, &parts, &again};
    for (int i = 0; i < 3; i++) {
        free(all[i]->parameters);
        free(all[i]->gradients);
    }
    tuff_dataset_destroy(&digits);
}

ParameterizedTestParameters(backend, micro_batch)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, micro_batch)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.epsilon = 1e-4; // else Adam makes a whole step of a gradient that is zero but for rounding
    options.average_decay = 0.5;
    compare(backend->text, &options, 1e-4);
    // Streamed: a chunk is two whole batches or less.
    options.optimizer = TUFF_OPTIMIZER_SGD;
    options.learning_rate = 0.05;
    options.momentum = 0.9;
    options.clip_norm = 1;
    options.data_budget_bytes = 2 * 28 * 28 * BATCH + 4096;
    compare(backend->text, &options, 1e-4);
    if (has_float16(backend->text)) {
        options.precision = TUFF_PRECISION_MIXED;
        compare(backend->text, &options, 5e-3);
    }
}

Test(trainer, micro_batch_that_does_not_divide)
{
    struct fixture fixture;
    struct tuff_trainer *trainer;
    struct tuff_trainer_options options;
    fixture_open(&fixture, "reference", 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.micro_batch = 48;
    cr_expect_eq(tuff_trainer_create(fixture.target, fixture.model, digits, NULL, &options, &trainer),
                 TUFF_ERROR_INVALID);
    cr_expect_str_eq(last_error(), "a micro-batch of 48 does not divide the batch of 64");
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}
