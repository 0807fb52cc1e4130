#include "train_loop.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "console.h"
#include "interrupt.h"

// -- When things are due

// How often a thing that is due every `epochs` epochs has been due up to `step`. Part of an epoch that is no
// whole number of steps is rounded up each time, so that 0.5 hits every epoch's end.
static uint64_t times_due(const struct train_loop *loop, double epochs, uint64_t step)
{
    double steps = fmax(1, epochs * loop->steps_per_epoch);
    return (uint64_t)floor((double)step / steps + 1e-9);
}

static bool is_due(const struct train_loop *loop, double epochs, uint64_t step)
{
    return step == loop->total || times_due(loop, epochs, step) != times_due(loop, epochs, step - 1);
}

static uint64_t next_due(const struct train_loop *loop, double epochs, uint64_t done)
{
    uint64_t times = times_due(loop, epochs, done), next = done + 1;
    double at = (double)(times + 1) * fmax(1, epochs * loop->steps_per_epoch);
    if (at > (double)loop->total)
        return loop->total;
    if (at - 2 > (double)next)
        next = (uint64_t)at - 2;
    while (times_due(loop, epochs, next) == times)
        next++;
    return next;
}

static bool ends_epoch(const struct train_loop *loop, uint64_t step)
{
    return step % loop->steps_per_epoch == 0 || (loop->settings->steps != 0 && step == loop->total);
}

// The next step at which something is due.
static uint64_t next_stop(const struct train_loop *loop, uint64_t done)
{
    const double intervals[] = {1, loop->settings->eval_every, loop->settings->save_every};
    uint64_t stop = loop->total;
    for (size_t i = 0; i < sizeof intervals / sizeof *intervals; i++) {
        uint64_t next = next_due(loop, intervals[i], done);
        stop = next < stop ? next : stop;
    }
    return stop;
}

// -- Training

static int show_progress(void *user, const struct tuff_progress *now)
{
    struct train_loop *loop = user;
    struct tuff_progress shown = *now;
    if (loop->settings->steps != 0)
        shown.steps = loop->settings->steps;
    if (interrupt_signal() == 0) {
        progress_update(&loop->progress, &shown);
        return 0;
    }
    if (!loop->announced)
        console_note("stopping; once more stops at once, without a checkpoint");
    loop->announced = true;
    return 1;
}

static int observe_training(void *user, const struct tuff_progress *now)
{
    struct train_loop *loop = user;
    uint64_t done = loop->result->steps / loop->steps_per_epoch * loop->steps_per_epoch + now->step;
    loop->failed = train_log_steps(loop, done);
    return loop->failed != TUFF_OK || train_diverged(loop) ? 1 : show_progress(user, now);
}

// Up to the next step at which something is due.
static enum tuff_status train_on(struct train_loop *loop)
{
    struct train_result *result = loop->result;
    struct tuff_observer observer = {.progress = observe_training, .user = loop};
    struct tuff_trainer_position at = {.size = sizeof at};
    uint32_t epoch = (uint32_t)(result->steps / loop->steps_per_epoch);
    uint32_t to = (uint32_t)(next_stop(loop, result->steps) - (uint64_t)epoch * loop->steps_per_epoch);
    char label[48];
    train_label(loop, epoch, label, sizeof label);
    loop->losses_from = result->steps;
    loop->losses_logged = 0;
    progress_begin(&loop->progress, label);
    enum tuff_status trained =
        tuff_trainer_advance(loop->setup->trainer, epoch, to, &observer, NULL, loop->losses);
    progress_end(&loop->progress);
    if (loop->failed != TUFF_OK)
        return loop->failed;
    if (trained != TUFF_OK && trained != TUFF_ERROR_INTERRUPTED)
        return trained;
    tuff_trainer_position(loop->setup->trainer, &at);
    result->steps = at.steps_done;
    result->epochs = (uint32_t)(at.steps_done / loop->steps_per_epoch);
    enum tuff_status logged = train_log_steps(loop, result->steps);
    if (logged != TUFF_OK)
        return logged;
    if (train_diverged(loop))
        return train_explain_loss(loop);
    if (!isfinite(at.metrics.loss) && !loop->warned) {
        console_warning("the loss is %f in %s: a smaller --lr may help", at.metrics.loss, label);
        loop->warned = true;
    }
    return trained;
}

// -- What is due after a step

static bool is_better(const struct tuff_metrics *test, const struct train_best *best)
{
    if (!isfinite(test->loss))
        return false;
    if (best->step == 0)
        return true;
    // As parts of the samples, of which a folder's test images may be others now.
    const double now = (double)test->correct / (double)test->samples,
                 then = (double)best->metrics.correct / (double)best->metrics.samples;
    if (now != then)
        return now > then;
    return test->loss < best->metrics.loss;
}

static enum tuff_status evaluate(struct train_loop *loop, uint32_t epoch)
{
    struct train_result *result = loop->result;
    struct tuff_observer observer = {.progress = show_progress, .user = loop};
    char label[48], evaluation[64];
    train_label(loop, epoch, label, sizeof label);
    snprintf(evaluation, sizeof evaluation, "%s test", label);
    progress_begin(&loop->progress, evaluation);
    enum tuff_status status = tuff_trainer_evaluate(loop->setup->trainer, &observer, &result->test);
    progress_end(&loop->progress);
    if (status != TUFF_OK)
        return status;
    result->evaluated = true;
    loop->not_better++;
    if (is_better(&result->test, &result->best)) {
        result->best = (struct train_best){.step = result->steps, .epoch = epoch, .metrics = result->test};
        loop->not_better = 0;
    }
    return TUFF_OK;
}

