// Training as a whole: the same bits from the same seed, the same losses from every backend, and the edges.
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"

// Relative. The backends measured so far differ from the reference by 6e-7 at most; but where a sum's
// rounding turns a decision, which of two nearly equal values a pooling window takes, a loss can differ by
// some 1e-4.
static const double LOSS_TOLERANCE = 1e-3;

static struct tuff_trainer_options seeded(uint32_t batch_size)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = batch_size;
    options.seed = 4711;
    return options;
}

// Sets every element to NaN, which no check passes, and then trains `steps` steps.
static struct tuff_metrics train_steps(struct tuff_trainer *trainer, uint32_t epoch, uint32_t steps,
                                       float *losses)
{
    for (uint32_t i = 0; losses && i < steps; i++)
        losses[i] = NAN;
    struct tuff_metrics metrics = {.loss = NAN};
    cr_assert_eq(tuff_trainer_steps(trainer, epoch, steps, NULL, &metrics, losses), TUFF_OK);
    return metrics;
}

static void expect_same_bits(const float *a, const float *b, size_t count, const char *what)
{
    size_t different = 0;
    for (size_t i = 0; i < count; i++)
        different += memcmp(a + i, b + i, sizeof *a) != 0;
    cr_expect_eq(different, (size_t)0, "%s: %zu of %zu parameter elements differ", what, different, count);
}

// All parameters after `steps` steps from the same seed; free() them.
static float *train_from_seed(const char *backend, uint32_t threads, const struct tuff_dataset *digits,
                              uint32_t steps, size_t *count)
{
    struct fixture fixture;
    fixture_open(&fixture, backend, threads);
    struct tuff_trainer_options options = seeded(16);
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &options);
    train_steps(trainer, 0, steps, NULL);
    float *values = read_parameters(&fixture, trainer, count);
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
    return values;
}

ParameterizedTestParameters(backend, same_seed_same_bits)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, same_seed_same_bits, .timeout = 300)
{
    enum { SAMPLES = 475, STEPS = 30 }; // an epoch of 30 steps, the last one short
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    size_t count;
    float *first = train_from_seed(backend->text, 0, digits, STEPS, &count);
    float *second = train_from_seed(backend->text, 0, digits, STEPS, &count);
    expect_same_bits(first, second, count, "the second run");

    // The comparison must be able to fail: one step less gives other parameters.
    float *shorter = train_from_seed(backend->text, 0, digits, STEPS - 1, &count);
    cr_expect_neq(memcmp(first, shorter, count * sizeof *first), 0);
    free(first);
    free(second);
    free(shorter);
    tuff_dataset_destroy(&digits);
}

Test(cpu, any_number_of_threads_gives_the_same_bits, .timeout = 300)
{
    enum { SAMPLES = 475, STEPS = 30 };
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    size_t count;
    float *one = train_from_seed("cpu", 1, digits, STEPS, &count);
    for (uint32_t threads = 2; threads <= 3; threads++) {
        float *more = train_from_seed("cpu", threads, digits, STEPS, &count);
        expect_same_bits(one, more, count, threads == 2 ? "2 threads" : "3 threads");
        free(more);
    }
    free(one);
    tuff_dataset_destroy(&digits);
}

enum { COMPARED_STEPS = 200, CLOSE_STEPS = 20 };

static void losses_from_seed(const char *backend, const struct tuff_dataset *dataset, float *losses)
{
    struct fixture fixture;
    fixture_open(&fixture, backend, 0);
    struct tuff_trainer_options options = seeded(16);
    struct tuff_trainer *trainer = make_trainer(&fixture, dataset, NULL, &options);
    train_steps(trainer, 0, COMPARED_STEPS, losses);
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
}

// MNIST if TUFF_DATA says where it is, else digits.
static struct tuff_dataset *mnist_or_digits(void)
{
    const char *folder = getenv("TUFF_DATA");
    if (!folder || !folder[0]) {
        fprintf(stderr, "data: digits (TUFF_DATA is not set)\n");
        return load_digits(TUFF_SPLIT_TRAIN, COMPARED_STEPS * 16);
    }
    struct tuff_dataset_options options = {.size = sizeof options};
    struct tuff_dataset *dataset = NULL;
    const enum tuff_status status = tuff_dataset_load(NULL, "mnist", TUFF_SPLIT_TRAIN, &options, &dataset);
    if (status == TUFF_ERROR_NOT_FOUND) {
        fprintf(stderr, "data: digits (no MNIST in %s)\n", folder);
        return load_digits(TUFF_SPLIT_TRAIN, COMPARED_STEPS * 16);
    }
    cr_assert_eq(status, TUFF_OK);
    fprintf(stderr, "data: MNIST from %s\n", folder);
    return dataset;
}

