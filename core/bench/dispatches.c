// The dispatches of a step: what they are, and the time of each.
#include <stdlib.h>
#include <string.h>

#include "backend/runner.h"
#include "bench.h"
#include "train/pass_state.h"

void tuff_bench_forget_dispatches(struct tuff_bench *bench)
{
    for (uint32_t i = 0; i < bench->dispatch_count; i++)
        free(bench->dispatches[i].samples.seconds);
    free(bench->dispatches);
    free(bench->replayed.seconds);
    if (bench->capture != NULL)
        bench->trainer->target->interface->capture_destroy(bench->capture);
    bench->replayed = (struct bench_samples){.count = 0};
    bench->dispatches = NULL;
    bench->dispatch_count = 0;
    bench->capture = NULL;
}

// TUFF_ERROR_NOT_FOUND, without a message, behind the last one.
static enum tuff_status read_dispatch(const struct tuff_bench *bench, uint32_t index,
                                      struct tuff_dispatch_profile *dispatch)
{
    const struct tuff_target *target = bench->trainer->target;
    const unsigned errors = tuff_target_errors(target);
    *dispatch = (struct tuff_dispatch_profile){.size = sizeof *dispatch};
    const enum tuff_status status =
        target->interface->profile_read(target->stream, bench->capture, index, dispatch);
    return status == TUFF_OK || status == TUFF_ERROR_NOT_FOUND
               ? status
               : tuff_target_fail(target, errors, status, "tell of a dispatch");
}

static enum tuff_status replay(struct tuff_bench *bench)
{
    const struct tuff_target *target = bench->trainer->target;
    enum tuff_status status = tuff_bench_make_room(bench, 1);
    if (status != TUFF_OK)
        return status;
    const unsigned errors = tuff_target_errors(target);
    status = target->interface->capture_replay(target->stream, bench->capture, 1);
    if (status != TUFF_OK)
        status = tuff_target_fail(target, errors, status, "replay the program");
    const enum tuff_status waited = tuff_runner_wait(bench->runner);
    return status == TUFF_OK ? waited : status;
}

static bool names_ops(const struct tuff_bench *bench, const struct tuff_dispatch_profile *dispatch)
{
    for (uint32_t i = 0; i < dispatch->call_count; i++)
        if (dispatch->calls[i] >= tuff_bench_op_count(bench))
            return false;
    return dispatch->name != NULL;
}

// Lists the dispatches of the capture, which has been replayed.
static enum tuff_status list(struct tuff_bench *bench)
{
    const struct tuff_target *target = bench->trainer->target;
    struct tuff_dispatch_profile dispatch;
    uint32_t capacity = 0;
    enum tuff_status status;
    while ((status = read_dispatch(bench, bench->dispatch_count, &dispatch)) == TUFF_OK) {
        if (!names_ops(bench, &dispatch))
            return tuff_fail(target->log, TUFF_ERROR_PLUGIN,
                             "%s tells of a dispatch without a name, or of calls that there were not",
                             target->backend_name);
        if (bench->dispatch_count == capacity) {
            capacity = capacity == 0 ? 64 : 2 * capacity;
            struct bench_dispatch *more = realloc(bench->dispatches, capacity * sizeof *more);
            if (more == NULL)
                return tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
            bench->dispatches = more;
        }
        bench->dispatches[bench->dispatch_count++] = (struct bench_dispatch){
            .kernel = dispatch.name, .call_count = dispatch.call_count, .calls = dispatch.calls};
    }
    return status == TUFF_ERROR_NOT_FOUND ? TUFF_OK : status;
}

// Makes the capture, and a first replay, which is not counted.
static enum tuff_status begin(struct tuff_bench *bench)
{
    enum tuff_status status = tuff_runner_profile(bench->runner, &bench->capture);
    if (status != TUFF_OK || bench->capture == NULL)
        return status;
    status = replay(bench);
    if (status == TUFF_OK)
        status = list(bench);
    if (status != TUFF_OK)
        tuff_bench_forget_dispatches(bench);
    return status;
}

