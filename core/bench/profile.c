// The ops of a step: what they are, and the time of each.
#include <stdlib.h>
#include <string.h>

#include "backend/runner.h"
#include "bench.h"
#include "graph/node_layer.h"
#include "op/op_info.h"
#include "train/pass_state.h"

enum { MOST_SLOTS = 64 };

// Ops that take longer together go to the device one after the other: watchdogs look at what is submitted at
// a time.
static const double SUBMISSION_SECONDS = 0.05;

// -- What they are

uint32_t tuff_bench_op_count(const struct tuff_bench *bench)
{
    return bench->pass->programs[PROGRAM_STEP].graph->node_count;
}

void tuff_bench_op(const struct tuff_bench *bench, uint32_t index, struct tuff_bench_op *op)
{
    const struct tuff_graph *graph = bench->pass->programs[PROGRAM_STEP].graph;
    const struct tuff_node *node = &graph->nodes[index];
    struct bench_op *own = &bench->ops[index];
    struct tuff_op_args args = {.size = tuff_op_args_size(node->op), .params = node->params};
    for (uint32_t i = 0; i < node->tensor_count; i++)
        args.tensors[i] = node->values[i] == TUFF_NO_VALUE ? NULL : &graph->values[node->values[i]].shape;
    const struct tuff_work work = tuff_op_work(node->op, &args);
    tuff_node_layer(graph, node, own->layer, sizeof own->layer);
    const struct tuff_bench_op whole = {
        .size = op->size,
        .op = tuff_op_info(node->op)->name,
        .layer = own->layer,
        .flops = work.flops,
        .bytes = work.bytes,
        .samples = (uint32_t)own->samples.count,
        .median = tuff_bench_quantile(&own->samples, 0.5),
        .best = tuff_bench_quantile(&own->samples, 0),
    };
    memcpy(op, &whole, whole.size < sizeof whole ? whole.size : sizeof whole);
}

// -- Their time

struct profile {
    struct tuff_bench *bench;
    const struct tuff_target *target;
    uint32_t slots;      // timestamps that are used; 0: the host's clock
    double origin;       // of the device's clock in a step, in seconds
    double *begin, *end; // of each op, since the first
};

static enum tuff_status expect_ok(const struct profile *profile, unsigned errors, enum tuff_status status,
                                  const char *what)
{
    return status == TUFF_OK ? TUFF_OK : tuff_target_fail(profile->target, errors, status, what);
}

// Submits the calls from `first` to before `end`, with a timestamp around each if there are any, and waits.
static enum tuff_status run_calls(const struct profile *profile, uint32_t first, uint32_t end)
{
    const struct tuff_target *target = profile->target;
    const struct tuff_backend_interface *interface = target->interface;
    const unsigned errors = tuff_target_errors(target);
    enum tuff_status status =
        expect_ok(profile, errors, interface->stream_begin(target->stream), "begin a step");
    if (status != TUFF_OK)
        return status;
    if (profile->slots != 0)
        status = expect_ok(profile, errors, interface->stream_timestamp(target->stream, 0), "take the time");
    for (uint32_t i = first; status == TUFF_OK && i < end; i++) {
        status = tuff_runner_call(profile->bench->runner, i);
        if (status == TUFF_OK && profile->slots != 0)
            status = expect_ok(profile, errors, interface->stream_timestamp(target->stream, i - first + 1),
                               "take the time");
    }
    // Also after a failure: the stream has to be left as it was.
    const enum tuff_status submitted = interface->stream_submit(target->stream);
    if (status == TUFF_OK)
        status = expect_ok(profile, errors, submitted, "run the program");
    const enum tuff_status waited = tuff_runner_wait(profile->bench->runner);
    return status == TUFF_OK ? waited : status;
}

static enum tuff_status read_timestamp(const struct profile *profile, uint32_t slot, double *seconds)
{
    const struct tuff_target *target = profile->target;
    const unsigned errors = tuff_target_errors(target);
    uint64_t nanoseconds;
    const enum tuff_status status =
        target->interface->stream_timestamp_read(target->stream, slot, &nanoseconds);
    *seconds = 1e-9 * (double)nanoseconds;
    return expect_ok(profile, errors, status, "tell the time");
}

// As many calls at a time as there are timestamps for, of steps that are known to be short enough.
static enum tuff_status time_by_device(struct profile *profile)
{
    const uint32_t count = tuff_bench_op_count(profile->bench);
    enum tuff_status status = TUFF_OK;
    for (uint32_t first = 0; status == TUFF_OK && first < count;) {
        const uint32_t end =
            count - first < profile->bench->profile_calls ? count : first + profile->bench->profile_calls;
        double before = 0, after = 0;
        status = run_calls(profile, first, end);
        if (status == TUFF_OK)
            status = read_timestamp(profile, 0, &before);
        if (first == 0)
            profile->origin = before;
        for (uint32_t i = first; status == TUFF_OK && i < end; i++) {
            status = read_timestamp(profile, i - first + 1, &after);
            profile->begin[i] = before - profile->origin;
            profile->end[i] = after - profile->origin;
            before = after;
        }
        first = end;
    }
    return status;
}

