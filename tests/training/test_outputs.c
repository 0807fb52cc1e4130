// Logits of a test set: they are what loss and accuracy are computed from, in the set's order.
#include <math.h>
#include <stdlib.h>

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
