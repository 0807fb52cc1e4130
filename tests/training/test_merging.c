// A GPU backend may do several calls of a captured step in one dispatch: how many dispatches are left, and
// that training goes the same way.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"

// Of a LeNet's step: batch, two convolutions, all linear layers with the loss, the gradients of their
// weights, the input gradient of a convolution, the weight gradients of both, Adam.
enum { LENET_DISPATCHES = 8 };

// In mixed precision the rounded parameters, the sums of both convolutions' weight gradients, the norm of all
// in two halves, the scale's update and the unscaling are dispatches of their own, too.
enum { MIXED_LENET_DISPATCHES = LENET_DISPATCHES + 6 };

enum { SAMPLES = 83, EPOCHS = 3, MOST_STEPS = 12 * EPOCHS };

// Relative; what differs is the order in which sums round.
struct tolerance {
    double loss, parameters;
};
static const struct tolerance close = {1e-4, 1e-4};
// In mixed precision calls apart round to float16 what is between them.
static const struct tolerance mixed = {5e-3, 1e-2};

// What the merged kernels must take: layers whose sizes are no multiples of their blocks, no biases, few
// classes, one linear layer, a padded convolution.
static const char uneven[] = "name: uneven\ninput: [1, 28, 28]\nlayers:\n"
                             "  - conv2d: {channels: 5, kernel: 3, padding: 1}\n"
                             "  - relu\n"
                             "  - max_pool2d: {kernel: 2}\n"
                             "  - conv2d: {channels: 12, kernel: 3, bias: false}\n"
                             "  - relu\n"
                             "  - max_pool2d: {kernel: 2}\n"
                             "  - flatten\n"
                             "  - linear: {features: 36, bias: false}\n"
                             "  - relu\n"
                             "  - linear: {features: 10}\n";
static const char flat[] = "name: flat\ninput: [1, 28, 28]\nlayers:\n"
                           "  - flatten\n"
                           "  - linear: {features: 10}\n";
// Four layers: the first one is left to its own kernels.
static const char deep[] = "name: deep\ninput: [1, 28, 28]\nlayers:\n"
                           "  - flatten\n"
                           "  - linear: {features: 40}\n"
                           "  - relu\n"
                           "  - linear: {features: 28}\n"
                           "  - relu\n"
                           "  - linear: {features: 16}\n"
                           "  - relu\n"
                           "  - linear: {features: 10}\n";
// Sizes that the merged kernels do not take.
static const char odd[] = "name: odd\ninput: [1, 28, 28]\nlayers:\n"
                          "  - conv2d: {channels: 3, kernel: 3}\n"
                          "  - relu\n"
                          "  - max_pool2d: {kernel: 2}\n"
                          "  - conv2d: {channels: 5, kernel: 5}\n"
                          "  - relu\n"
                          "  - max_pool2d: {kernel: 3}\n"
                          "  - flatten\n"
                          "  - linear: {features: 21}\n"
                          "  - relu\n"
                          "  - linear: {features: 10}\n";

struct outcome {
    float losses[MOST_STEPS];
    uint32_t steps;
    float *parameters, *gradients;
    size_t count;
    struct tuff_metrics last; // of the last epoch
    uint32_t dispatches;      // of a training step
};

// What a training changes of the options; NULL: nothing.
typedef void change_options(struct tuff_trainer_options *options);

// The norm is taken between the gradients and Adam.
static void clip(struct tuff_trainer_options *options)
{
    options->clip_norm = 0.5;
}

static void mix(struct tuff_trainer_options *options)
{
    options->precision = TUFF_PRECISION_MIXED;
}