// Evaluates, logs and saves, as far as that is due after the steps that are done.
static enum tuff_status settle(struct train_loop *loop)
{
    const struct train_settings *settings = loop->settings;
    struct train_result *result = loop->result;
    struct tuff_trainer_position at = {.size = sizeof at};
    bool evaluated = loop->setup->test != NULL && is_due(loop, settings->eval_every, result->steps);
    enum tuff_status status = TUFF_OK;
    tuff_trainer_position(loop->setup->trainer, &at);
    if (evaluated)
        status = evaluate(loop, at.epoch);
    if (status == TUFF_OK && ends_epoch(loop, result->steps))
        status = train_log_epoch(loop, at.epoch, &at.metrics, evaluated ? &result->test : NULL);
    else if (status == TUFF_OK && evaluated)
        status = train_log_evaluation(loop, at.epoch, &result->test);
    if (status != TUFF_OK)
        return status;
    loop->settled = result->steps;
    result->stopped_early = settings->early_stop != 0 && loop->not_better >= settings->early_stop;
    if (is_due(loop, settings->save_every, result->steps) || result->best.step == result->steps ||
        result->stopped_early)
        status = train_save(loop);
    return status;
}

// -- The whole

static enum tuff_status run_steps(struct train_loop *loop)
{
    struct train_result *result = loop->result;
    enum tuff_status status = TUFF_OK;
    while (status == TUFF_OK) {
        if (interrupt_signal() != 0)
            return TUFF_ERROR_INTERRUPTED;
        if (loop->settled != result->steps)
            status = settle(loop);
        if (status != TUFF_OK || result->steps >= loop->total || result->stopped_early)
            break;
        status = train_on(loop);
    }
    return status;
}

// Saves what a signal has left, unless that is nothing.
static enum tuff_status save_interrupted(struct train_loop *loop)
{
    struct tuff_trainer_position at = {.size = sizeof at};
    tuff_trainer_position(loop->setup->trainer, &at);
    if (at.steps_done == 0)
        return TUFF_OK;
    enum tuff_status status = train_save(loop);
    // An epoch that has its evaluation has its line, too.
    if (status != TUFF_OK || (ends_epoch(loop, at.steps_done) && loop->settled == at.steps_done))
        return status;
    return train_log_interruption(loop, &at);
}

static enum tuff_status check_unfinished(const struct train_loop *loop)
{
    const struct train_settings *settings = loop->settings;
    const struct train_result *result = loop->result;
    bool finished =
        result->steps > loop->total || (result->steps == loop->total && loop->settled == result->steps);
    if (finished && settings->steps != 0) {
        console_error("'%s' has its %" PRIu64 " steps already", loop->run->folder, result->steps);
        return TUFF_ERROR_INVALID;
    }
    if (finished) {
        console_error("'%s' has its %" PRIu32 " epoch%s already; --epochs N trains it up to N",
                      loop->run->folder, result->epochs, result->epochs == 1 ? "" : "s");
        return TUFF_ERROR_INVALID;
    }
    const bool stopped = settings->early_stop != 0 && loop->not_better >= settings->early_stop;
    if (stopped && result->best.step == 0) {
        console_error(
            "'%s' was stopped early: no evaluation had a finite loss; a greater --early-stop trains on",
            loop->run->folder);
        return TUFF_ERROR_INVALID;
    }
    if (stopped) {
        console_error("'%s' was stopped early, %" PRIu32 " evaluation%s after its best one; a greater "
                      "--early-stop trains on",
                      loop->run->folder, loop->not_better, loop->not_better == 1 ? "" : "s");
        return TUFF_ERROR_INVALID;
    }
    return TUFF_OK;
}

static void plan(struct train_loop *loop)
{
    const struct train_settings *settings = loop->settings;
    loop->steps_per_epoch = tuff_trainer_steps_per_epoch(loop->setup->trainer);
    loop->total = settings->steps != 0 ? settings->steps : (uint64_t)settings->epochs * loop->steps_per_epoch;
    *loop->result = (struct train_result){.steps = 0};
}

enum tuff_status train_loop_begin(struct train_loop *loop)
{
    const struct train_settings *settings = loop->settings;
    plan(loop);
    if (settings->log_every != 0) {
        loop->losses = calloc(loop->steps_per_epoch, sizeof *loop->losses);
        if (loop->losses == NULL) {
            console_error("out of memory");
            return TUFF_ERROR_MEMORY;
        }
    }
    if (settings->resume == NULL)
        return settings->tensorboard ? event_file_open(loop->run->events, 0, &loop->events) : TUFF_OK;
    enum tuff_status status = train_restore(loop, true);
    return status == TUFF_OK ? check_unfinished(loop) : status;
}

enum tuff_status train_loop_try(struct train_loop *loop)
{
    plan(loop);
    enum tuff_status status = train_restore(loop, false);
    return status == TUFF_OK ? check_unfinished(loop) : status;
}

enum tuff_status train_loop_run(struct train_loop *loop)
{
    enum tuff_status status = run_steps(loop);
    if (status == TUFF_ERROR_INTERRUPTED && interrupt_signal() != 0) {
        enum tuff_status saved = save_interrupted(loop);
        status = saved == TUFF_OK ? status : saved;
    }
    return status;
}

enum tuff_status train_loop_end(struct train_loop *loop)
{
    free(loop->losses);
    loop->losses = NULL;
    return event_file_close(&loop->events);
}
