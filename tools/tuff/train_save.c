// Saving a run's training and going on with it.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "metadata.h"
#include "normalization.h"
#include "train_loop.h"
#include "tuff/checkpoint.h"

enum { MAX_TEXTS = 24, NUMBER_BYTES = 24 };

struct texts {
    size_t count;
    char *classes;
    struct tuff_metadata list[MAX_TEXTS];
    char numbers[MAX_TEXTS][NUMBER_BYTES];
    struct normalization_text normalize;
};

static void add_text(struct texts *texts, const char *key, const char *value)
{
    texts->list[texts->count++] = (struct tuff_metadata){key, value};
}

static void add_number(struct texts *texts, const char *key, uint64_t value)
{
    char *number = texts->numbers[texts->count];
    snprintf(number, NUMBER_BYTES, "%" PRIu64, value);
    add_text(texts, key, number);
}

static void add_bits(struct texts *texts, const char *key, double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    snprintf(texts->numbers[texts->count], NUMBER_BYTES, "%016" PRIx64, bits);
    add_text(texts, key, texts->numbers[texts->count]);
}

// Names of classes, one a line; they hold no control characters.
static char *join_names(const struct tuff_dataset *set)
{
    size_t length = 1, used = 0;
    for (uint32_t c = 0; c < set->classes; c++)
        length += strlen(set->class_names[c]) + 1;
    char *text = malloc(length);
    for (uint32_t c = 0; c < set->classes && text != NULL; c++)
        used += (size_t)snprintf(text + used, length - used, "%s%s", c == 0 ? "" : "\n", set->class_names[c]);
    return text;
}