ParameterizedTestParameters(backend, same_losses_as_the_reference)
{
    return backends_under_test();
}

// Rounding grows from step to step, so the first losses are compared one by one, and all by their mean.
ParameterizedTest(const struct backend_name *backend, backend, same_losses_as_the_reference, .timeout = 600)
{
    struct tuff_dataset *dataset = mnist_or_digits();
    float expected[COMPARED_STEPS], actual[COMPARED_STEPS];
    losses_from_seed(backend->text, dataset, actual);
    losses_from_seed("reference", dataset, expected);
    double expected_mean = 0, actual_mean = 0, worst = 0, worst_of_all = 0;
    for (int i = 0; i < COMPARED_STEPS; i++) {
        double difference = fabs((double)actual[i] - (double)expected[i]) / (double)expected[i];
        worst_of_all = fmax(worst_of_all, difference);
        if (i < CLOSE_STEPS) {
            worst = fmax(worst, difference);
            cr_expect(within(actual[i], expected[i], LOSS_TOLERANCE),
                      "loss of step %d: %.7f, the reference has %.7f", i + 1, (double)actual[i],
                      (double)expected[i]);
        }
        expected_mean += (double)expected[i] / COMPARED_STEPS;
        actual_mean += (double)actual[i] / COMPARED_STEPS;
    }
    cr_expect(within(actual_mean, expected_mean, 0.01), "mean loss of %d steps: %.7f, the reference has %.7f",
              COMPARED_STEPS, actual_mean, expected_mean);
    cr_expect_lt((double)expected[COMPARED_STEPS - 1], 0.9 * (double)expected[0],
                 "the reference has to learn");
    fprintf(stderr, "losses differ by %.1e at most in %d steps, %.1e in %d\n", worst, CLOSE_STEPS,
            worst_of_all, COMPARED_STEPS);
    tuff_dataset_destroy(&dataset);
}

ParameterizedTestParameters(backend, evaluation_changes_nothing)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, evaluation_changes_nothing, .timeout = 300)
{
    struct tuff_dataset *train = load_digits(TUFF_SPLIT_TRAIN, 160);
    struct tuff_dataset *test = load_digits(TUFF_SPLIT_TEST, 37); // the last batch is short
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_trainer_options options = seeded(16);
    size_t count;

    struct tuff_trainer *plain = make_trainer(&fixture, train, NULL, &options);
    train_steps(plain, 0, 5, NULL);
    train_steps(plain, 1, 5, NULL);
    float *expected = read_parameters(&fixture, plain, &count);
    tuff_trainer_destroy(&plain);

    struct tuff_trainer *trainer = make_trainer(&fixture, train, test, &options);
    train_steps(trainer, 0, 5, NULL);
    float *before = read_parameters(&fixture, trainer, &count);
    struct tuff_metrics metrics, again;
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &again), TUFF_OK);
    cr_expect_eq(metrics.samples, (uint64_t)37);
    cr_expect_leq(metrics.correct, (uint64_t)37);
    cr_expect(isfinite(metrics.loss) && metrics.loss > 0);
    cr_expect_eq(metrics.loss, again.loss);
    cr_expect_eq(metrics.correct, again.correct);
    float *after = read_parameters(&fixture, trainer, &count);
    expect_same_bits(before, after, count, "after evaluation");
    train_steps(trainer, 1, 5, NULL);
    float *trained = read_parameters(&fixture, trainer, &count);
    expect_same_bits(expected, trained, count, "training after evaluation");

    tuff_trainer_destroy(&trainer);
    free(expected);
    free(before);
    free(after);
    free(trained);
    fixture_close(&fixture);
    tuff_dataset_destroy(&train);
    tuff_dataset_destroy(&test);
}

struct stopper {
    struct tuff_progress seen;
    int calls;
};

static int stop(void *user, const struct tuff_progress *progress)
{
    struct stopper *stopper = user;
    stopper->seen = *progress;
    stopper->calls++;
    return 1;
}

