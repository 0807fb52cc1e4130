// The gradients that a trainer shows, on every backend.
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "fixture.h"

enum { SAMPLES = 21, BATCH = 16 };

ParameterizedTestParameters(backend, gradients_are_what_the_step_followed)
{
    return backends_under_test();
}

// Adam's first step moves every parameter by lr * g / (|g| + epsilon): the gradients that are read must be
// the ones that the parameters were updated by, each with its own parameter.
ParameterizedTest(const struct backend_name *backend, backend, gradients_are_what_the_step_followed,
                  .timeout = 120)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.learning_rate = 0.125;
    options.epsilon = 1e-3; // as large as the gradients, so that their size shows, and not only their sign
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &options);
    size_t count;
    float *before = read_parameters(&fixture, trainer, &count);
    float *gradients = read_gradients(&fixture, trainer);
    for (size_t i = 0; i < count; i++)
        cr_assert_eq(gradients[i], 0.0f, "gradient %zu is %g before the first step", i, (double)gradients[i]);
    free(gradients);

    cr_assert_eq(tuff_trainer_steps(trainer, 0, 1, NULL, NULL, NULL), TUFF_OK);
    float *after = read_parameters(&fixture, trainer, &count);
    gradients = read_gradients(&fixture, trainer);
    size_t moved = 0;
    for (size_t i = 0; i < count; i++) {
        double g = (double)gradients[i];
        double step = options.learning_rate * g / (fabs(g) + options.epsilon);
        cr_assert(fabs((double)before[i] - step - (double)after[i]) <= 1e-6,
                  "parameter %zu went from %g to %g, but its gradient is %g", i, (double)before[i],
                  (double)after[i], g);
        moved += fabs(step) > 1e-3;
    }
    cr_assert_gt(moved, count / 4, "only %zu of %zu parameters have a gradient", moved, count);
    free(before);
    free(after);
    free(gradients);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

Test(trainer, has_no_gradients_without_training_data, .timeout = 60)
{
    struct fixture fixture;
    fixture_open(&fixture, "reference", 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TEST, SAMPLES);
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    struct tuff_trainer *trainer = make_trainer(&fixture, NULL, digits, &options);
    float value = 1;
    cr_assert_eq(tuff_trainer_read_gradient(trainer, 0, &value), TUFF_ERROR_INVALID);
    cr_assert_not_null(strstr(last_error(), "no training data"), "the message is: %s", last_error());
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}
