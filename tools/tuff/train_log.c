// What a training says: lines on the terminal, metrics.jsonl, metrics.csv, TensorBoard's events.
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

#include "console.h"
#include "format.h"
#include "json_output.h"
#include "train_loop.h"

static double accuracy(const struct tuff_metrics *metrics)
{
    return metrics->samples == 0 ? 0.0 : (double)metrics->correct / (double)metrics->samples;
}

static double rate(const struct tuff_metrics *metrics)
{
    return metrics->seconds > 0 ? (double)metrics->samples / metrics->seconds : 0.0;
}

static enum tuff_status add_events(const struct train_loop *loop, uint64_t step,
                                   const struct event_scalar *scalars, size_t count)
{
    struct timespec now;
    if (loop->events == NULL || count == 0)
        return TUFF_OK;
    clock_gettime(CLOCK_REALTIME, &now);
    return event_file_write(loop->events, (double)now.tv_sec + 1e-9 * (double)now.tv_nsec, step, scalars,
                            count);
}

void train_label(const struct train_loop *loop, uint32_t epoch, char *label, size_t size)
{
    const struct train_settings *settings = loop->settings;
    if (settings->steps != 0)
        snprintf(label, size, "%" PRIu32 " steps", settings->steps);
    else
        snprintf(label, size, "epoch %*" PRIu32 "/%" PRIu32, snprintf(NULL, 0, "%" PRIu32, settings->epochs),
                 epoch + 1, settings->epochs);
}

static enum tuff_status log_step(struct train_loop *loop, uint64_t step, double loss)
{
    double learning_rate = tuff_trainer_learning_rate(loop->setup->trainer, step);
    const struct event_scalar scalars[] = {{"step/loss", loss}, {"step/learning_rate", learning_rate}};
    console_print("step %6" PRIu64 "  loss %.7f\n", step, loss);
    enum tuff_status status = run_write_metrics(
        loop->run, json_pack("{s:s, s:I, s:I, s:o, s:o}", "type", "step", "epoch",
                             (json_int_t)((step - 1) / loop->steps_per_epoch + 1), "step", (json_int_t)step,
                             "learning_rate", json_number(learning_rate), "loss", json_number(loss)));
    return status == TUFF_OK ? add_events(loop, step, scalars, 2) : status;
}

enum tuff_status train_log_steps(struct train_loop *loop, uint64_t done)
{
    enum tuff_status status = TUFF_OK;
    while (status == TUFF_OK && loop->losses != NULL && loop->losses_from + loop->losses_logged < done) {
        double loss = (double)loop->losses[loop->losses_logged++];
        uint64_t step = loop->losses_from + loop->losses_logged;
        if (step % loop->settings->log_every == 0)
            status = log_step(loop, step, loss);
    }
    return status;
}

static json_t *add_test(json_t *line, const struct tuff_metrics *test)
{
    if (line == NULL || test == NULL)
        return line;
    if (json_object_set_new(line, "test_loss", json_number(test->loss)) == 0 &&
        json_object_set_new(line, "test_accuracy", json_number(accuracy(test))) == 0 &&
        json_object_set_new(line, "test_samples", json_integer((json_int_t)test->samples)) == 0 &&
        json_object_set_new(line, "test_seconds", json_number(test->seconds)) == 0)
        return line;
    json_decref(line);
    return NULL;
}

// How many of the epoch's losses were not finite, if there were any.
static json_t *add_not_finite(const struct train_loop *loop, json_t *line)
{
    struct tuff_loss_check check = {.size = sizeof check};
    tuff_trainer_loss_check(loop->setup->trainer, &check);
    if (line == NULL || check.not_finite == 0 ||
        json_object_set_new(line, "losses_not_finite", json_integer((json_int_t)check.not_finite)) == 0)
        return line;
    json_decref(line);
    return NULL;
}

// That the epoch is not a whole one: --steps has ended it.
static json_t *add_partial(const struct train_loop *loop, json_t *line)
{
    if (line == NULL || loop->result->steps % loop->steps_per_epoch == 0 ||
        json_object_set_new(line, "partial", json_true()) == 0)
        return line;
    json_decref(line);
    return NULL;
}

enum tuff_status train_log_epoch(struct train_loop *loop, uint32_t epoch, const struct tuff_metrics *train,
                                 const struct tuff_metrics *test)
{
    uint64_t step = loop->result->steps;
    double learning_rate = tuff_trainer_learning_rate(loop->setup->trainer, step);
    char label[48];
    train_label(loop, epoch, label, sizeof label);
    console_print("%s  train loss %.4f acc %.2f%%", label, train->loss, 100.0 * accuracy(train));
    if (test != NULL)
        console_print("  test loss %.4f acc %.2f%%", test->loss, 100.0 * accuracy(test));
    console_print("  %s samples/s  %s\n", format_rate(rate(train)).s,
                  format_seconds(train->seconds + (test == NULL ? 0.0 : test->seconds)).s);
    json_t *line =
        json_pack("{s:s, s:I, s:I, s:o, s:o, s:o, s:I, s:o, s:o}", "type", "epoch", "epoch",
                  (json_int_t)epoch + 1, "step", (json_int_t)step, "learning_rate",
                  json_number(learning_rate), "train_loss", json_number(train->loss), "train_accuracy",
                  json_number(accuracy(train)), "train_samples", (json_int_t)train->samples, "train_seconds",
                  json_number(train->seconds), "samples_per_second", json_number(rate(train)));
    line = add_partial(loop, add_not_finite(loop, add_test(line, test)));
    enum tuff_status status = run_write_metrics(loop->run, line);
    const struct event_scalar scalars[] = {
        {"train/loss", train->loss},
        {"train/accuracy", accuracy(train)},
        {"learning_rate", learning_rate},
        {"test/loss", test == NULL ? 0 : test->loss},
        {"test/accuracy", test == NULL ? 0 : accuracy(test)},
    };
    return status == TUFF_OK ? add_events(loop, step, scalars, test == NULL ? 3 : 5) : status;
}

enum tuff_status train_log_evaluation(struct train_loop *loop, uint32_t epoch,
                                      const struct tuff_metrics *test)
{
    uint64_t step = loop->result->steps;
    const struct event_scalar scalars[] = {{"test/loss", test->loss}, {"test/accuracy", accuracy(test)}};
    console_print("step %6" PRIu64 "  test loss %.4f acc %.2f%%  %s\n", step, test->loss,
                  100.0 * accuracy(test), format_seconds(test->seconds).s);
    json_t *line = json_pack("{s:s, s:I, s:I}", "type", "evaluation", "epoch", (json_int_t)epoch + 1, "step",
                             (json_int_t)step);
    enum tuff_status status = run_write_metrics(loop->run, add_test(line, test));
    return status == TUFF_OK ? add_events(loop, step, scalars, 2) : status;
}

enum tuff_status train_log_interruption(struct train_loop *loop, const struct tuff_trainer_position *at)
{
    return run_write_metrics(loop->run,
                             json_pack("{s:s, s:I, s:I, s:o, s:o, s:I}", "type", "interrupted", "epoch",
                                       (json_int_t)at->epoch + 1, "step", (json_int_t)at->steps_done,
                                       "train_loss", json_number(at->metrics.loss), "train_accuracy",
                                       json_number(accuracy(&at->metrics)), "train_samples",
                                       (json_int_t)at->metrics.samples));
}
