// Training with fused ops and without: the same up to rounding, in no more memory, and whatever the number of
// threads.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"
#include "op/op_info.h"
#include "tuff/bench.h"

enum { STEPS = 20, TEST = 43 };

// Relative, of losses; of parameters as a part of the greatest. What differs is the order in which sums
// round.
static const double LOSS_TOLERANCE = 1e-4, PARAMETER_TOLERANCE = 1e-4;

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
    float losses[STEPS];
    float *parameters;
    size_t count;
    struct tuff_metrics test;
    struct tuff_memory_plan memory;
    uint32_t fused[2]; // ops of a training step and of an evaluation's that stand for several
};

static uint32_t count_fused(struct tuff_trainer *trainer, enum tuff_split split)
{
    struct tuff_bench *bench;
    uint32_t fused = 0;
    cr_assert_eq(tuff_bench_create(trainer, split, &bench), TUFF_OK);
    for (uint32_t i = 0; i < tuff_bench_op_count(bench); i++) {
        struct tuff_bench_op op = {.size = sizeof op};
        tuff_bench_op(bench, i, &op);
        fused += tuff_op_info(tuff_op_find(op.op))->fused;
    }
    tuff_bench_destroy(&bench);
    return fused;
}

// model: a model file's text; NULL: lenet-mnist. A great epsilon: else Adam makes a whole step of a gradient
// that is zero but for rounding.
static struct outcome train(const char *backend, uint32_t threads, const char *model, bool fusion,
                            uint32_t batch, const struct tuff_dataset *digits,
                            const struct tuff_dataset *test)
{
    struct outcome outcome = {.count = 0};
    struct fixture fixture;
    struct tuff_trainer_options options;
    fixture_open(&fixture, backend, threads);
    if (model != NULL)
        load_model(&fixture, model);
    tuff_trainer_options_default(&options);
    options.batch_size = batch;
    options.learning_rate = 5e-3;
    options.epsilon = 1e-4;
    options.seed = 99;
    options.no_fusion = !fusion;
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, test, &options);
    for (int i = 0; i < STEPS; i++)
        outcome.losses[i] = NAN;
    cr_assert_eq(tuff_trainer_steps(trainer, 0, STEPS, NULL, NULL, outcome.losses), TUFF_OK);
    outcome.parameters = read_parameters(&fixture, trainer, &outcome.count);
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &outcome.test), TUFF_OK);
    tuff_trainer_memory(trainer, &outcome.memory);
    outcome.fused[0] = count_fused(trainer, TUFF_SPLIT_TRAIN);
    outcome.fused[1] = count_fused(trainer, TUFF_SPLIT_TEST);
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
    return outcome;
}

static void compare_losses(const struct outcome *with, const struct outcome *without)
{
    double worst = 0;
    for (int i = 0; i < STEPS; i++) {
        cr_expect(within(with->losses[i], without->losses[i], LOSS_TOLERANCE),
                  "loss of step %d: %.8f with fusion, %.8f without", i + 1, (double)with->losses[i],
                  (double)without->losses[i]);
        worst = fmax(worst, fabs((double)with->losses[i] / (double)without->losses[i] - 1));
    }
    fprintf(stderr, "losses differ by %.1e at most\n", worst);
}

static void compare_parameters(const struct outcome *with, const struct outcome *without)
{
    double worst = 0, greatest = 0;
    cr_assert_eq(with->count, without->count);
    for (size_t i = 0; i < with->count; i++) {
        // fmax takes a NaN for nothing.
        cr_assert(isfinite(with->parameters[i]) && isfinite(without->parameters[i]),
                  "parameter %zu: %g and %g", i, (double)with->parameters[i], (double)without->parameters[i]);
        worst = fmax(worst, fabs((double)with->parameters[i] - (double)without->parameters[i]));
        greatest = fmax(greatest, fabs((double)without->parameters[i]));
    }
    cr_expect_leq(worst, PARAMETER_TOLERANCE * greatest, "parameters differ by %g, the greatest is %g", worst,
                  greatest);
    fprintf(stderr, "parameters differ by %.1e of the greatest at most\n", worst / greatest);
}

static bool is_vulkan(const char *backend)
{
    return strcmp(backend, "vulkan") == 0;
}

// Whether the backend has every fused op.
static bool has_all(const char *backend)
{
    return strcmp(backend, "reference") == 0 || strcmp(backend, "cpu") == 0 || is_vulkan(backend);
}

// Fused ops of lenet-mnist, in a training step: two convolutions and two linear layers with what follows
// them, and the gradients of the convolutions; and in an evaluation. Backends that have none train the very
// same program.
static void fused_ops(const char *backend, uint32_t counts[2])
{
    const bool all = has_all(backend);
    counts[0] = all ? 7 : 0;
    counts[1] = all ? 4 : 0;
}

