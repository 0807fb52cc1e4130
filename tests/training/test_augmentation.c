// Augmentation and normalization in training: every backend sees the same pictures, whether the set lies on
// the device or is streamed; test images are normalized and not changed.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>

#include "fixture.h"

enum { TRAINED = 41, TESTED = 23, BATCH = 4, STEPS = 11, CLASSES = 10 };

struct outcome {
    float losses[STEPS], logits[TESTED * CLASSES];
    float *parameters;
    size_t count;
};

// One epoch and the logits of the test set.
static void train(const char *backend, const struct tuff_augmentation *augmentation, uint64_t budget,
                  struct outcome *outcome)
{
    struct fixture fixture;
    fixture_open(&fixture, backend, 0);
    struct tuff_dataset *set = load_digits(TUFF_SPLIT_TRAIN, TRAINED);
    struct tuff_dataset *test = load_digits(TUFF_SPLIT_TEST, TESTED);
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.keep_outputs = 1;
    options.data_budget_bytes = budget;
    options.augmentation = augmentation;
    struct tuff_trainer *trainer = make_trainer(&fixture, set, test, &options);
    for (size_t i = 0; i < STEPS; i++)
        outcome->losses[i] = NAN;
    cr_assert_eq(tuff_trainer_steps(trainer, 0, 0, NULL, NULL, outcome->losses), TUFF_OK);
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, NULL, outcome->logits), TUFF_OK);
    outcome->parameters = read_parameters(&fixture, trainer, &outcome->count);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&test);
    tuff_dataset_destroy(&set);
    fixture_close(&fixture);
}

static struct tuff_augmentation everything(void)
{
    struct tuff_augmentation all;
    tuff_augmentation_default(&all);
    cr_assert_eq(tuff_augmentation_parse(NULL, "flip,crop=3:reflect,translate=2,cutout=7", &all), TUFF_OK);
    all.mean[0] = 0.13;
    all.deviation[0] = 0.31;
    return all;
}

ParameterizedTestParameters(backend, augmented_training)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, augmented_training, .timeout = 600)
{
    const struct tuff_augmentation all = everything();
    struct outcome plain, changed, again, streamed, reference;
    train(backend->text, NULL, 0, &plain);
    train(backend->text, &all, 0, &changed);
    train(backend->text, &all, 0, &again);
    train(backend->text, &all, UINT64_C(40) * 28 * 28, &streamed); // less than both sets have
    train("reference", &all, 0, &reference);
    cr_expect_neq(memcmp(plain.losses, changed.losses, sizeof plain.losses), 0, "nothing was changed");
    const struct outcome *const same[] = {&again, &streamed};
    for (int i = 0; i < 2; i++) {
        cr_expect_eq(memcmp(changed.losses, same[i]->losses, sizeof changed.losses), 0, "losses, run %d", i);
        cr_expect_eq(memcmp(changed.logits, same[i]->logits, sizeof changed.logits), 0, "logits, run %d", i);
        cr_expect_eq(memcmp(changed.parameters, same[i]->parameters, changed.count * sizeof(float)), 0,
                     "parameters, run %d", i);
    }
    for (int i = 0; i < STEPS; i++)
        cr_expect(within((double)changed.losses[i], (double)reference.losses[i], 1e-3),
                  "step %d: loss %.8f, the reference has %.8f", i + 1, (double)changed.losses[i],
                  (double)reference.losses[i]);
    struct outcome *const all_outcomes[] = {&plain, &changed, &again, &streamed, &reference};
    for (int i = 0; i < 5; i++)
        free(all_outcomes[i]->parameters);
}

// The logits of images whose bytes are halved, normalized as what they are, are those of the images
// themselves.
ParameterizedTestParameters(backend, normalized_evaluation)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, normalized_evaluation, .timeout = 300)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *test = load_digits(TUFF_SPLIT_TEST, TESTED);
    const size_t bytes = (size_t)TESTED * 28 * 28;
    uint8_t *even = malloc(bytes), *half = malloc(bytes);
    cr_assert(even != NULL && half != NULL);
    for (size_t i = 0; i < bytes; i++) {
        even[i] = test->images[i] & 0xfe;
        half[i] = even[i] / 2;
    }
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.keep_outputs = 1;
    struct tuff_augmentation scaled;
    tuff_augmentation_default(&scaled);
    scaled.deviation[0] = 0.5;   // (x / 2) / 0.5
    scaled.flip_probability = 1; // of training images alone
    float expected[TESTED * CLASSES], seen[TESTED * CLASSES];
    struct tuff_dataset whole = *test, halved = *test;
    whole.images = even;
    halved.images = half;
    struct tuff_trainer *trainer = make_trainer(&fixture, NULL, &whole, &options);
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, NULL, expected), TUFF_OK);
    tuff_trainer_destroy(&trainer);
    options.augmentation = &scaled;
    trainer = make_trainer(&fixture, NULL, &halved, &options);
    cr_assert_eq(tuff_trainer_outputs(trainer, NULL, NULL, seen), TUFF_OK);
    tuff_trainer_destroy(&trainer);
    for (size_t i = 0; i < TESTED * CLASSES; i++)
        cr_expect(within((double)seen[i], (double)expected[i], 1e-4) || fabsf(seen[i] - expected[i]) < 1e-6f,
                  "logit %zu: %.8f, expected %.8f", i, (double)seen[i], (double)expected[i]);
    free(even);
    free(half);
    tuff_dataset_destroy(&test);
    fixture_close(&fixture);
}

Test(trainer, refuses_an_augmentation_that_does_not_fit, .timeout = 60)
{
    struct fixture fixture;
    fixture_open(&fixture, "reference", 0);
    struct tuff_dataset *set = load_digits(TUFF_SPLIT_TRAIN, 3);
    struct tuff_trainer_options options;
    struct tuff_augmentation wide;
    tuff_augmentation_default(&wide);
    wide.crop_y = 28; // a reach of the whole image
    tuff_trainer_options_default(&options);
    options.augmentation = &wide;
    struct tuff_trainer *trainer;
    cr_expect_eq(tuff_trainer_create(fixture.target, fixture.model, set, NULL, &options, &trainer),
                 TUFF_ERROR_INVALID);
    cr_expect_null(trainer);
    cr_expect(strlen(last_error()) > 0);
    tuff_dataset_destroy(&set);
    fixture_close(&fixture);
}
