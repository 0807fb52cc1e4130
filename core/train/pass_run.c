// The steps of a pass.
#include <math.h>
#include <stdlib.h>
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

static uint32_t smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

// Samples of one of the parts that the pass's batches are cut into, counted through all steps.
static uint32_t samples_of_part(const struct tuff_pass *pass, uint32_t part)
{
    return smaller(pass->part_size, pass->data->count - part * pass->part_size);
}

// Enqueues a program `count` times, in submissions of at most `most`.
static enum tuff_status enqueue(struct tuff_runner *runner, uint32_t count, uint32_t most)
{
    enum tuff_status status = TUFF_OK;
    for (uint32_t begun = 0; status == TUFF_OK && begun < count; begun += most)
        status = tuff_runner_run(runner, smaller(count - begun, most));
    return status;
}

// Enqueues `steps` steps from `first` on, whose images lie in chunk number `chunk`, or on the device.
static enum tuff_status enqueue_steps(struct tuff_pass *pass, uint32_t chunk, uint32_t first, uint32_t steps)
{
    static const double submission_seconds = 0.02; // short enough for any watchdog
    struct tuff_runner *step = pass->programs[PROGRAM_STEP].runners[chunk],
                       *part = pass->programs[PROGRAM_PART].runners[chunk];
    const uint32_t most = steps_in(submission_seconds, pass->step_seconds / pass->parts, 1024);
    enum tuff_status status = TUFF_OK;
    if (pass->parts == 1)
        return enqueue(step, steps, most);
    for (uint32_t s = first; status == TUFF_OK && s < first + steps; s++) {
        status =
            enqueue(part, tuff_pass_parts_before(pass, s + 1) - tuff_pass_parts_before(pass, s) - 1, most);
        if (status == TUFF_OK)
            status = enqueue(step, 1, most);
    }
    return status;
}

// Runs `steps` steps from the pass's step `first` on, and waits for them. Of a set that is streamed they lie
// in one chunk; the next one is loaded while they run.
static enum tuff_status run_and_wait(struct tuff_pass *pass, const uint32_t *order, uint32_t first,
                                     uint32_t steps)
{
    double start = seconds_now();
    enum tuff_status status = TUFF_OK;
    uint32_t chunk = 0;
    if (tuff_pass_streams(pass)) {
        chunk = tuff_pass_chunk_of(pass, first);
        status = tuff_pass_load_chunk(pass, order, chunk);
    }
    if (status == TUFF_OK)
        status = enqueue_steps(pass, chunk % 2, first, steps);
    if (status == TUFF_OK && tuff_pass_streams(pass))
        status = tuff_pass_load_chunk(pass, order, chunk + 1);
    // Also after a failure: the buffers are in use.
    enum tuff_status waited = tuff_runner_wait(pass->programs[PROGRAM_STEP].runners[chunk % 2]);
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
    uint32_t part = tuff_pass_parts_before(pass, work->first + from), step = from, samples = 0;
    const uint32_t end = tuff_pass_parts_before(pass, work->first + to);
    double step_loss = 0;
    while (part < end) {
        uint32_t words[ROWS_AT_ONCE][TUFF_PASS_METRICS_WORDS], count = smaller(end - part, ROWS_AT_ONCE);
        enum tuff_status status = tuff_device_read(
            pass->target, pass->records, pass->offsets[EXTERNAL_METRICS] + (uint64_t)part * sizeof words[0],
            words, count * sizeof words[0]);
        if (status != TUFF_OK)
            return status;
        for (uint32_t i = 0; i < count; i++, part++) {
            float loss;
            memcpy(&loss, &words[i][0], sizeof loss);
            metrics->loss += (double)loss;
            metrics->correct += words[i][1];
            metrics->samples += samples_of_part(pass, part);
            step_loss += (double)loss;
            samples += samples_of_part(pass, part);
            if (part + 1 < tuff_pass_parts_before(pass, work->first + step + 1))
                continue;
            if (work->loss_check != NULL)
                tell_loss(work->loss_check, work->steps_before + step + 1, (float)step_loss);
            if (work->mean_losses != NULL)
                work->mean_losses[step] = (float)step_loss / (float)samples;
            step_loss = 0;
            samples = 0;
            step++;
        }
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

// One row per part, from the work's one per step.
static enum tuff_status write_rows(struct tuff_pass *pass, const struct tuff_pass_work *work)
{
    const uint32_t first = tuff_pass_parts_before(pass, work->first),
                   count = tuff_pass_parts_before(pass, work->first + work->steps) - first;
    struct tuff_step_row *rows = malloc((size_t)count * sizeof *rows + 1);
    if (rows == NULL)
        return tuff_fail(pass->target->log, TUFF_ERROR_MEMORY, "out of memory");
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t step = i / pass->parts, part = i % pass->parts;
        rows[i] = work->rows[step];
        rows[i].step = (rows[i].step - 1) * pass->parts + part + 1;
        rows[i].begin = (first + i) * pass->part_size;
        rows[i].valid = samples_of_part(pass, first + i);
    }
    enum tuff_status status = tuff_device_write(pass->target, pass->records,
                                                pass->offsets[EXTERNAL_ROWS] + (uint64_t)first * sizeof *rows,
                                                rows, (uint64_t)count * sizeof *rows);
    free(rows);
    return status;
}

enum tuff_status tuff_pass_prepare(struct tuff_pass *pass, const struct tuff_pass_work *work)
{
    const struct tuff_target *target = pass->target;
    struct tuff_step_state fresh = {.cursor = tuff_pass_parts_before(pass, work->first)};
    if (work->loss_scale != NULL) {
        fresh.loss_scale = work->loss_scale->scale;
        fresh.good_steps = work->loss_scale->good_steps;
    }
    if (tuff_pass_streams(pass))
        tuff_pass_forget_chunks(pass);
    enum tuff_status status = write_rows(pass, work);
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
    uint64_t from = (uint64_t)step * pass->batch_size * pass->classes;
    return tuff_device_read(
        pass->target, pass->records, pass->offsets[EXTERNAL_OUTPUTS], work->outputs + from,
        (uint64_t)samples_of_part(pass, work->first + step) * pass->classes * sizeof(float));
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
