// The search for where a number stopped being finite: it can be watched and stopped, and calls layers by
// their whole names. What it finds is tested with the command (tests/faults/test_finite.sh).
#include <criterion/criterion.h>

#include "fixture.h"

#define LONG_BLOCK "a_block_whose_name_takes_up_most_of_the_room"
#define LONG_LAYER "and_a_layer_in_it_whose_name_does_so_as_well"

static const char model[] =
    "name: long\ninput: [1, 28, 28]\nlayers:\n"
    "  - conv2d: {channels: 2, kernel: 5, stride: 3}\n"
    "  - flatten\n"
    "  - block: {name: " LONG_BLOCK ", layers: [linear: {name: " LONG_LAYER ", features: 10}]}\n";

enum { SAMPLES = 8, BATCH = 2 };

struct watcher {
    uint32_t calls, last_step, steps;
    uint32_t stop_after; // calls; 0: never
};

static int watch(void *user, const struct tuff_progress *progress)
{
    struct watcher *watcher = user;
    watcher->calls++;
    watcher->last_step = progress->step;
    watcher->steps = progress->steps;
    return watcher->calls == watcher->stop_after;
}

Test(trainer, search_for_what_is_not_finite_is_watched, .timeout = 60)
{
    struct fixture fixture;
    struct tuff_trainer_options options;
    struct tuff_origin origin = {.size = sizeof origin};
    struct watcher watcher = {.stop_after = 0};
    const struct tuff_observer observer = {.progress = watch, .user = &watcher};
    fixture_open(&fixture, "reference", 0);
    load_model(&fixture, model);
    struct tuff_dataset *digits = load_digits(TUFF_SPLIT_TRAIN, SAMPLES);
    tuff_trainer_options_default(&options);
    options.batch_size = BATCH;
    options.optimizer = TUFF_OPTIMIZER_SGD;
    options.learning_rate = 1e30;
    options.clip_norm = 1;
    struct tuff_trainer *trainer = make_trainer(&fixture, digits, NULL, &options);

    // Steps behind the one that fails leave NaN in all gradients, which the search is not to find.
    cr_assert_eq(tuff_trainer_epoch(trainer, 0, NULL, NULL), TUFF_OK);
    cr_assert_eq(tuff_trainer_restart(trainer), TUFF_OK);
    cr_assert_eq(tuff_trainer_find_origin(trainer, 3, &observer, &origin), TUFF_OK);
    cr_assert_not_null(origin.kind);
    cr_expect_eq(origin.step, 2);
    cr_expect_str_eq(origin.op, "linear_forward");
    cr_expect_str_eq(origin.layer, LONG_BLOCK "." LONG_LAYER);
    cr_expect_str_eq(origin.tensor, LONG_BLOCK "." LONG_LAYER ".y");
    cr_expect_eq(watcher.calls, 2);
    cr_expect_eq(watcher.last_step, 2);
    cr_expect_eq(watcher.steps, 3);

    watcher = (struct watcher){.stop_after = 1};
    cr_assert_eq(tuff_trainer_restart(trainer), TUFF_OK);
    cr_expect_eq(tuff_trainer_find_origin(trainer, 3, &observer, &origin), TUFF_ERROR_INTERRUPTED);
    cr_expect_eq(watcher.calls, 1);
    cr_expect_null(origin.kind);
    tuff_trainer_destroy(&trainer);
    tuff_dataset_destroy(&digits);
    fixture_close(&fixture);
}
