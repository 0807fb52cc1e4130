#include "train_loop.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "console.h"
#include "format.h"
#include "interrupt.h"
#include "metadata.h"
#include "progress.h"
#include "tuff/checkpoint.h"

struct loop {
    const struct train_settings *settings;
    const struct setup *setup;
    struct run *run;
    struct train_result *result;
    struct progress progress;
    float *losses;  // of each step of an epoch; NULL if they are not logged
    bool warned;    // about a loss that is not finite
    bool announced; // that a signal came
};

static int show_progress(void *user, const struct tuff_progress *now)
{
    struct loop *loop = user;
    if (interrupt_signal() == 0) {
        progress_update(&loop->progress, now);
        return 0;
    }
    if (!loop->announced)
        console_note("stopping; once more stops at once, without a checkpoint");
    loop->announced = true;
    return 1;
}

static double accuracy(const struct tuff_metrics *metrics)
{
    return metrics->samples == 0 ? 0.0 : (double)metrics->correct / (double)metrics->samples;
}

static double rate(const struct tuff_metrics *metrics)
{
    return metrics->seconds > 0 ? (double)metrics->samples / metrics->seconds : 0.0;
}

static enum tuff_status save_checkpoint(const struct loop *loop)
{
    const struct train_settings *settings = loop->settings;
    struct tuff_log log = console_log();
    char epoch[16], step[24], seed[24], digits_train[16], digits_test[16], fraction[32];
    snprintf(epoch, sizeof epoch, "%" PRIu32, loop->result->epochs);
    snprintf(step, sizeof step, "%" PRIu64, loop->result->steps);
    snprintf(seed, sizeof seed, "%" PRIu64, settings->trainer.seed);
    snprintf(digits_train, sizeof digits_train, "%" PRIu32, settings->data.digits_train);
    snprintf(digits_test, sizeof digits_test, "%" PRIu32, settings->data.digits_test);
    snprintf(fraction, sizeof fraction, "%.17g", settings->data.test_fraction);
    struct tuff_metadata metadata[9] = {
        {METADATA_VERSION, TUFF_VERSION},
        {METADATA_MODEL, settings->model_source},
        {METADATA_DATA, settings->data.name},
        {METADATA_EPOCH, epoch},
        {METADATA_STEP, step},
        {METADATA_SEED, seed},
    };
    size_t count = 6;
    if (settings->data.digits_train != 0)
        metadata[count++] = (struct tuff_metadata){METADATA_DIGITS_TRAIN, digits_train};
    if (settings->data.digits_test != 0)
        metadata[count++] = (struct tuff_metadata){METADATA_DIGITS_TEST, digits_test};
    if (settings->data.test_fraction > 0)
        metadata[count++] = (struct tuff_metadata){METADATA_FRACTION, fraction};
    enum tuff_status status =
        tuff_checkpoint_save(&log, loop->run->checkpoint, loop->setup->trainer, metadata, count);
    if (status == TUFF_OK)
        loop->result->saved = true;
    return status;
}

// The losses of every n-th step, counted from the training's first.
static enum tuff_status log_steps(const struct loop *loop, uint32_t epoch, uint64_t first, uint32_t count)
{
    uint32_t every = loop->settings->log_every;
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; status == TUFF_OK && loop->losses != NULL && i < count; i++) {
        uint64_t step = first + i + 1;
        if (step % every != 0)
            continue;
        console_print("step %6" PRIu64 "  loss %.7f\n", step, (double)loop->losses[i]);
        status = run_write_metrics(loop->run, json_pack("{s:s, s:I, s:I, s:o}", "type", "step", "epoch",
                                                        (json_int_t)epoch + 1, "step", (json_int_t)step,
                                                        "loss", json_number((double)loop->losses[i])));
    }
    return status;
}

static enum tuff_status log_epoch(const struct loop *loop, uint32_t epoch, const struct tuff_metrics *train,
                                  const struct tuff_metrics *test)
{
    json_t *line = json_pack("{s:s, s:I, s:I, s:o, s:o, s:I, s:o, s:o}", "type", "epoch", "epoch",
                             (json_int_t)epoch + 1, "step", (json_int_t)loop->result->steps, "train_loss",
                             json_number(train->loss), "train_accuracy", json_number(accuracy(train)),
                             "train_samples", (json_int_t)train->samples, "train_seconds",
                             json_number(train->seconds), "samples_per_second", json_number(rate(train)));
    if (line != NULL && test != NULL &&
        (json_object_set_new(line, "test_loss", json_number(test->loss)) != 0 ||
         json_object_set_new(line, "test_accuracy", json_number(accuracy(test))) != 0 ||
         json_object_set_new(line, "test_samples", json_integer((json_int_t)test->samples)) != 0 ||
         json_object_set_new(line, "test_seconds", json_number(test->seconds)) != 0)) {
        json_decref(line);
        line = NULL;
    }
    return run_write_metrics(loop->run, line);
}

