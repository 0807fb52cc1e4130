// The steps of a pass.
#include <math.h>
#include <string.h>
#include <time.h>

#include "device_memory.h"
#include "pass_state.h"

static double seconds_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

static uint32_t steps_in(double seconds, double step_seconds, uint32_t most)
{
    if (step_seconds <= 0)
        return 1;
    double steps = seconds / step_seconds;
    return steps < 1 ? 1 : steps > most ? most : (uint32_t)steps;
}

// Runs `steps` steps from the pass's step `first` on, as several submissions that are short enough for any
// watchdog, and waits for them. Of a set that is streamed they lie in one chunk; the next one is loaded while
// they run.
static enum tuff_status run_and_wait(struct tuff_pass *pass, const uint32_t *order, uint32_t first,
                                     uint32_t steps)
{
    static const double submission_seconds = 0.02;
    uint32_t per_submission = steps_in(submission_seconds, pass->step_seconds, 1024);
    double start = seconds_now();
    enum tuff_status status = TUFF_OK;
    struct tuff_runner *runner = pass->runner;
    uint32_t chunk = 0;
    if (tuff_pass_streams(pass)) {
        chunk = tuff_pass_chunk_of(pass, first);
        runner = pass->chunks.runners[chunk % 2];
        status = tuff_pass_load_chunk(pass, order, chunk);
    }
    for (uint32_t begun = 0; status == TUFF_OK && begun < steps; begun += per_submission)
        status = tuff_runner_run(runner, steps - begun < per_submission ? steps - begun : per_submission);
    if (status == TUFF_OK && tuff_pass_streams(pass))
        status = tuff_pass_load_chunk(pass, order, chunk + 1);
    enum tuff_status waited = tuff_runner_wait(runner); // also after a failure: the buffers are in use
    if (status == TUFF_OK)
        status = waited;
    pass->step_seconds = (seconds_now() - start) / steps;
    return status;
}

static void tell_loss(struct tuff_loss_check *check, uint64_t step, float loss)
{
    if (isfinite(loss)) {
        check->in_row = 0;
        return;
    }
    if (check->in_row == 0)
        check->first = step;
    check->in_row++;
    check->not_finite++;
}

// Adds up the figures of the work's steps from `from` to before `to`; the loss as a sum.
static enum tuff_status collect(struct tuff_pass *pass, const struct tuff_pass_work *work, uint32_t from,
                                uint32_t to, struct tuff_metrics *metrics)
{
    enum { ROWS_AT_ONCE = 512 };
    while (from < to) {
        uint32_t words[ROWS_AT_ONCE][TUFF_PASS_METRICS_WORDS],
            count = to - from < ROWS_AT_ONCE ? to - from : ROWS_AT_ONCE;
        enum tuff_status status = tuff_device_read(pass->target, pass->records,
                                                   pass->offsets[EXTERNAL_METRICS] +
                                                       (uint64_t)(work->first + from) * sizeof words[0],
                                                   words, count * sizeof words[0]);
        if (status != TUFF_OK)
            return status;
        for (uint32_t i = 0; i < count; i++) {
            float loss;
            memcpy(&loss, &words[i][0], sizeof loss);
            metrics->loss += (double)loss;
            if (work->loss_check != NULL)
                tell_loss(work->loss_check, work->steps_before + from + i + 1, loss);
            metrics->correct += words[i][1];
            metrics->samples += work->rows[from + i].valid;
            if (work->mean_losses != NULL)
                work->mean_losses[from + i] = loss / (float)work->rows[from + i].valid;
        }
        from += count;
    }
    return TUFF_OK;
}

struct tuff_metrics tuff_pass_means(const struct tuff_metrics *sums)
{
    struct tuff_metrics means = *sums;
    if (means.samples != 0)
        means.loss /= (double)means.samples;
    return means;
}