// times: room for the begin and the end of each dispatch.
static enum tuff_status keep(struct tuff_bench *bench, double at, double *times,
                             void (*observer)(void *user, const struct tuff_bench_step *step), void *user)
{
    const uint32_t count = bench->dispatch_count;
    double *const starts = times, *const ends = times + count;
    enum tuff_status status = TUFF_OK;
    uint64_t origin = 0;
    for (uint32_t i = 0; status == TUFF_OK && i < count; i++) {
        struct tuff_dispatch_profile dispatch;
        status = read_dispatch(bench, i, &dispatch);
        if (status != TUFF_OK)
            break;
        origin = i == 0 ? dispatch.begin : origin;
        starts[i] = 1e-9 * (double)(dispatch.begin - origin);
        ends[i] = 1e-9 * (double)(dispatch.end - origin);
        bench->dispatches[i].invocations = dispatch.invocations;
        status = tuff_bench_add(bench, &bench->dispatches[i].samples, ends[i] - starts[i]);
    }
    if (status == TUFF_OK)
        status = tuff_bench_add(bench, &bench->replayed, ends[count - 1]);
    const struct tuff_bench_step step = {.at = at, .begin = starts, .end = ends};
    if (status == TUFF_OK && observer != NULL)
        observer(user, &step);
    return status;
}

static enum tuff_status time_replays(struct tuff_bench *bench, double seconds, double *times,
                                     void (*observer)(void *user, const struct tuff_bench_step *step),
                                     void *user)
{
    const double start = tuff_bench_clock();
    for (uint32_t counted = 0;; counted++) {
        const double at = tuff_bench_clock(), elapsed = at - start;
        if (tuff_bench_enough(counted, elapsed, seconds))
            return TUFF_OK;
        enum tuff_status status = replay(bench);
        if (status == TUFF_OK)
            status = keep(bench, at, times, observer, user);
        if (status != TUFF_OK)
            return status;
    }
}

enum tuff_status tuff_bench_profile_dispatches(struct tuff_bench *bench, double seconds,
                                               void (*observer)(void *user,
                                                                const struct tuff_bench_step *step),
                                               void *user, double *median)
{
    const struct tuff_target *target = bench->trainer->target;
    if (!(seconds > 0))
        return tuff_fail(target->log, TUFF_ERROR_INVALID, "%g seconds of measuring, expected more than 0",
                         seconds);
    enum tuff_status status = bench->capture == NULL ? begin(bench) : TUFF_OK;
    if (status == TUFF_OK && bench->dispatch_count > 0) {
        double *times = calloc(2 * (size_t)bench->dispatch_count, sizeof *times);
        status = times == NULL ? tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory")
                               : time_replays(bench, seconds, times, observer, user);
        free(times);
    }
    if (median != NULL)
        *median = tuff_bench_quantile(&bench->replayed, 0.5);
    return status;
}

uint32_t tuff_bench_dispatch_count(const struct tuff_bench *bench)
{
    return bench->dispatch_count;
}

static bool does(const struct bench_dispatch *dispatch, uint32_t op)
{
    for (uint32_t i = 0; i < dispatch->call_count; i++)
        if (dispatch->calls[i] == op)
            return true;
    return false;
}

// Whether no other dispatch has a part in what this one does.
static bool is_alone(const struct tuff_bench *bench, uint32_t index)
{
    const struct bench_dispatch *own = &bench->dispatches[index];
    for (uint32_t i = 0; i < bench->dispatch_count; i++)
        for (uint32_t k = 0; i != index && k < own->call_count; k++)
            if (does(&bench->dispatches[i], own->calls[k]))
                return false;
    return own->call_count > 0;
}

void tuff_bench_dispatch(const struct tuff_bench *bench, uint32_t index, struct tuff_bench_dispatch *dispatch)
{
    struct bench_dispatch *own = &bench->dispatches[index];
    struct tuff_bench_dispatch whole = {
        .size = dispatch->size,
        .kernel = own->kernel,
        .ops = own->calls,
        .op_count = own->call_count,
        .samples = (uint32_t)own->samples.count,
        .median = tuff_bench_quantile(&own->samples, 0.5),
        .best = tuff_bench_quantile(&own->samples, 0),
        .invocations = own->invocations,
    };
    for (uint32_t i = 0; i < own->call_count && is_alone(bench, index); i++) {
        struct tuff_bench_op op = {.size = sizeof op};
        tuff_bench_op(bench, own->calls[i], &op);
        whole.flops += op.flops;
        whole.bytes += op.bytes;
    }
    memcpy(dispatch, &whole, whole.size < sizeof whole ? whole.size : sizeof whole);
}