// model: a name, or a model file's text. merging: as it is, or every call by itself.
static struct outcome train(const char *backend, const char *model, bool merging, uint32_t batch,
                            change_options *change, const struct tuff_dataset *set)
{
    struct outcome outcome = {.count = 0};
    struct fixture fixture;
    struct tuff_trainer_options options;
    setenv("TUFF_VULKAN_FUSION", merging ? "1" : "0", 1);
    fixture_open(&fixture, backend, 0);
    load_model(&fixture, model);
    tuff_trainer_options_default(&options);
    options.batch_size = batch;
    options.learning_rate = 5e-3;
    options.epsilon = 1e-4; // else Adam makes a whole step of a gradient that is zero but for rounding
    options.label_smoothing = 0.1;
    options.seed = 7;
    if (change)
        change(&options);
    struct tuff_trainer *trainer = make_trainer(&fixture, set, NULL, &options);
    outcome.dispatches = last_capture();
    for (int i = 0; i < MOST_STEPS; i++)
        outcome.losses[i] = NAN;
    const uint32_t steps = tuff_trainer_steps_per_epoch(trainer);
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++) {
        cr_assert_leq(outcome.steps + steps, MOST_STEPS);
        cr_assert_eq(
            tuff_trainer_steps(trainer, epoch, 0, NULL, &outcome.last, outcome.losses + outcome.steps),
            TUFF_OK, "%s", last_error());
        outcome.steps += steps;
    }
    outcome.parameters = read_parameters(&fixture, trainer, &outcome.count);
    outcome.gradients = read_gradients(&fixture, trainer);
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
    return outcome;
}

static void free_outcome(struct outcome *outcome)
{
    free(outcome->parameters);
    free(outcome->gradients);
}

static double greatest_difference(const float *a, const float *b, size_t count, double *greatest)
{
    double worst = 0;
    *greatest = 0;
    for (size_t i = 0; i < count; i++) {
        cr_assert(isfinite(a[i]) && isfinite(b[i]), "element %zu: %g and %g", i, (double)a[i], (double)b[i]);
        worst = fmax(worst, fabs((double)a[i] - (double)b[i]));
        *greatest = fmax(*greatest, fabs((double)b[i]));
    }
    return worst;
}

static void compare(const struct outcome *merged, const struct outcome *apart,
                    const struct tolerance *tolerance, const char *what)
{
    cr_assert_eq(merged->steps, apart->steps);
    for (uint32_t i = 0; i < merged->steps; i++)
        cr_expect(within(merged->losses[i], apart->losses[i], tolerance->loss),
                  "%s, step %u: loss %.8f, apart %.8f", what, i + 1, (double)merged->losses[i],
                  (double)apart->losses[i]);
    double greatest;
    cr_assert_eq(merged->count, apart->count);
    double worst = greatest_difference(merged->parameters, apart->parameters, merged->count, &greatest);
    cr_expect_leq(worst, tolerance->parameters * greatest, "%s: parameters differ by %g of %g", what, worst,
                  greatest);
    worst = greatest_difference(merged->gradients, apart->gradients, merged->count, &greatest);
    cr_expect_leq(worst, 10 * tolerance->parameters * greatest, "%s: gradients differ by %g of %g", what,
                  worst, greatest);
    if (tolerance == &close)
        cr_expect_eq(merged->last.correct, apart->last.correct, "%s: %llu right, apart %llu", what,
                     (unsigned long long)merged->last.correct, (unsigned long long)apart->last.correct);
    fprintf(stderr, "%s: %u dispatches, apart %u\n", what, merged->dispatches, apart->dispatches);
}

static bool merges(const char *backend)
{
    return strcmp(backend, "vulkan") == 0;
}

ParameterizedTestParameters(backend, merged_calls_train_alike)
{
    return backends_under_test();
}
// The last batch of an epoch is short, and no batch a multiple of the samples of a workgroup.
ParameterizedTest(struct backend_name *backend, backend, merged_calls_train_alike)
{
    if (!merges(backend->text))
        return;
    static const struct {
        const char *model;
        uint32_t batch;
        change_options *change;
    } trainings[] = {{"lenet-mnist", 21, NULL}, {uneven, 21, NULL}, {flat, 7, NULL},
                     {deep, 30, NULL},          {odd, 9, NULL},     {uneven, 21, clip},
                     {uneven, 21, mix},         {deep, 30, mix}};
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    for (size_t i = 0; i < sizeof trainings / sizeof *trainings; i++) {
        const char *const model = trainings[i].model;
        change_options *const change = trainings[i].change;
        struct outcome merged = train(backend->text, model, true, trainings[i].batch, change, digits);
        struct outcome apart = train(backend->text, model, false, trainings[i].batch, change, digits);
        char what[32];
        snprintf(what, sizeof what, "training %zu", i);
        compare(&merged, &apart, change == mix ? &mixed : &close, what);
        cr_expect_lt(merged.dispatches, apart.dispatches);
        free_outcome(&merged);
        free_outcome(&apart);
    }
    tuff_dataset_destroy(&digits);
}

