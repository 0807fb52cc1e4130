// A training that is saved and resumed has the bits of one that was never stopped, on every backend.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <criterion/criterion.h>
#include <criterion/parameterized.h>

#include "fixture.h"
#include "tuff/checkpoint.h"

enum { SAMPLES = 37, BATCH = 8, PER_EPOCH = 5, EPOCHS = 2, STEPS = EPOCHS * PER_EPOCH };

static struct tuff_trainer_options base_options(void)
{
    struct tuff_trainer_options options;
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.learning_rate = 0.01;
    options.epochs = EPOCHS;
    return options;
}

// A new file's path, for this process; unlink it.
static const char *state_path(void)
{
    static char path[64];
    snprintf(path, sizeof path, "/tmp/tuff-test-state-%ld.safetensors", (long)getpid());
    return path;
}

struct trace {
    float *parameters, losses[STEPS];
    size_t count;
    double tested; // loss of an evaluation at the end
    struct tuff_metrics epochs[EPOCHS];
};

// The steps from where the trainer stands to before `to`, counted over all epochs.
static void go_on(struct tuff_trainer *trainer, uint32_t to, struct trace *trace)
{
    struct tuff_trainer_position at = {.size = sizeof at};
    tuff_trainer_position(trainer, &at);
    for (uint32_t done = (uint32_t)at.steps_done; done < to;) {
        uint32_t epoch = done / PER_EPOCH, end = (epoch + 1) * PER_EPOCH < to ? (epoch + 1) * PER_EPOCH : to;
        cr_assert_eq(tuff_trainer_advance(trainer, epoch, end - epoch * PER_EPOCH, NULL,
                                          &trace->epochs[epoch], &trace->losses[done]),
                     TUFF_OK);
        done = end;
    }
}

static void expect_same(const struct trace *expected, const struct trace *actual, uint32_t from,
                        const char *name)
{
    cr_assert_eq(expected->count, actual->count);
    cr_expect_eq(memcmp(expected->parameters, actual->parameters, actual->count * sizeof(float)), 0,
                 "%s: parameters differ", name);
    cr_expect_eq(memcmp(&expected->tested, &actual->tested, sizeof actual->tested), 0,
                 "%s: the evaluation has a loss of %.17g, expected %.17g", name, actual->tested,
                 expected->tested);
    for (uint32_t s = from; s < STEPS; s++)
        cr_expect_eq(memcmp(&expected->losses[s], &actual->losses[s], sizeof(float)), 0,
                     "%s: loss of step %u is %.9g, expected %.9g", name, s + 1, (double)actual->losses[s],
                     (double)expected->losses[s]);
    for (uint32_t e = 0; e < EPOCHS; e++) {
        const struct tuff_metrics *want = &expected->epochs[e], *have = &actual->epochs[e];
        if (from == STEPS || (e + 1) * PER_EPOCH <= from)
            continue;
        cr_expect_eq(have->samples, want->samples, "%s: epoch %u", name, e);
        cr_expect_eq(have->correct, want->correct, "%s: epoch %u", name, e);
        cr_expect_eq(memcmp(&have->loss, &want->loss, sizeof want->loss), 0,
                     "%s: epoch %u has a loss of %.17g, expected %.17g", name, e, have->loss, want->loss);
    }
}

// Saves after `stop` steps and goes on with another trainer.
static void resume_at(const struct fixture *fixture, const struct tuff_dataset *digits,
                      const struct tuff_trainer_options *options, uint32_t stop, struct trace *trace)
{
    const struct tuff_metadata note = {"note", "hello"};
    struct tuff_trainer *trainer = make_trainer(fixture, digits, digits, options);
    go_on(trainer, stop, trace);
    cr_assert_eq(tuff_training_save(fixture->log, state_path(), trainer, &note, 1), TUFF_OK);
    tuff_trainer_destroy(&trainer);

    trainer = make_trainer(fixture, digits, digits, options);
    struct tuff_metrics metrics;
    // What the new trainer did before is of no account.
    cr_assert_eq(tuff_trainer_steps(trainer, 7, 2, NULL, NULL, NULL), TUFF_OK);
    cr_assert_eq(tuff_training_load(fixture->log, state_path(), trainer), TUFF_OK);
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    struct tuff_trainer_position at = {.size = sizeof at};
    tuff_trainer_position(trainer, &at);
    cr_expect_eq(at.steps_done, stop);
    cr_expect_eq(at.epoch * PER_EPOCH + at.step, stop);
    go_on(trainer, STEPS, trace);
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    trace->tested = metrics.loss;
    trace->parameters = read_parameters(fixture, trainer, &trace->count);
    tuff_trainer_destroy(&trainer);
    unlink(state_path());
}