// By the step that was timed last.
static void choose_calls(struct profile *profile)
{
    const uint32_t count = tuff_bench_op_count(profile->bench);
    const double one = profile->end[count - 1] / count;
    const uint32_t most = profile->slots - 1;
    profile->bench->profile_calls =
        one * most <= SUBMISSION_SECONDS ? most : (uint32_t)(SUBMISSION_SECONDS / one);
    if (profile->bench->profile_calls == 0)
        profile->bench->profile_calls = 1;
}

static enum tuff_status time_by_host(struct profile *profile)
{
    const uint32_t count = tuff_bench_op_count(profile->bench);
    const double origin = tuff_bench_clock();
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; status == TUFF_OK && i < count; i++) {
        profile->begin[i] = tuff_bench_clock() - origin;
        status = run_calls(profile, i, i + 1);
        profile->end[i] = tuff_bench_clock() - origin;
    }
    return status;
}

static enum tuff_status keep(struct profile *profile)
{
    struct tuff_bench *bench = profile->bench;
    const uint32_t count = tuff_bench_op_count(bench);
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; status == TUFF_OK && i < count; i++)
        status = tuff_bench_add(bench, &bench->ops[i].samples, profile->end[i] - profile->begin[i]);
    return status == TUFF_OK ? tuff_bench_add(bench, &bench->profiled, profile->end[count - 1]) : status;
}

static enum tuff_status run_profile(struct profile *profile, double seconds,
                                    void (*observer)(void *user, const struct tuff_bench_step *step),
                                    void *user)
{
    const bool warm = profile->bench->profiled.count > 0; // else the first step is not counted
    const double begin = tuff_bench_clock();
    for (uint32_t steps = 0, counted = 0;; steps++) {
        const double at = tuff_bench_clock(), elapsed = at - begin;
        if (tuff_bench_enough(counted, elapsed, seconds))
            return TUFF_OK;
        enum tuff_status status = tuff_bench_make_room(profile->bench, 1);
        if (status == TUFF_OK)
            status = profile->slots != 0 ? time_by_device(profile) : time_by_host(profile);
        if (status == TUFF_OK && profile->slots != 0)
            choose_calls(profile);
        if (status == TUFF_OK && (warm || steps > 0)) {
            status = keep(profile);
            counted++;
        }
        if (status != TUFF_OK)
            return status;
        const struct tuff_bench_step step = {.at = at, .begin = profile->begin, .end = profile->end};
        if (observer != NULL && counted > 0)
            observer(user, &step);
    }
}

// Timestamps that can be used: none, or at least two.
static uint32_t usable_slots(const struct tuff_target *target)
{
    const struct tuff_backend_interface *interface = target->interface;
    if (interface->stream_timestamp == NULL || interface->stream_timestamp_read == NULL ||
        target->info.timestamp_slots < 2)
        return 0;
    return target->info.timestamp_slots < MOST_SLOTS ? target->info.timestamp_slots : MOST_SLOTS;
}

enum tuff_status tuff_bench_profile(struct tuff_bench *bench, double seconds,
                                    void (*observer)(void *user, const struct tuff_bench_step *step),
                                    void *user, struct tuff_bench_profile *result)
{
    const struct tuff_target *target = bench->trainer->target;
    const uint32_t count = tuff_bench_op_count(bench);
    struct profile profile = {.bench = bench, .target = target, .slots = usable_slots(target)};
    if (bench->profile_calls == 0)
        bench->profile_calls = 1;
    if (!(seconds > 0))
        return tuff_fail(target->log, TUFF_ERROR_INVALID, "%g seconds of measuring, expected more than 0",
                         seconds);
    profile.begin = calloc(count, sizeof *profile.begin);
    profile.end = calloc(count, sizeof *profile.end);
    enum tuff_status status = TUFF_OK;
    if (profile.begin == NULL || profile.end == NULL)
        status = tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
    if (status == TUFF_OK)
        status = run_profile(&profile, seconds, observer, user);
    if (result != NULL) {
        const struct tuff_bench_profile whole = {
            .size = result->size,
            .steps = (uint32_t)bench->profiled.count,
            .device_clock = profile.slots != 0,
            .median = tuff_bench_quantile(&bench->profiled, 0.5),
        };
        memcpy(result, &whole, whole.size < sizeof whole ? whole.size : sizeof whole);
    }
    free(profile.begin);
    free(profile.end);
    return status;
}
