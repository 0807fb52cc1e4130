// What the training tests share: the backends under test, a target of one of them, and a trainer on it.
#ifndef TUFF_TESTS_TRAINING_FIXTURE_H
#define TUFF_TESTS_TRAINING_FIXTURE_H

#include <stdbool.h>

#include <criterion/parameterized.h>

#include "tuff/trainer.h"

// A Criterion parameter; flat, since tests run in processes of their own.
struct backend_name {
    char text[32];
};

// One parameter per backend under test: TUFF_BACKENDS, separated by commas, or else all that this build made.
// An empty list gives one parameter without a name, so that a run that tests nothing fails.
struct criterion_test_params backends_under_test(void);

// A target and all that it stands on.
struct fixture {
    struct tuff_context *context;
    const struct tuff_log *log;
    struct tuff_target *target;
    struct tuff_model *model;
};

// Opens the best device of `backend` with `threads` host threads (0: its default) and loads lenet-mnist. A
// backend that cannot be opened fails the test, unless TUFF_SKIP_BACKENDS names it: then the test is skipped.
void fixture_open(struct fixture *fixture, const char *backend, uint32_t threads);
void fixture_close(struct fixture *fixture);

// A trainer of the fixture's model. Fails the test if there is none.
struct tuff_trainer *make_trainer(const struct fixture *fixture, const struct tuff_dataset *train,
                                  const struct tuff_dataset *test,
                                  const struct tuff_trainer_options *options);

// The words of the last error that a fixture of this process logged; empty if there was none.
const char *last_error(void);

// Has all that fixtures of this process log given to `listener`, too.
void listen_to_log(void (*listener)(enum tuff_log_level level, const char *message));

// Dispatches of the program that a backend of a GPU captured last; 0 if none did.
uint32_t last_capture(void);

// What the Vulkan backend said of tiles of matrix products since the last fixture_open: products whose tiles
// it timed, products that it read from its cache, times that it did not use what it read, products that it
// was made to take a tile for, and of how many tiles at most.
struct tuning_log {
    uint32_t timed, known, refused, forced, offered;
};
struct tuning_log last_tuning(void);

// Takes another model in place of the fixture's: a name, or a model file's text.
void load_model(struct fixture *fixture, const char *model);

// All parameters of the model, one after the other; free() them. *count: how many.
float *read_parameters(const struct fixture *fixture, struct tuff_trainer *trainer, size_t *count);

// All gradients in the same order; free() them.
float *read_gradients(const struct fixture *fixture, struct tuff_trainer *trainer);

// The Euclidean norm of all of them.
double norm_of_gradient(const struct fixture *fixture, struct tuff_trainer *trainer);

// Digits from the first on that `split` has. Fails the test if they cannot be had.
struct tuff_dataset *load_digits(enum tuff_split split, uint32_t count);

// The greatest difference of two lists, as a part of the greatest value of the second; infinite for NaN.
double distance(const float *a, const float *b, size_t count);

// Whether the backend has kernels for mixed precision.
bool has_float16(const char *backend);

// false for NaN too.
bool within(double actual, double expected, double relative);

#endif