enum tuff_status tuff_pass_prepare(struct tuff_pass *pass, const struct tuff_pass_work *work)
{
    const struct tuff_target *target = pass->target;
    struct tuff_step_state fresh = {.cursor = work->first};
    if (work->loss_scale != NULL) {
        fresh.loss_scale = work->loss_scale->scale;
        fresh.good_steps = work->loss_scale->good_steps;
    }
    for (uint32_t s = 0; s < work->steps; s++) {
        struct tuff_step_row *row = &work->rows[s];
        row->begin = (work->first + s) * pass->batch_size;
        row->valid = work->first + s + 1 == pass->steps ? pass->data->count - row->begin : pass->batch_size;
    }
    if (tuff_pass_streams(pass))
        tuff_pass_forget_chunks(pass);
    enum tuff_status status = tuff_device_write(
        target, pass->records, pass->offsets[EXTERNAL_ROWS] + (uint64_t)work->first * sizeof *work->rows,
        work->rows, (uint64_t)work->steps * sizeof *work->rows);
    if (status == TUFF_OK)
        status = tuff_device_write(target, pass->records, pass->offsets[EXTERNAL_INDEX], work->order,
                                   (uint64_t)pass->data->count * sizeof *work->order);
    if (status == TUFF_OK)
        status =
            tuff_device_write(target, pass->records, pass->offsets[EXTERNAL_STATE], &fresh, sizeof fresh);
    return status;
}

// What the steps have made of the loss's scale.
static enum tuff_status read_loss_scale(struct tuff_pass *pass, struct tuff_loss_scale *scale)
{
    struct tuff_step_state state;
    enum tuff_status status =
        tuff_device_read(pass->target, pass->records, pass->offsets[EXTERNAL_STATE], &state, sizeof state);
    if (status != TUFF_OK)
        return status;
    scale->scale = state.loss_scale;
    scale->good_steps = state.good_steps;
    scale->skipped += state.skipped; // a pass begins at 0
    return TUFF_OK;
}

// The logits of the step that has just run, to their place among all of them.
static enum tuff_status read_outputs(struct tuff_pass *pass, const struct tuff_pass_work *work, uint32_t step)
{
    const struct tuff_step_row *row = &work->rows[step];
    uint64_t from = (uint64_t)step * pass->batch_size * pass->classes;
    return tuff_device_read(pass->target, pass->records, pass->offsets[EXTERNAL_OUTPUTS],
                            work->outputs + from, (uint64_t)row->valid * pass->classes * sizeof(float));
}

enum tuff_status tuff_pass_run(struct tuff_pass *pass, const struct tuff_pass_work *work,
                               const struct tuff_observer *observer, uint32_t *done,
                               struct tuff_metrics *metrics)
{
    static const double report_seconds = 0.1;
    struct tuff_metrics own = {0}, *sums = work->sums == NULL ? &own : work->sums;
    const double before = sums->seconds, start = seconds_now();
    uint32_t collected = 0, announced = work->announced == 0 ? work->steps : work->announced;
    double told = start;
    *done = 0;
    enum tuff_status status = tuff_pass_prepare(pass, work);
    while (status == TUFF_OK && *done < work->steps) {
        // One batch's outputs at a time lie on the device.
        uint32_t count =
            work->outputs != NULL ? 1 : steps_in(report_seconds, pass->step_seconds, work->steps - *done);
        if (tuff_pass_streams(pass) && count > tuff_pass_steps_in_chunk(pass, work->first + *done))
            count = tuff_pass_steps_in_chunk(pass, work->first + *done);
        status = run_and_wait(pass, work->order, work->first + *done, count);
        if (status == TUFF_OK && work->outputs != NULL)
            status = read_outputs(pass, work, *done);
        if (status != TUFF_OK)
            break;
        *done += count;
        double now = seconds_now();
        if (observer == NULL || observer->progress == NULL ||
            (work->outputs != NULL && now - told < report_seconds))
            continue;
        told = now;
        status = collect(pass, work, collected, *done, sums);
        collected = *done;
        sums->seconds = before + (now - start);
        struct tuff_progress progress = {work->first + *done, announced, tuff_pass_means(sums)};
        if (status == TUFF_OK && observer->progress(observer->user, &progress) != 0 && *done < work->steps)
            status = TUFF_ERROR_INTERRUPTED;
    }
    if (status == TUFF_OK)
        status = collect(pass, work, collected, *done, sums);
    if (pass->options.mixed && work->loss_scale != NULL && *done > 0 &&
        (status == TUFF_OK || status == TUFF_ERROR_INTERRUPTED)) {
        enum tuff_status read = read_loss_scale(pass, work->loss_scale);
        status = read == TUFF_OK ? status : read;
    }
    sums->seconds = before + (seconds_now() - start);
    if (metrics != NULL)
        *metrics = tuff_pass_means(sums);
    return status;
}