ParameterizedTestParameters(backend, observer_interrupts)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, observer_interrupts, .timeout = 300)
{
    enum { SAMPLES = 8000 }; // batch 1: long enough for an observer that hears ten times a second
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_trainer_options options = seeded(1);
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &options);
    struct stopper stopper = {.calls = 0};
    struct tuff_observer observer = {.progress = stop, .user = &stopper};
    struct tuff_metrics metrics = {.samples = 0};
    cr_assert_eq(tuff_trainer_epoch(trainer, 0, &observer, &metrics), TUFF_ERROR_INTERRUPTED);
    cr_expect_eq(stopper.calls, 1);
    cr_expect_eq(stopper.seen.steps, (uint32_t)SAMPLES);
    cr_expect_gt(stopper.seen.step, 0u);
    cr_expect_lt(stopper.seen.step, (uint32_t)SAMPLES);
    cr_expect_eq(stopper.seen.metrics.samples, (uint64_t)stopper.seen.step);
    cr_expect(isfinite(stopper.seen.metrics.loss));

    // What was trained stays, and the trainer goes on.
    size_t count;
    float *values = read_parameters(&fixture, trainer, &count);
    free(values);
    metrics = train_steps(trainer, 1, 3, NULL);
    cr_expect_eq(metrics.samples, (uint64_t)3);
    cr_expect(isfinite(metrics.loss));
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
    tuff_dataset_destroy(&digits);
}

ParameterizedTestParameters(backend, batch_sizes)
{
    return backends_under_test();
}

// Trains `epochs` epochs in order and gives each epoch's mean loss.
static void epoch_losses(const struct fixture *fixture, const struct tuff_dataset *digits,
                         uint32_t batch_size, int epochs, double *losses)
{
    struct tuff_trainer_options options = seeded(batch_size);
    options.shuffle = 0;
    struct tuff_trainer *trainer = make_trainer(fixture, digits, digits, &options);
    cr_expect_eq(tuff_trainer_steps_per_epoch(trainer), (digits->count + batch_size - 1) / batch_size);
    struct tuff_metrics metrics;
    for (int i = 0; i < epochs; i++) {
        cr_assert_eq(tuff_trainer_epoch(trainer, (uint32_t)i, NULL, &metrics), TUFF_OK);
        cr_expect_eq(metrics.samples, (uint64_t)digits->count, "batch %u", batch_size);
        losses[i] = metrics.loss;
    }
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    cr_expect_eq(metrics.samples, (uint64_t)digits->count);
    losses[epochs] = metrics.loss;
    tuff_trainer_destroy(&trainer);
}

// Two epochs and an evaluation at each of the batch sizes.
static void compare_with_reference(const struct fixture *fixture, const struct fixture *reference,
                                   const struct tuff_dataset *digits, const uint32_t *batch_sizes,
                                   size_t count)
{
    enum { EPOCHS = 2 };
    double actual[EPOCHS + 1], expected[EPOCHS + 1];
    for (size_t k = 0; k < count; k++) {
        epoch_losses(fixture, digits, batch_sizes[k], EPOCHS, actual);
        epoch_losses(reference, digits, batch_sizes[k], EPOCHS, expected);
        for (int i = 0; i <= EPOCHS; i++)
            cr_expect(within(actual[i], expected[i], LOSS_TOLERANCE),
                      "batch %u of %u, epoch %d: loss %.8f, the reference has %.8f", batch_sizes[k],
                      digits->count, i, actual[i], expected[i]);
    }
}

