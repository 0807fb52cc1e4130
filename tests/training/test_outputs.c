// Logits of a test set: they are what loss and accuracy are computed from, in the set's order.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"

enum { TRAINED = 64, TESTED = 37, CLASSES = 10 };

ParameterizedTestParameters(backend, outputs)
{
    return backends_under_test();
}

// Adds up -log(softmax(logits))[label] and the right guesses, in double.
static void judge(const float *logits, const struct tuff_dataset *set, double *loss, uint64_t *correct)
{
    *loss = 0, *correct = 0;
    for (uint32_t n = 0; n < set->count; n++) {
        const float *row = logits + (size_t)n * CLASSES;
        double sum = 0;
        uint32_t best = 0;
        for (uint32_t c = 0; c < CLASSES; c++) {
            sum += exp((double)row[c]);
            best = row[c] > row[best] ? c : best;
        }
        *loss += log(sum) - (double)row[set->labels[n]];
        *correct += best == set->labels[n];
    }
}

ParameterizedTest(const struct backend_name *backend, backend, outputs, .timeout = 300)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *train = load_digits(TUFF_SPLIT_TRAIN, TRAINED);
    struct tuff_dataset *test = load_digits(TUFF_SPLIT_TEST, TESTED);
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = 5; // whatever multiple of it evaluation takes, the last batch is short
    options.keep_outputs = 1;
    struct tuff_trainer *trainer = make_trainer(&fixture, train, test, &options);
    struct tuff_metrics metrics, plain;
    cr_assert_eq(tuff_trainer_epoch(trainer, 0, NULL, &metrics), TUFF_OK);

    float *logits = malloc(TESTED * CLASSES * sizeof *logits);
    cr_assert_not_null(logits);
    for (size_t i = 0; i < TESTED * CLASSES; i++)
        logits[i] = NAN;
    double loss;
    uint64_t correct;
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, &metrics, logits), TUFF_OK);
    judge(logits, test, &loss, &correct);
    cr_expect_eq(metrics.samples, (uint64_t)TESTED);
    cr_expect_eq(metrics.correct, correct);
    cr_expect(within(metrics.loss, loss / TESTED, 1e-5), "loss %.8f, the logits say %.8f", metrics.loss,
              loss / TESTED);
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &plain), TUFF_OK);
    cr_expect_eq(plain.loss, metrics.loss);
    cr_expect_eq(plain.correct, metrics.correct);
    free(logits);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&test);
    tuff_dataset_destroy(&train);
    fixture_close(&fixture);
}

// The pictures turned left to right.
static struct tuff_dataset mirrored(const struct tuff_dataset *set)
{
    struct tuff_dataset turned = *set;
    const size_t rows = (size_t)set->count * set->channels * set->height;
    uint8_t *images = malloc(rows * set->width);
    cr_assert_not_null(images);
    for (size_t r = 0; r < rows; r++)
        for (uint32_t w = 0; w < set->width; w++)
            images[r * set->width + w] = set->images[r * set->width + set->width - 1 - w];
    turned.images = images;
    return turned;
}

static void outputs_of(const struct fixture *fixture, const struct tuff_dataset *test, uint32_t flip_average,
                       uint32_t precision, float *logits, struct tuff_metrics *metrics)
{
    struct tuff_trainer_options options;
    struct tuff_augmentation normalization;
    tuff_augmentation_default(&normalization);
    normalization.mean[0] = 0.25;
    normalization.deviation[0] = 0.5;
    tuff_trainer_options_default(&options);
    options.keep_outputs = 1;
    options.augmentation = &normalization;
    options.flip_average = flip_average;
    options.precision = precision;
    struct tuff_trainer *trainer = make_trainer(fixture, NULL, test, &options);
    for (int i = 0; i < TESTED * CLASSES; i++)
        logits[i] = NAN;
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, metrics, logits), TUFF_OK);
    tuff_trainer_destroy(&trainer);
}

ParameterizedTestParameters(backend, flip_average)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, flip_average, .timeout = 300)
{
    enum { LOGITS = TESTED * CLASSES };
    static float plain[LOGITS], turned[LOGITS], both[LOGITS], mean[LOGITS];
    struct fixture fixture;
    struct tuff_metrics metrics;
    double loss;
    uint64_t correct;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *test = load_digits(TUFF_SPLIT_TEST, TESTED), mirror = mirrored(test);
    for (uint32_t precision = TUFF_PRECISION_FLOAT32;
         precision <= (has_float16(backend->text) ? TUFF_PRECISION_MIXED : TUFF_PRECISION_FLOAT32);
         precision++) {
        outputs_of(&fixture, test, 0, precision, plain, &metrics);
        outputs_of(&fixture, &mirror, 0, precision, turned, &metrics);
        outputs_of(&fixture, test, 1, precision, both, &metrics);
        for (int i = 0; i < LOGITS; i++)
            mean[i] = (plain[i] + turned[i]) / 2;
        const double off = distance(both, mean, LOGITS), apart = distance(plain, turned, LOGITS);
        cr_expect_leq(off, 1e-6, "%s: off by %g of the greatest", backend->text, off);
        cr_expect_gt(apart, 0.01);
        judge(mean, test, &loss, &correct);
        cr_expect_eq(metrics.correct, correct);
        cr_expect(within(metrics.loss, loss / TESTED, 1e-5));
    }
    free((uint8_t *)mirror.images);
    tuff_dataset_destroy(&test);
    fixture_close(&fixture);
}

Test(trainer, has_no_outputs_unless_asked, .timeout = 60)
{
    struct fixture fixture;
    fixture_open(&fixture, "cpu", 0);
    struct tuff_dataset *test = load_digits(TUFF_SPLIT_TEST, 3);
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    struct tuff_trainer *trainer = make_trainer(&fixture, NULL, test, &options);
    float logits[3 * CLASSES];
    cr_expect_eq(tuff_trainer_outputs(trainer, NULL, NULL, logits), TUFF_ERROR_INVALID);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&test);
    fixture_close(&fixture);
}