static void expect_resumable(const struct fixture *fixture, const struct tuff_dataset *digits,
                             const struct tuff_trainer_options *options, const char *name)
{
    static const uint32_t stops[] = {0, 1, PER_EPOCH - 1, PER_EPOCH, PER_EPOCH + 3};
    struct trace whole = {.count = 0};
    struct tuff_trainer *trainer = make_trainer(fixture, digits, digits, options);
    struct tuff_metrics metrics;
    go_on(trainer, STEPS, &whole);
    cr_assert_eq(tuff_trainer_evaluate(trainer, NULL, &metrics), TUFF_OK);
    whole.tested = metrics.loss;
    whole.parameters = read_parameters(fixture, trainer, &whole.count);
    tuff_trainer_destroy(&trainer);
    for (size_t i = 0; i < sizeof stops / sizeof *stops; i++) {
        struct trace parts = {.count = 0};
        char text[64];
        snprintf(text, sizeof text, "%s, stopped after step %u", name, stops[i]);
        resume_at(fixture, digits, options, stops[i], &parts);
        expect_same(&whole, &parts, 0, text);
        free(parts.parameters);
    }
    free(whole.parameters);
}

ParameterizedTestParameters(backend, resumed_trainings_have_the_same_bits)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, resumed_trainings_have_the_same_bits,
                  .timeout = 600)
{
    static const char *const frozen[] = {"conv1", "fc2.bias"};
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options o = base_options();
    expect_resumable(&fixture, digits, &o, "adam");

    o = base_options();
    o.optimizer = TUFF_OPTIMIZER_ADAMW;
    o.weight_decay = 0.01;
    o.schedule = TUFF_SCHEDULE_COSINE;
    o.warmup_epochs = 0.5;
    o.frozen = frozen;
    o.frozen_count = 2;
    o.average_decay = 0.9;
    expect_resumable(&fixture, digits, &o, "adamw, cosine, frozen, averaged");

    o = base_options();
    o.optimizer = TUFF_OPTIMIZER_SGD;
    o.momentum = 0.9;
    o.nesterov = 1;
    o.schedule = TUFF_SCHEDULE_STEP;
    o.decay_epochs = 0.5;
    o.clip_norm = 0.5;
    o.shuffle = 0;
    expect_resumable(&fixture, digits, &o, "nesterov, step, clipped");

    o = base_options();
    o.optimizer = TUFF_OPTIMIZER_SGD;
    o.schedule = TUFF_SCHEDULE_ONE_CYCLE;
    o.label_smoothing = 0.1;
    expect_resumable(&fixture, digits, &o, "sgd, one cycle, smoothed");
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

// -- Interrupted by the observer

static int stop_at_once(void *user, const struct tuff_progress *progress)
{
    *(struct tuff_progress *)user = *progress;
    return 1;
}

ParameterizedTestParameters(backend, an_interrupted_epoch_goes_on)
{
    return backends_under_test();
}

ParameterizedTest(const struct backend_name *backend, backend, an_interrupted_epoch_goes_on, .timeout = 300)
{
    struct fixture fixture;
    fixture_open(&fixture, backend->text, 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_trainer_options options = base_options();
    struct trace whole = {.count = 0}, parts = {.count = 0};
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &options);
    go_on(trainer, STEPS, &whole);
    whole.parameters = read_parameters(&fixture, trainer, &whole.count);
    tuff_trainer_destroy(&trainer);

    struct tuff_progress seen = {.step = 0};
    struct tuff_observer observer = {.progress = stop_at_once, .user = &seen};
    trainer = make_trainer(&fixture, digits, NULL, &options);
    cr_assert_eq(tuff_trainer_advance(trainer, 0, 0, &observer, &parts.epochs[0], parts.losses),
                 TUFF_ERROR_INTERRUPTED);
    cr_assert_gt(seen.step, 0u);
    cr_assert_lt(seen.step, (uint32_t)PER_EPOCH);
    cr_expect_eq(seen.steps, (uint32_t)PER_EPOCH);
    cr_assert_eq(tuff_training_save(fixture.log, state_path(), trainer, NULL, 0), TUFF_OK);
    // The same trainer may go on as well; progress counts from the epoch's beginning.
    uint32_t first = seen.step;
    cr_assert_eq(
        tuff_trainer_advance(trainer, 0, first + 1, &observer, &parts.epochs[0], &parts.losses[first]),
        TUFF_OK);
    cr_expect_eq(seen.step, first + 1);
    cr_expect_eq(seen.steps, (uint32_t)PER_EPOCH);
    cr_expect_eq(parts.epochs[0].samples, (uint64_t)(first + 1) * BATCH);
    tuff_trainer_destroy(&trainer);

    trainer = make_trainer(&fixture, digits, NULL, &options);
    cr_assert_eq(tuff_training_load(fixture.log, state_path(), trainer), TUFF_OK);
    go_on(trainer, STEPS, &parts);
    parts.parameters = read_parameters(&fixture, trainer, &parts.count);
    expect_same(&whole, &parts, 0, "interrupted");
    unlink(state_path());
    tuff_trainer_destroy(&trainer);
    free(whole.parameters);
    free(parts.parameters);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}

// -- What does not fit

static void expect_refusal(const struct fixture *fixture, const struct tuff_dataset *digits,
                           const struct tuff_trainer_options *options, const char *words)
{
    struct tuff_trainer *trainer = make_trainer(fixture, digits, NULL, options);
    size_t count;
    float *before = read_parameters(fixture, trainer, &count);
    cr_expect_neq(tuff_training_load(fixture->log, state_path(), trainer), TUFF_OK, "no refusal: %s", words);
    cr_expect_not_null(strstr(last_error(), words), "no \"%s\" in: %s", words, last_error());
    float *after = read_parameters(fixture, trainer, &count);
    cr_expect_eq(memcmp(before, after, count * sizeof *before), 0, "%s: parameters were changed", words);
    free(before);
    free(after);
    tuff_trainer_destroy(&trainer);
}

static void expect_file_refusals(const struct fixture *fixture, const struct tuff_dataset *digits,
                                 struct tuff_trainer *trainer)
{
    struct tuff_trainer_options o = base_options();
    cr_assert_eq(truncate(state_path(), 5000), 0);
    expect_refusal(fixture, digits, &o, state_path());
    cr_assert_eq(tuff_checkpoint_save(fixture->log, state_path(), trainer, NULL, 0), TUFF_OK);
    expect_refusal(fixture, digits, &o, "expected a saved training of format 1, found none");
    unlink(state_path());
    expect_refusal(fixture, digits, &o, state_path());
}

Test(trainer, refuses_to_resume_what_differs, .timeout = 120)
{
    static const char *const frozen[] = {"fc3.bias"};
    struct fixture fixture;
    fixture_open(&fixture, "reference", 0);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    struct tuff_dataset *fewer = load_digits(TUFF_SPLIT_TRAIN, SAMPLES - 1);
    struct tuff_dataset *others = load_digits(TUFF_SPLIT_TEST, SAMPLES);
    struct tuff_trainer_options o = base_options();
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &o);
    cr_assert_eq(tuff_trainer_steps(trainer, 0, 2, NULL, NULL, NULL), TUFF_OK);
    cr_assert_eq(tuff_training_save(fixture.log, state_path(), trainer, NULL, 0), TUFF_OK);

    expect_refusal(&fixture, fewer, &o, "another number of training samples: expected 37, found 36");
    expect_refusal(&fixture, others, &o, "another checksum of the training data");
    o.batch_size = 4;
    expect_refusal(&fixture, digits, &o, "another batch size: expected 8, found 4");
    o = base_options();
    o.seed = 7;
    expect_refusal(&fixture, digits, &o, "another seed: expected 42, found 7");
    o = base_options();
    o.learning_rate = 0.1;
    expect_refusal(&fixture, digits, &o, "another learning rate: expected 0.01, found 0.1");
    o = base_options();
    o.optimizer = TUFF_OPTIMIZER_ADAMW;
    expect_refusal(&fixture, digits, &o, "another optimizer: expected adam, found adamw");
    o = base_options();
    o.schedule = TUFF_SCHEDULE_COSINE;
    expect_refusal(&fixture, digits, &o, "another schedule: expected constant, found cosine");
    o = base_options();
    o.frozen = frozen;
    o.frozen_count = 1;
    expect_refusal(&fixture, digits, &o, "another set of frozen parameters: expected none, found fc3.bias");

    // More epochs are no difference.
    o = base_options();
    o.epochs = 99;
    struct tuff_trainer *longer = make_trainer(&fixture, digits, NULL, &o);
    cr_expect_eq(tuff_training_load(fixture.log, state_path(), longer), TUFF_OK);
    tuff_trainer_destroy(&longer);
    expect_file_refusals(&fixture, digits, trainer);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    tuff_dataset_destroy(&fewer);
    tuff_dataset_destroy(&others);
    fixture_close(&fixture);
}