// A batch that is larger than the set is a short batch; its losses are those of a batch that fits exactly.
// Batches of one sample, and a last batch of one, are checked against the reference.
ParameterizedTest(const struct backend_name *backend, backend, batch_sizes, .timeout = 300)
{
    enum { SAMPLES = 21, EPOCHS = 6 };
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct fixture fixture, reference;
    fixture_open(&fixture, backend->text, 0);
    fixture_open(&reference, "reference", 0);
    double exact[EPOCHS + 1], actual[EPOCHS + 1];

    epoch_losses(&fixture, digits, SAMPLES, EPOCHS, exact);
    cr_expect_lt(exact[EPOCHS], exact[0]);
    const uint32_t larger[] = {SAMPLES + 1, 40};
    for (size_t k = 0; k < sizeof larger / sizeof *larger; k++) {
        epoch_losses(&fixture, digits, larger[k], EPOCHS, actual);
        for (int i = 0; i <= EPOCHS; i++)
            cr_expect(within(actual[i], exact[i], 1e-4), "batch %u, epoch %d: loss %.8f, batch %u has %.8f",
                      larger[k], i, actual[i], (unsigned)SAMPLES, exact[i]);
    }
    compare_with_reference(&fixture, &reference, digits, (const uint32_t[]){1, 4, 8, 17}, 4);
    struct tuff_dataset *more = load_digits(TUFF_SPLIT_TRAIN, 200);
    compare_with_reference(&fixture, &reference, more, (const uint32_t[]){48, 100}, 2);
    tuff_dataset_destroy(&more);
    fixture_close(&fixture);
    fixture_close(&reference);
    tuff_dataset_destroy(&digits);
}

Test(cpu, learns_digits, .timeout = 300)
{
    enum { TRAIN = 2000, TEST = 500, EPOCHS = 8 };
    struct tuff_dataset *train = load_digits(TUFF_SPLIT_TRAIN, TRAIN);
    struct tuff_dataset *test = load_digits(TUFF_SPLIT_TEST, TEST);
    struct fixture fixture;
    fixture_open(&fixture, "cpu", 0);
    struct tuff_trainer_options options = seeded(16);
    struct tuff_trainer *trainer = make_trainer(&fixture, train, test, &options);
    struct tuff_metrics first, metrics;
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &first), TUFF_OK);
    cr_expect_lt(first.correct, (uint64_t)(TEST * 3 / 10), "before training it should guess");
    for (uint32_t epoch = 0; epoch < EPOCHS; epoch++)
        cr_assert_eq(tuff_trainer_epoch(trainer, epoch, NULL, &metrics), TUFF_OK);
    cr_expect_lt(metrics.loss, 0.25 * first.loss);
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    fprintf(stderr, "%d epochs of %d digits: %llu of %d test samples correct, loss %.4f\n", EPOCHS, TRAIN,
            (unsigned long long)metrics.correct, TEST, metrics.loss);
    cr_expect_geq(metrics.correct, (uint64_t)(TEST * 88 / 100), "accuracy of at least 88%%, found %llu of %d",
                  (unsigned long long)metrics.correct, TEST);
    cr_expect_lt(metrics.loss, 0.25 * first.loss);
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
    tuff_dataset_destroy(&train);
    tuff_dataset_destroy(&test);
}

// Creates a trainer that must not be, and looks for `word` in the message.
static void expect_refusal(const struct fixture *fixture, const struct tuff_dataset *train,
                           const struct tuff_dataset *test, const char *word)
{
    struct tuff_trainer_options options = seeded(4);
    struct tuff_trainer *trainer = NULL;
    cr_expect_eq(tuff_trainer_create(fixture->target, fixture->model, train, test, &options, &trainer),
                 TUFF_ERROR_INVALID);
    cr_expect_null(trainer);
    cr_expect_not_null(strstr(last_error(), word), "no \"%s\" in: %s", word, last_error());
}

Test(trainer, refuses_data_that_do_not_fit_the_model, .timeout = 60)
{
    enum { SAMPLES = 8 };
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct fixture fixture;
    fixture_open(&fixture, "reference", 0);
    static uint8_t images[SAMPLES * 3 * 32 * 32];
    static const char *const names[11] = {"a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k"};

    struct tuff_dataset wide = *digits;
    wide.images = images;
    wide.width = 32;
    expect_refusal(&fixture, &wide, NULL, "32");
    expect_refusal(&fixture, digits, &wide, "32");

    struct tuff_dataset coloured = *digits;
    coloured.images = images;
    coloured.channels = 3;
    expect_refusal(&fixture, &coloured, NULL, "3");

    struct tuff_dataset classes = *digits;
    classes.classes = 11;
    classes.class_names = names;
    expect_refusal(&fixture, &classes, NULL, "11");
    expect_refusal(&fixture, digits, &classes, "11");

    // And the set as it is does fit.
    struct tuff_trainer_options options = seeded(4);
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, digits, &options);
    tuff_trainer_destroy(&trainer);
    fixture_close(&fixture);
    tuff_dataset_destroy(&digits);
}