static void print_epoch(const char *label, const struct tuff_metrics *train, const struct tuff_metrics *test)
{
    console_print("%s  train loss %.4f acc %.2f%%", label, train->loss, 100.0 * accuracy(train));
    if (test != NULL)
        console_print("  test loss %.4f acc %.2f%%", test->loss, 100.0 * accuracy(test));
    console_print("  %s samples/s  %s\n", format_rate(rate(train)).s,
                  format_seconds(train->seconds + (test == NULL ? 0.0 : test->seconds)).s);
}

static enum tuff_status log_interruption(const struct loop *loop, uint32_t epoch,
                                         const struct tuff_metrics *train)
{
    return run_write_metrics(
        loop->run, json_pack("{s:s, s:I, s:I, s:o, s:o, s:I}", "type", "interrupted", "epoch",
                             (json_int_t)epoch + 1, "step", (json_int_t)loop->result->steps, "train_loss",
                             json_number(train->loss), "train_accuracy", json_number(accuracy(train)),
                             "train_samples", (json_int_t)train->samples));
}

// Trains one epoch and saves it; also what an interrupted one has done.
static enum tuff_status train_epoch(struct loop *loop, uint32_t epoch, const char *label,
                                    struct tuff_metrics *metrics)
{
    const struct train_settings *settings = loop->settings;
    struct tuff_observer observer = {.progress = show_progress, .user = loop};
    uint64_t first = loop->result->steps;
    *metrics = (struct tuff_metrics){.samples = 0};
    progress_begin(&loop->progress, label);
    enum tuff_status trained =
        tuff_trainer_steps(loop->setup->trainer, epoch, settings->steps, &observer, metrics, loop->losses);
    progress_end(&loop->progress);
    if (trained != TUFF_OK && trained != TUFF_ERROR_INTERRUPTED)
        return trained;
    uint64_t batch = settings->trainer.batch_size;
    uint64_t steps = (metrics->samples + batch - 1) / batch;
    loop->result->steps += steps;
    if (trained == TUFF_OK && settings->steps == 0)
        loop->result->epochs = epoch + 1;
    enum tuff_status status = save_checkpoint(loop);
    if (status == TUFF_OK)
        status = log_steps(loop, epoch, first, (uint32_t)steps);
    if (status == TUFF_OK && trained == TUFF_ERROR_INTERRUPTED)
        status = log_interruption(loop, epoch, metrics);
    if (!isfinite(metrics->loss) && !loop->warned) {
        console_warning("the loss is %f in %s: a smaller --lr may help", metrics->loss, label);
        loop->warned = true;
    }
    return status == TUFF_OK ? trained : status;
}

static enum tuff_status run_epoch(struct loop *loop, uint32_t epoch)
{
    const struct train_settings *settings = loop->settings;
    struct tuff_observer observer = {.progress = show_progress, .user = loop};
    struct tuff_metrics train, test;
    char label[48];
    if (settings->steps != 0)
        snprintf(label, sizeof label, "%" PRIu32 " steps", settings->steps);
    else
        snprintf(label, sizeof label, "epoch %*" PRIu32 "/%" PRIu32,
                 snprintf(NULL, 0, "%" PRIu32, settings->epochs), epoch + 1, settings->epochs);
    enum tuff_status status = train_epoch(loop, epoch, label, &train);
    if (status != TUFF_OK)
        return status;
    if (loop->setup->test != NULL) {
        char evaluation[64];
        snprintf(evaluation, sizeof evaluation, "%s test", label);
        progress_begin(&loop->progress, evaluation);
        status = tuff_trainer_evaluate(loop->setup->trainer, &observer, &test);
        progress_end(&loop->progress);
        if (status == TUFF_OK) {
            loop->result->test = test;
            loop->result->evaluated = true;
        }
    }
    const struct tuff_metrics *tested = status == TUFF_OK && loop->setup->test != NULL ? &test : NULL;
    print_epoch(label, &train, tested);
    enum tuff_status logged = log_epoch(loop, epoch, &train, tested);
    return status == TUFF_OK ? logged : status;
}

enum tuff_status train_loop(const struct train_settings *settings, const struct setup *setup, struct run *run,
                            struct train_result *result)
{
    struct loop loop = {.settings = settings, .setup = setup, .run = run, .result = result};
    enum tuff_status status = TUFF_OK;
    *result = (struct train_result){.epochs = 0};
    if (settings->log_every != 0) {
        loop.losses = calloc(tuff_trainer_steps_per_epoch(setup->trainer), sizeof *loop.losses);
        if (loop.losses == NULL) {
            console_error("out of memory");
            return TUFF_ERROR_MEMORY;
        }
    }
    uint32_t epochs = settings->steps != 0 ? 1 : settings->epochs;
    for (uint32_t epoch = 0; status == TUFF_OK && epoch < epochs; epoch++) {
        if (interrupt_signal() != 0)
            status = TUFF_ERROR_INTERRUPTED;
        else
            status = run_epoch(&loop, epoch);
    }
    free(loop.losses);
    return status;
}
