// A run's folder: config.json as tuff train --resume and tuff report read it, and metrics.jsonl. The input is
// the one, a zero byte, and the other.
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "data/normalization.h"
#include "fuzz.h"
#include "report_facts.h"
#include "train.h"
#include "train/trainer_parts.h"
#include "tuff/report.h"

// What the command's files want of its main program: errors are counted, and their texts read.
void console_error(const char *format, ...)
{
    char text[4096];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fuzz_count_error();
}

void console_print(const char *format, ...)
{
    (void)format;
}

struct tuff_log console_log(void)
{
    return fuzz_log;
}

static void read_settings(void)
{
    struct train_settings settings;
    struct tuff_trainer_options options;
    struct tuff_augmentation augmentation;
    train_settings_default(&settings);
    settings.resume = fuzz_path("run");
    tuff_augmentation_default(&augmentation);
    if (fuzz_succeeded(train_settings_read(&settings))) {
        fuzz_demand(settings.optimizer.chosen < TRAIN_OPTIMIZER_COUNT &&
                        settings.schedule.chosen < TRAIN_SCHEDULE_COUNT &&
                        settings.precision.chosen < TRAIN_PRECISION_COUNT &&
                        settings.on_nan.chosen < TRAIN_NAN_COUNT,
                    "choices are among the names");
        if (train_settings_finish(&settings) == 0)
            fuzz_succeeded(tuff_trainer_options_take(&fuzz_log, &settings.trainer, &options));
        else
            fuzz_succeeded(TUFF_ERROR_INVALID);
        if (settings.normalize != NULL)
            fuzz_succeeded(
                tuff_normalization_read(&fuzz_log, "normalize", settings.normalize, 3, &augmentation));
        if (settings.augment != NULL)
            fuzz_succeeded(tuff_augmentation_parse(&fuzz_log, settings.augment, &augmentation));
    }
    train_settings_clear(&settings);
}

static void read_facts(void)
{
    struct report_facts facts;
    char text[256];
    if (fuzz_succeeded(report_facts_read(fuzz_path("run"), &facts))) {
        for (size_t i = 0; i < facts.count; i++)
            fuzz_read(facts.items[i].value, strlen(facts.items[i].value));
        report_facts_title(&facts, text, sizeof text);
        report_facts_subtitle(&facts, text, sizeof text);
        (void)report_facts_model(&facts);
    }
    report_facts_free(&facts);
}

static void draw(const struct tuff_history *history)
{
    double *x = calloc(history->epoch_count + 1, sizeof *x), *y = calloc(history->epoch_count + 1, sizeof *y);
    struct tuff_curve curve = {"loss", history->epoch_count, x, y};
    const struct tuff_axes axes = {.size = sizeof axes, .whole_x = 1};
    for (uint32_t i = 0; x != NULL && y != NULL && i < history->epoch_count; i++) {
        x[i] = (double)history->epochs[i].step;
        y[i] = history->epochs[i].train_loss;
    }
    if (x != NULL && y != NULL)
        fuzz_succeeded(tuff_curves_write(&fuzz_log, fuzz_path("loss.svg"), &curve, 1, &axes, NULL));
    free(x);
    free(y);
}

static void read_history(void)
{
    struct tuff_history *history;
    if (fuzz_succeeded(tuff_history_read(&fuzz_log, fuzz_path("run/metrics.jsonl"), &history))) {
        for (uint32_t i = 1; i < history->epoch_count; i++)
            fuzz_demand(history->epochs[i - 1].epoch < history->epochs[i].epoch, "epochs ascend");
        for (uint32_t i = 0; i < history->epoch_count; i++)
            fuzz_demand(!(history->epochs[i].whole && history->epochs[i].partial),
                        "an epoch that is partial is not whole");
        for (uint32_t i = 1; i < history->step_count; i++)
            fuzz_demand(history->steps[i - 1].step < history->steps[i].step, "steps ascend");
        draw(history);
    }
    tuff_history_destroy(&history);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *zero = size == 0 ? NULL : memchr(data, 0, size);
    size_t config = zero == NULL ? size : (size_t)(zero - data), rest = size - config - (zero != NULL);
    fuzz_write("run/" RUN_CONFIG, data, config);
    fuzz_write("run/" RUN_METRICS, data + size - rest, rest);
    if (config > 0) {
        read_settings();
        read_facts();
    }
    read_history();
    return 0;
}