ParameterizedTestParameters(backend, a_lenet_step_is_a_few_dispatches)
{
    return backends_under_test();
}
ParameterizedTest(struct backend_name *backend, backend, a_lenet_step_is_a_few_dispatches)
{
    if (!merges(backend->text))
        return;
    enum { COUNT = 40, BYTES = 3 * 32 * 32 };
    static uint8_t images[COUNT * BYTES];
    static uint32_t labels[COUNT];
    static const char *const names[10] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};
    for (uint32_t i = 0; i < COUNT * BYTES; i++)
        images[i] = (uint8_t)(i * 2654435761u >> 24);
    for (uint32_t i = 0; i < COUNT; i++)
        labels[i] = i % 10;
    const struct tuff_dataset colours = {
        .size = sizeof colours,
        .name = "colours",
        .count = COUNT,
        .channels = 3,
        .height = 32,
        .width = 32,
        .classes = 10,
        .images = images,
        .labels = labels,
        .class_names = names,
    };
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    const uint32_t batches[] = {10, 16};
    for (size_t i = 0; i < sizeof batches / sizeof *batches; i++) {
        struct outcome mnist = train(backend->text, "lenet-mnist", true, batches[i], NULL, digits);
        struct outcome cifar = train(backend->text, "lenet-cifar10", true, batches[i], NULL, &colours);
        struct outcome rounded = train(backend->text, "lenet-mnist", true, batches[i], mix, digits);
        cr_expect_gt(mnist.dispatches, 0);
        cr_expect_leq(mnist.dispatches, LENET_DISPATCHES, "lenet-mnist: %u", mnist.dispatches);
        cr_expect_gt(cifar.dispatches, 0);
        cr_expect_leq(cifar.dispatches, LENET_DISPATCHES, "lenet-cifar10: %u", cifar.dispatches);
        cr_expect_gt(rounded.dispatches, 0);
        cr_expect_leq(rounded.dispatches, MIXED_LENET_DISPATCHES, "lenet-mnist, mixed: %u",
                      rounded.dispatches);
        free_outcome(&mnist);
        free_outcome(&cifar);
        free_outcome(&rounded);
    }
    struct outcome cifar = train(backend->text, "lenet-cifar10", true, 16, NULL, &colours);
    struct outcome apart = train(backend->text, "lenet-cifar10", false, 16, NULL, &colours);
    compare(&cifar, &apart, &close, "lenet-cifar10");
    free_outcome(&cifar);
    free_outcome(&apart);
    tuff_dataset_destroy(&digits);
}

ParameterizedTestParameters(backend, merged_calls_give_the_same_bits_again)
{
    return backends_under_test();
}
ParameterizedTest(struct backend_name *backend, backend, merged_calls_give_the_same_bits_again)
{
    if (!merges(backend->text))
        return;
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct outcome once = train(backend->text, "lenet-mnist", true, 16, NULL, digits);
    struct outcome again = train(backend->text, "lenet-mnist", true, 16, NULL, digits);
    cr_expect(memcmp(once.losses, again.losses, sizeof once.losses) == 0, "losses differ");
    cr_expect(memcmp(once.parameters, again.parameters, once.count * sizeof *once.parameters) == 0,
              "parameters differ");
    cr_expect(memcmp(once.gradients, again.gradients, once.count * sizeof *once.gradients) == 0,
              "gradients differ");
    free_outcome(&once);
    free_outcome(&again);
    tuff_dataset_destroy(&digits);
}