// What a checkpoint's header says of itself.
static enum tuff_status describe(const struct train_loop *loop, uint32_t epochs, uint64_t steps,
                                 struct texts *texts)
{
    const struct train_settings *settings = loop->settings;
    add_text(texts, METADATA_VERSION, TUFF_VERSION);
    add_text(texts, METADATA_MODEL, settings->model_source);
    add_text(texts, METADATA_DATA, settings->data.name);
    texts->classes = join_names(loop->setup->train);
    if (texts->classes == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    add_text(texts, METADATA_CLASSES, texts->classes);
    add_number(texts, METADATA_EPOCH, epochs);
    add_number(texts, METADATA_STEP, steps);
    add_number(texts, METADATA_SEED, settings->trainer.seed);
    if (settings->data.digits_train != 0)
        add_number(texts, METADATA_DIGITS_TRAIN, settings->data.digits_train);
    if (settings->data.digits_test != 0)
        add_number(texts, METADATA_DIGITS_TEST, settings->data.digits_test);
    if (settings->data.skip_broken)
        add_number(texts, METADATA_SKIP_BROKEN, 1);
    if (settings->normalize != NULL) {
        texts->normalize =
            normalization_write(train_set(settings, loop->setup)->channels, &settings->augmentation);
        add_text(texts, METADATA_NORMALIZE, texts->normalize.s);
    }
    if (settings->data.test_fraction > 0) {
        snprintf(texts->numbers[texts->count], NUMBER_BYTES, "%.17g", settings->data.test_fraction);
        add_text(texts, METADATA_FRACTION, texts->numbers[texts->count]);
    }
    return TUFF_OK;
}

static enum tuff_status save_parameters(const struct train_loop *loop, const char *path)
{
    const struct train_result *result = loop->result;
    struct tuff_log log = console_log();
    struct texts texts = {.count = 0};
    enum tuff_status status = describe(loop, result->epochs, result->steps, &texts);
    if (status != TUFF_OK)
        return status;
    status = tuff_checkpoint_save(&log, path, loop->setup->trainer, texts.list, texts.count);
    free(texts.classes);
    return status;
}

static enum tuff_status save_training(struct train_loop *loop)
{
    const struct train_result *result = loop->result;
    const struct train_best *best = &result->best;
    struct tuff_log log = console_log();
    struct texts texts = {.count = 0};
    struct run_lengths lengths;
    uint64_t events = 0;
    enum tuff_status status = run_measure(loop->run, &lengths);
    if (status == TUFF_OK && loop->events != NULL)
        status = event_file_measure(loop->events, &events);
    if (status == TUFF_OK)
        status = describe(loop, result->epochs, result->steps, &texts);
    if (status != TUFF_OK)
        return status;
    add_number(&texts, METADATA_SETTLED, loop->settled);
    add_number(&texts, METADATA_METRICS_BYTES, lengths.metrics);
    add_number(&texts, METADATA_TABLE_BYTES, lengths.table);
    add_number(&texts, METADATA_EVENTS_BYTES, events);
    if (best->step != 0) {
        add_number(&texts, METADATA_BEST_EPOCH, best->epoch);
        add_number(&texts, METADATA_BEST_STEP, best->step);
        add_bits(&texts, METADATA_BEST_LOSS, best->metrics.loss);
        add_number(&texts, METADATA_BEST_CORRECT, best->metrics.correct);
        add_number(&texts, METADATA_BEST_SAMPLES, best->metrics.samples);
    }
    add_number(&texts, METADATA_NOT_BETTER, loop->not_better);
    status = tuff_training_save(&log, loop->run->state, loop->setup->trainer, texts.list, texts.count);
    free(texts.classes);
    return status;
}

enum tuff_status train_save(struct train_loop *loop)
{
    struct train_result *result = loop->result;
    enum tuff_status status = train_check_parameters(loop);
    if (status == TUFF_OK)
        status = save_training(loop);
    if (status == TUFF_OK)
        result->saved_steps = result->steps;
    // If the process ends between these, train_restore writes them.
    if (status == TUFF_OK)
        status = save_parameters(loop, loop->run->last);
    if (status == TUFF_OK && result->best.step == result->steps)
        status = save_parameters(loop, loop->run->best);
    return status;
}

// -- Going on

static uint64_t find_number(const struct tuff_metadata_list *list, const char *key, int base)
{
    const char *text = tuff_metadata_find(list, key);
    return text == NULL ? 0 : strtoull(text, NULL, base);
}

static void read_best(const struct tuff_metadata_list *list, struct train_best *best)
{
    uint64_t bits = find_number(list, METADATA_BEST_LOSS, 16);
    *best = (struct train_best){
        .step = find_number(list, METADATA_BEST_STEP, 10),
        .epoch = (uint32_t)find_number(list, METADATA_BEST_EPOCH, 10),
        .metrics = {.correct = find_number(list, METADATA_BEST_CORRECT, 10),
                    .samples = find_number(list, METADATA_BEST_SAMPLES, 10)},
    };
    memcpy(&best->metrics.loss, &bits, sizeof bits);
}

// Whether the checkpoint at `path` is of step `step`.
static bool is_of_step(const char *path, uint64_t step)
{
    struct tuff_metadata_list *list;
    const struct tuff_log silent = {.write = NULL};
    if (tuff_metadata_read(&silent, path, &list) != TUFF_OK)
        return false;
    bool same = find_number(list, METADATA_STEP, 10) == step;
    tuff_metadata_destroy(&list);
    return same;
}

static enum tuff_status open_events(struct train_loop *loop, const struct tuff_metadata_list *list)
{
    if (!loop->settings->tensorboard)
        return TUFF_OK;
    return event_file_open(loop->run->events, find_number(list, METADATA_EVENTS_BYTES, 10), &loop->events);
}

// The trainer and the loop; no file.
static enum tuff_status restore_position(struct train_loop *loop, const struct tuff_metadata_list *list)
{
    struct train_result *result = loop->result;
    struct tuff_log log = console_log();
    struct tuff_trainer_position at = {.size = sizeof at};
    enum tuff_status status = tuff_training_load(&log, loop->run->state, loop->setup->trainer);
    if (status != TUFF_OK)
        return status;
    tuff_trainer_position(loop->setup->trainer, &at);
    if (at.steps_done != (uint64_t)at.epoch * loop->steps_per_epoch + at.step) {
        console_error("%s: its %" PRIu64 " steps do not end in epoch %" PRIu32 " after step %" PRIu32,
                      loop->run->state, at.steps_done, at.epoch + 1, at.step);
        return TUFF_ERROR_FORMAT;
    }
    result->steps = result->saved_steps = at.steps_done;
    result->epochs = (uint32_t)(at.steps_done / loop->steps_per_epoch);
    read_best(list, &result->best);
    loop->settled = find_number(list, METADATA_SETTLED, 10);
    // Evaluations from before somebody asked for an early stop do not count.
    if (loop->settings->early_stop == 0 ||
        json_is_integer(json_object_get(loop->settings->saved, "early_stop")))
        loop->not_better = (uint32_t)find_number(list, METADATA_NOT_BETTER, 10);
    return TUFF_OK;
}

static enum tuff_status restore_files(struct train_loop *loop, const struct tuff_metadata_list *list)
{
    const struct train_result *result = loop->result;
    const struct run_lengths lengths = {.metrics = find_number(list, METADATA_METRICS_BYTES, 10),
                                        .table = find_number(list, METADATA_TABLE_BYTES, 10)};
    enum tuff_status status = run_cut(loop->run, &lengths);
    if (status == TUFF_OK)
        status = open_events(loop, list);
    if (status == TUFF_OK && !is_of_step(loop->run->last, result->steps))
        status = save_parameters(loop, loop->run->last);
    if (status == TUFF_OK && result->best.step == result->steps && result->steps != 0 &&
        !is_of_step(loop->run->best, result->steps))
        status = save_parameters(loop, loop->run->best);
    return status;
}

enum tuff_status train_restore(struct train_loop *loop, bool files)
{
    struct tuff_metadata_list *list;
    struct tuff_log log = console_log();
    enum tuff_status status = tuff_metadata_read(&log, loop->run->state, &list);
    if (status != TUFF_OK)
        return status;
    status = restore_position(loop, list);
    if (status == TUFF_OK && files)
        status = restore_files(loop, list);
    tuff_metadata_destroy(&list);
    return status;
}