ParameterizedTestParameters(backend, fusion_changes_rounding_alone)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, fusion_changes_rounding_alone, .timeout = 300)
{
    enum { BATCH = 16, TRAIN = STEPS * BATCH };
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, TRAIN),
                        *test = load_digits(TUFF_SPLIT_TEST, TEST);
    struct outcome with = train(backend->text, 0, NULL, true, BATCH, digits, test),
                   without = train(backend->text, 0, NULL, false, BATCH, digits, test);
    compare_losses(&with, &without);
    cr_expect_lt(without.losses[STEPS - 1], 0.98f * without.losses[0], "it has to learn: %.4f, then %.4f",
                 (double)without.losses[0], (double)without.losses[STEPS - 1]);
    compare_parameters(&with, &without);
    cr_expect(within(with.test.loss, without.test.loss, LOSS_TOLERANCE),
              "test loss: %.8f with fusion, %.8f without", with.test.loss, without.test.loss);
    cr_expect_eq(with.test.samples, (uint64_t)TEST);
    cr_expect_leq(llabs((long long)with.test.correct - (long long)without.test.correct), 1);

    uint32_t expected[2];
    fused_ops(backend->text, expected);
    cr_expect_eq(with.fused[0], expected[0], "%u fused ops in a step", with.fused[0]);
    cr_expect_eq(with.fused[1], expected[1], "%u fused ops in an evaluation", with.fused[1]);
    cr_expect_eq(without.fused[0] + without.fused[1], 0);
    cr_expect_leq(with.memory.activations, without.memory.activations,
                  "activations: %llu bytes with fusion, %llu without",
                  (unsigned long long)with.memory.activations,
                  (unsigned long long)without.memory.activations);
    fprintf(stderr, "activations: %llu bytes with fusion, %llu without\n",
            (unsigned long long)with.memory.activations, (unsigned long long)without.memory.activations);
    if (expected[0] == 0)
        cr_expect_eq(memcmp(with.parameters, without.parameters, with.count * sizeof *with.parameters), 0);
    free(with.parameters);
    free(without.parameters);
    tuff_dataset_destroy(&digits);
    tuff_dataset_destroy(&test);
}

ParameterizedTestParameters(backend, every_sequence_trains_as_its_parts)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, every_sequence_trains_as_its_parts,
                  .timeout = 300)
{
    enum { BATCH = 8, TRAIN = STEPS * BATCH - 3 }; // the last batch is short
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, TRAIN),
                        *test = load_digits(TUFF_SPLIT_TEST, TEST);
    struct outcome with = train(backend->text, 0, network, true, BATCH, digits, test),
                   without = train(backend->text, 0, network, false, BATCH, digits, test);
    compare_losses(&with, &without);
    compare_parameters(&with, &without);
    cr_expect(within(with.test.loss, without.test.loss, LOSS_TOLERANCE),
              "test loss: %.8f with fusion, %.8f without", with.test.loss, without.test.loss);
    if (has_all(backend->text)) {
        // A convolution and a linear layer with a ReLU, a convolution with a pooling too, two normalizations;
        // the gradients of the last three. Vulkan pools few channels alone: with a ReLU that convolution has
        // no gradients of its own.
        cr_expect_eq(with.fused[0], is_vulkan(backend->text) ? 7 : 9, "%u fused ops in a step",
                     with.fused[0]);
        cr_expect_eq(with.fused[1], 5, "%u fused ops in an evaluation", with.fused[1]);
    }
    cr_expect_eq(without.fused[0] + without.fused[1], 0);
    free(with.parameters);
    free(without.parameters);
    tuff_dataset_destroy(&digits);
    tuff_dataset_destroy(&test);
}

// How many threads a task is given follows from what was measured, and so differs from run to run; the bits
// do not.
Test(cpu, fused_ops_give_the_same_bits_with_any_threads, .timeout = 300)
{
    enum { BATCH = 48, TRAIN = STEPS * BATCH };
    static const uint32_t threads[] = {1, 2, 5, 5};
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, TRAIN),
                        *test = load_digits(TUFF_SPLIT_TEST, TEST);
    struct outcome first = {.count = 0};
    for (size_t i = 0; i < sizeof threads / sizeof *threads; i++) {
        struct outcome outcome = train("cpu", threads[i], NULL, true, BATCH, digits, test);
        cr_expect_gt(outcome.fused[0], 0);
        if (i == 0) {
            first = outcome;
            continue;
        }
        cr_expect_eq(memcmp(outcome.losses, first.losses, sizeof first.losses), 0, "losses of %u threads",
                     threads[i]);
        cr_expect_eq(memcmp(outcome.parameters, first.parameters, first.count * sizeof *first.parameters), 0,
                     "parameters of %u threads", threads[i]);
        cr_expect_eq(outcome.test.loss, first.test.loss);
        cr_expect_eq(outcome.test.correct, first.test.correct);
        free(outcome.parameters);
    }
    free(first.parameters);
    tuff_dataset_destroy(&digits);
    tuff_dataset_destroy(&test);
}
