// A loop of a trainer's steps that is timed.
#include "bench.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "backend/runner.h"
#include "train/pass_state.h"
#include "train/schedule.h"
#include "tuff/random.h"

static const double GROUP_SECONDS = 0.005, WARM_UP_SECONDS = 0.2;

double tuff_bench_clock(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

bool tuff_bench_enough(uint32_t samples, double elapsed, double seconds)
{
    enum { LEAST_SAMPLES = 5, SLOWEST = 10 };
    return samples > 0 && elapsed >= seconds && (samples >= LEAST_SAMPLES || elapsed >= SLOWEST * seconds);
}

enum tuff_status tuff_bench_add(const struct tuff_bench *bench, struct bench_samples *samples, double seconds)
{
    if (samples->count == samples->capacity) {
        size_t capacity = samples->capacity == 0 ? 64 : 2 * samples->capacity;
        double *more = realloc(samples->seconds, capacity * sizeof *more);
        if (more == NULL)
            return tuff_fail(bench->trainer->target->log, TUFF_ERROR_MEMORY, "out of memory");
        samples->seconds = more;
        samples->capacity = capacity;
    }
    samples->seconds[samples->count++] = seconds;
    return TUFF_OK;
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

double tuff_bench_quantile(const struct bench_samples *samples, double part)
{
    if (samples->count == 0)
        return 0;
    qsort(samples->seconds, samples->count, sizeof *samples->seconds, ascending);
    const double place = part * (double)(samples->count - 1);
    const size_t below = (size_t)place, above = below + 1 < samples->count ? below + 1 : below;
    return samples->seconds[below] +
           (place - (double)below) * (samples->seconds[above] - samples->seconds[below]);
}

// The first whole batches that lie on the device at once; the only batch of a small set, though it be short.
static uint32_t steps_of_loop(const struct tuff_pass *pass)
{
    uint32_t steps = pass->data->count / pass->batch_size;
    if (tuff_pass_streams(pass) && steps > tuff_pass_steps_in_chunk(pass, 0))
        steps = tuff_pass_steps_in_chunk(pass, 0);
    return steps == 0 ? 1 : steps;
}

static enum tuff_status set_up(struct tuff_bench *bench)
{
    const struct tuff_trainer *trainer = bench->trainer;
    const struct tuff_pass *pass = bench->pass;
    const uint32_t count = pass->data->count;
    bench->steps = bench->next = steps_of_loop(pass);
    bench->runner = pass->programs[PROGRAM_STEP].runners[0];
    bench->order = malloc(count * sizeof *bench->order);
    bench->rows = calloc(bench->steps, sizeof *bench->rows);
    bench->ops = calloc(pass->programs[PROGRAM_STEP].graph->node_count, sizeof *bench->ops);
    if (bench->order == NULL || bench->rows == NULL || bench->ops == NULL)
        return tuff_fail(trainer->target->log, TUFF_ERROR_MEMORY, "out of memory");
    if (bench->training && trainer->options.shuffle)
        tuff_random_permutation(trainer->options.seed, 0, count, bench->order);
    else
        for (uint32_t i = 0; i < count; i++)
            bench->order[i] = i;
    return TUFF_OK;
}

enum tuff_status tuff_bench_create(struct tuff_trainer *trainer, enum tuff_split split,
                                   struct tuff_bench **bench)
{
    *bench = NULL;
    struct tuff_pass *pass = split == TUFF_SPLIT_TRAIN ? trainer->train : trainer->test;
    if (pass == NULL)
        return tuff_fail(trainer->target->log, TUFF_ERROR_INVALID, "this trainer has no %s data",
                         split == TUFF_SPLIT_TRAIN ? "training" : "test");
    if (pass->parts > 1)
        return tuff_fail(trainer->target->log, TUFF_ERROR_UNSUPPORTED,
                         "steps whose batch runs in parts cannot be timed: leave micro_batch at 0");
    struct tuff_bench *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tuff_fail(trainer->target->log, TUFF_ERROR_MEMORY, "out of memory");
    made->trainer = trainer;
    made->pass = pass;
    made->training = split == TUFF_SPLIT_TRAIN;
    enum tuff_status status = set_up(made);
    if (status != TUFF_OK)
        tuff_bench_destroy(&made);
    *bench = made;
    return status;
}

void tuff_bench_destroy(struct tuff_bench **bench)
{
    struct tuff_bench *b = *bench;
    if (b == NULL)
        return;
    for (uint32_t i = 0; b->ops != NULL && i < b->pass->programs[PROGRAM_STEP].graph->node_count; i++)
        free(b->ops[i].samples.seconds);
    free(b->ops);
    free(b->groups.seconds);
    free(b->profiled.seconds);
    tuff_bench_forget_dispatches(b);
    free(b->order);
    free(b->rows);
    free(b);
    *bench = NULL;
}

uint32_t tuff_bench_batch(const struct tuff_bench *bench)
{
    const struct tuff_pass *pass = bench->pass;
    return pass->data->count < pass->batch_size ? pass->data->count : pass->batch_size;
}

// Begins the loop anew: rows that go on where the optimizer is, and a state that points at the first.
static enum tuff_status begin_loop(struct tuff_bench *bench)
{
    const struct tuff_trainer *trainer = bench->trainer;
    struct tuff_pass *pass = bench->pass;
    memset(bench->rows, 0, bench->steps * sizeof *bench->rows);
    if (bench->training)
        tuff_schedule_rows(&trainer->options, tuff_pass_steps(pass), trainer->steps_done + bench->steps_run,
                           bench->rows, bench->steps);
    struct tuff_loss_scale scale = trainer->loss_scale; // which the steps of a bench begin with anew
    const struct tuff_pass_work work = {
        .order = bench->order, .rows = bench->rows, .steps = bench->steps, .loss_scale = &scale};
    enum tuff_status status = tuff_pass_prepare(pass, &work);
    if (status == TUFF_OK && tuff_pass_streams(pass))
        status = tuff_pass_load_chunk(pass, bench->order, 0);
    bench->next = status == TUFF_OK ? 0 : bench->steps;
    return status;
}

enum tuff_status tuff_bench_make_room(struct tuff_bench *bench, uint32_t steps)
{
    enum tuff_status status = bench->next + steps > bench->steps ? begin_loop(bench) : TUFF_OK;
    if (status == TUFF_OK) {
        bench->next += steps;
        bench->steps_run += steps;
    }
    return status;
}

enum tuff_status tuff_bench_run(struct tuff_bench *bench, uint32_t steps, double *seconds)
{
    double sum = 0;
    enum tuff_status status = TUFF_OK;
    while (status == TUFF_OK && steps > 0) {
        const uint32_t part = steps < bench->steps ? steps : bench->steps;
        status = tuff_bench_make_room(bench, part);
        if (status != TUFF_OK)
            break;
        const double begin = tuff_bench_clock();
        status = tuff_runner_run(bench->runner, part);
        const enum tuff_status waited =
            tuff_runner_wait(bench->runner); // also after a failure: buffers are in use
        if (status == TUFF_OK)
            status = waited;
        sum += tuff_bench_clock() - begin;
        steps -= part;
    }
    if (seconds != NULL)
        *seconds = sum;
    return status;
}

// Warms up, with more and more steps at a time, and finds how many of them make a group.
static enum tuff_status calibrate(struct tuff_bench *bench, double seconds)
{
    const double warm_up = seconds / 2 < WARM_UP_SECONDS ? seconds / 2 : WARM_UP_SECONDS;
    const double begin = tuff_bench_clock();
    double step = 0; // the best so far: a disturbance must not make groups short
    uint32_t steps = 1;
    for (uint32_t runs = 0; runs < 2 || tuff_bench_clock() - begin < warm_up; runs++) {
        double taken;
        enum tuff_status status = tuff_bench_run(bench, steps, &taken);
        if (status != TUFF_OK)
            return status;
        step = runs == 0 || taken / steps < step ? taken / steps : step;
        if (step * steps < GROUP_SECONDS)
            steps = steps > bench->steps / 2 ? bench->steps : 2 * steps;
    }
    const double wanted = step > 0 ? ceil(GROUP_SECONDS / step) : bench->steps;
    bench->group = wanted < bench->steps ? (uint32_t)wanted : bench->steps;
    return TUFF_OK;
}

enum tuff_status tuff_bench_measure(struct tuff_bench *bench, double seconds)
{
    enum tuff_status status = TUFF_OK;
    if (!(seconds > 0))
        return tuff_fail(bench->trainer->target->log, TUFF_ERROR_INVALID,
                         "%g seconds of measuring, expected more than 0", seconds);
    if (bench->group == 0)
        status = calibrate(bench, seconds);
    const double begin = tuff_bench_clock();
    for (uint32_t groups = 0; status == TUFF_OK; groups++) {
        const double elapsed = tuff_bench_clock() - begin;
        if (tuff_bench_enough(groups, elapsed, seconds))
            break;
        double taken;
        status = tuff_bench_run(bench, bench->group, &taken);
        if (status == TUFF_OK)
            status = tuff_bench_add(bench, &bench->groups, taken / bench->group);
    }
    return status;
}

void tuff_bench_times(const struct tuff_bench *bench, struct tuff_bench_times *times)
{
    const struct tuff_bench_times whole = {
        .size = times->size,
        .groups = (uint32_t)bench->groups.count,
        .steps = bench->group,
        .median = tuff_bench_quantile(&bench->groups, 0.5),
        .percentile_90 = tuff_bench_quantile(&bench->groups, 0.9),
        .best = tuff_bench_quantile(&bench->groups, 0),
    };
    memcpy(times, &whole, whole.size < sizeof whole ? whole.size : sizeof whole);
}
