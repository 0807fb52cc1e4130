// metrics.jsonl: what a training has left.
#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/regular_file.h"
#include "tuff/report.h"

struct reader {
    const struct tuff_log *log;
    const char *path;
    struct tuff_history *history;
    uint32_t epoch_capacity, step_capacity, test_capacity;
};

// A figure that is absent, or null, is NaN.
static double figure(const json_t *line, const char *key)
{
    const json_t *value = json_object_get(line, key);
    return json_is_number(value) ? json_number_value(value) : NAN;
}

static uint64_t count(const json_t *line, const char *key)
{
    json_int_t value = json_integer_value(json_object_get(line, key));
    return value < 0 ? 0 : (uint64_t)value;
}

// Room for one more item of `size` bytes: the items, moved or not; NULL if memory is exhausted.
static void *grow(void *items, uint32_t used, uint32_t *capacity, size_t size)
{
    if (used < *capacity)
        return items;
    uint32_t more = *capacity == 0 ? 64 : 2 * *capacity;
    void *grown = realloc(items, more * size);
    if (grown != NULL)
        *capacity = more;
    return grown;
}

static bool add_test(struct reader *reader, const json_t *line, bool within)
{
    struct tuff_history *history = reader->history;
    const struct tuff_history_test test = {
        .epoch = (uint32_t)count(line, "epoch"),
        .within = within,
        .step = count(line, "step"),
        .loss = figure(line, "test_loss"),
        .accuracy = figure(line, "test_accuracy"),
    };
    while (history->test_count > 0 && history->tests[history->test_count - 1].step >= test.step)
        history->test_count--;
    void *grown = grow(history->tests, history->test_count, &reader->test_capacity, sizeof test);
    if (grown == NULL)
        return false;
    history->tests = grown;
    history->tests[history->test_count++] = test;
    return true;
}

static bool add_epoch(struct reader *reader, const json_t *line, bool interrupted)
{
    struct tuff_history *history = reader->history;
    const bool partial = !interrupted && json_is_true(json_object_get(line, "partial"));
    const struct tuff_history_epoch epoch = {
        .epoch = (uint32_t)count(line, "epoch"),
        .whole = !interrupted && !partial,
        .tested = json_object_get(line, "test_loss") != NULL,
        .partial = partial,
        .step = count(line, "step"),
        .train_loss = figure(line, "train_loss"),
        .train_accuracy = figure(line, "train_accuracy"),
        .test_loss = figure(line, "test_loss"),
        .test_accuracy = figure(line, "test_accuracy"),
        .train_seconds = figure(line, "train_seconds"),
        .test_seconds = figure(line, "test_seconds"),
        .samples_per_second = figure(line, "samples_per_second"),
        .learning_rate = figure(line, "learning_rate"),
    };
    // A training that was gone on with tells about an epoch again, and of what came after it.
    while (history->epoch_count > 0 && history->epochs[history->epoch_count - 1].epoch >= epoch.epoch)
        history->epoch_count--;
    void *grown = grow(history->epochs, history->epoch_count, &reader->epoch_capacity, sizeof epoch);
    if (grown == NULL)
        return false;
    history->epochs = grown;
    history->epochs[history->epoch_count++] = epoch;
    return !epoch.tested || add_test(reader, line, false);
}

static bool add_step(struct reader *reader, const json_t *line)
{
    struct tuff_history *history = reader->history;
    const struct tuff_history_step step = {
        .epoch = (uint32_t)count(line, "epoch"),
        .step = count(line, "step"),
        .loss = figure(line, "loss"),
        .learning_rate = figure(line, "learning_rate"),
    };
    while (history->step_count > 0 && history->steps[history->step_count - 1].step >= step.step)
        history->step_count--;
    void *grown = grow(history->steps, history->step_count, &reader->step_capacity, sizeof step);
    if (grown == NULL)
        return false;
    history->steps = grown;
    history->steps[history->step_count++] = step;
    return true;
}

static enum tuff_status add_line(struct reader *reader, const json_t *line, uint64_t number)
{
    const char *type = json_string_value(json_object_get(line, "type"));
    bool added = true;
    if (type == NULL)
        return tuff_fail(reader->log, TUFF_ERROR_FORMAT, "%s:%" PRIu64 ": expected an object with a type",
                         reader->path, number);
    if (strcmp(type, "epoch") == 0)
        added = add_epoch(reader, line, false);
    else if (strcmp(type, "interrupted") == 0)
        added = add_epoch(reader, line, true);
    else if (strcmp(type, "evaluation") == 0)
        added = add_test(reader, line, true);
    else if (strcmp(type, "step") == 0)
        added = add_step(reader, line);
    return added ? TUFF_OK : tuff_fail(reader->log, TUFF_ERROR_MEMORY, "%s: out of memory", reader->path);
}

static enum tuff_status read_lines(struct reader *reader, FILE *file)
{
    char *text = NULL;
    size_t capacity = 0;
    ssize_t length;
    enum tuff_status status = TUFF_OK;
    for (uint64_t number = 1; status == TUFF_OK && (length = getline(&text, &capacity, file)) > 0; number++) {
        json_error_t error;
        json_t *line = json_loadb(text, (size_t)length, 0, &error);
        if (line != NULL)
            status = add_line(reader, line, number);
        else if (text[length - 1] != '\n')
            // The training was ended while it wrote, or is writing just now.
            tuff_log_message(reader->log, TUFF_LOG_WARNING, "%s:%" PRIu64 ": the last line is not whole",
                             reader->path, number);
        else
            status = tuff_fail(reader->log, TUFF_ERROR_FORMAT, "%s:%" PRIu64 ": expected a JSON object",
                               reader->path, number);
        json_decref(line);
    }
    free(text);
    if (status == TUFF_OK && ferror(file) != 0)
        status = tuff_fail(reader->log, TUFF_ERROR_IO, "cannot read '%s': %s", reader->path, strerror(errno));
    return status;
}

enum tuff_status tuff_history_read(const struct tuff_log *log, const char *path,
                                   struct tuff_history **history)
{
    *history = NULL;
    FILE *file;
    enum tuff_status status = tuff_regular_file_open(log, path, &file, NULL);
    if (status != TUFF_OK)
        return status;
    struct tuff_history *made = calloc(1, sizeof *made);
    struct reader reader = {.log = log, .path = path, .history = made};
    status = made == NULL ? tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", path)
                          : read_lines(&reader, file);
    fclose(file);
    if (status != TUFF_OK) {
        tuff_history_destroy(&made);
        return status;
    }
    made->size = sizeof *made;
    *history = made;
    return TUFF_OK;
}

void tuff_history_destroy(struct tuff_history **history)
{
    if (history == NULL || *history == NULL)
        return;
    free((*history)->epochs);
    free((*history)->steps);
    free((*history)->tests);
    free(*history);
    *history = NULL;
}
