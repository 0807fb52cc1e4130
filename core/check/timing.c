#include "timing.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum {
    // Captured at a time: about as many kernels as a step of a small net has, so that what a replay costs
    // beyond its kernels is spread as in training.
    CAPTURED_CALLS = 16,
    MAX_SUBMITTED_CALLS = 1 << 16,
    MAX_REPLAYS = 1 << 16,
    MAX_GROWTH =
        10, // of a sample from one try to the next: the first calls are slower than those that follow
};

// Outputs and workspace start as zeros: no kernel reads them, but on some processors NaN would take its time.
static const uint32_t ZEROS = 0;

double timing_now(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}

// Returns false, for `return fail(…)`.
static bool fail(struct timing *timing, enum tuff_status status)
{
    timing->state = TIMING_FAILED;
    timing->status = status;
    return false;
}

static bool expect_ok(struct timing *timing, enum tuff_status status, const char *slot)
{
    if (status == TUFF_OK)
        return true;
    rig_fail(&timing->rig, status, "%s returned \"%s\"", slot, tuff_status_name(status));
    return fail(timing, status);
}

static bool call_kernel(struct timing *timing, uint32_t times)
{
    const struct tuff_kernels *kernels = timing->target->interface->kernels;
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; i < times && status == TUFF_OK; i++)
        status = tuff_op_call(kernels, timing->setup.op, timing->target->stream, &timing->call.args);
    return expect_ok(timing, status, "the kernel");
}

// Captures that many calls, in place of those captured before.
static bool capture(struct timing *timing, uint32_t calls)
{
    const struct tuff_backend_interface *interface = timing->target->interface;
    if (timing->capture != NULL)
        interface->capture_destroy(timing->capture);
    timing->capture = NULL;
    timing->calls = calls;
    if (!expect_ok(timing, interface->capture_begin(timing->target->stream), "capture_begin"))
        return false;
    const bool called = call_kernel(timing, calls);
    enum tuff_status status = interface->capture_end(timing->target->stream, &timing->capture);
    if (status == TUFF_OK && timing->capture == NULL)
        status = TUFF_ERROR_PLUGIN;
    return called && expect_ok(timing, status, "capture_end");
}

static bool submit_calls(struct timing *timing)
{
    const struct tuff_backend_interface *interface = timing->target->interface;
    struct tuff_stream *stream = timing->target->stream;
    if (!expect_ok(timing, interface->stream_begin(stream), "stream_begin"))
        return false;
    const bool called = call_kernel(timing, timing->calls);
    // Also after a failed kernel: the stream has to be left as it was.
    enum tuff_status status = interface->stream_submit(stream);
    if (!called) {
        if (status == TUFF_OK && interface->stream_wait(stream) == TUFF_ERROR_DEVICE)
            timing->status = TUFF_ERROR_DEVICE;
        return false;
    }
    return expect_ok(timing, status, "stream_submit");
}

// Runs the calls of a sample. seconds: how long that took, until they were done.
static bool run(struct timing *timing, double *seconds)
{
    const struct tuff_backend_interface *interface = timing->target->interface;
    struct tuff_stream *stream = timing->target->stream;
    if (timing->most_calls != 0) {
        enum tuff_status status = rig_load(&timing->rig, ZEROS);
        if (status != TUFF_OK)
            return fail(timing, status);
    }
    const double begin = timing_now();
    if (timing->capture != NULL) {
        if (!expect_ok(timing, interface->capture_replay(stream, timing->capture, timing->runs),
                       "capture_replay"))
            return false;
    } else if (!submit_calls(timing)) {
        return false;
    }
    if (!expect_ok(timing, interface->stream_wait(stream), "stream_wait"))
        return false;
    *seconds = timing_now() - begin;
    return true;
}

// The call that warms up whatever there is to warm up.
static void call_first(struct timing *timing)
{
    if (!tuff_target_can_capture(timing->target) || capture(timing, 1))
        (void)run(timing, &timing->first);
}

static bool prepare(struct timing *timing, const struct conformance_case *c)
{
    enum tuff_status status = conformance_case_fill(c, &timing->setup, NULL);
    if (status == TUFF_OK)
        status = rig_create(timing->target, &timing->setup, RIG_AS_IS, &timing->rig);
    if (status == TUFF_OK)
        status = rig_load(&timing->rig, ZEROS);
    if (status == TUFF_OK)
        status = rig_fill_call(&timing->rig, timing->setup.params, &timing->call);
    // As the core does it: off the clock, with the kernel's own arguments.
    if (status == TUFF_OK)
        status = tuff_target_prepare(timing->target, timing->setup.op, &timing->call.args);
    if (status != TUFF_OK)
        return fail(timing, status);
    if (timing->most_calls == 0) // else they are written again
        case_setup_drop_values(&timing->setup);
    timing->runs = 1;
    timing->calls = 1;
    return true;
}

void timing_create(struct tuff_target *target, const struct conformance_case *c, struct timing *timing)
{
    *timing = (struct timing){.target = target};
    timing->rig.target = target;
    enum tuff_status status = conformance_case_describe(target->log, c, &timing->setup);
    timing->setup.timed = true;
    if (status != TUFF_OK) {
        rig_fail(&timing->rig, status, "the core's check refuses the case");
        fail(timing, status);
    } else if (!rig_is_supported(target, &timing->setup)) {
        timing->state = TIMING_UNSUPPORTED;
    } else {
        timing->most_calls = c->op->most_calls == NULL ? 0 : c->op->most_calls(c->shape);
        if (prepare(timing, c))
            call_first(timing);
    }
}

void timing_destroy(struct timing *timing)
{
    if (timing->capture != NULL)
        timing->target->interface->capture_destroy(timing->capture);
    timing->capture = NULL;
    rig_destroy(&timing->rig);
    case_setup_clear(&timing->setup);
}

// wanted: calls in a sample.
static uint32_t calls_to_capture(const struct timing *timing, double wanted)
{
    uint32_t calls = wanted < 1 ? 1 : wanted < CAPTURED_CALLS ? (uint32_t)wanted : CAPTURED_CALLS;
    if (timing->most_calls != 0 && calls > timing->most_calls)
        calls = timing->most_calls;
    return calls;
}

// The number of calls that grows, and its limit.
static uint32_t *growing(struct timing *timing, uint32_t *most)
{
    *most = timing->capture != NULL ? MAX_REPLAYS : MAX_SUBMITTED_CALLS;
    if (timing->most_calls != 0) {
        const uint32_t limit =
            timing->capture != NULL ? timing->most_calls / timing->calls : timing->most_calls;
        *most = *most < limit ? *most : limit;
    }
    return timing->capture != NULL ? &timing->runs : &timing->calls;
}

void timing_calibrate(struct timing *timing, double seconds)
{
    double taken;
    uint32_t most;
    // Far too long, even if it is faster once warm.
    if (timing->first > MAX_GROWTH * seconds || !run(timing, &taken))
        return;
    const uint32_t calls = calls_to_capture(timing, taken > 0 ? seconds / taken : CAPTURED_CALLS);
    if (timing->capture != NULL && calls > 1 && (!capture(timing, calls) || !run(timing, &taken)))
        return;
    uint32_t *count = growing(timing, &most);
    while (taken < seconds && *count < most) {
        double growth = taken > 0 ? 1.1 * seconds / taken : MAX_GROWTH;
        growth = growth < MAX_GROWTH ? growth : MAX_GROWTH;
        const double wanted = ceil(growth * *count);
        *count = wanted < most ? (uint32_t)wanted : most;
        if (!run(timing, &taken))
            return;
    }
}

void timing_sample(struct timing *timing)
{
    double seconds;
    if (timing->sample_count == TIMING_MAX_SAMPLES || !run(timing, &seconds))
        return;
    timing->samples[timing->sample_count++] = seconds / ((double)timing->calls * timing->runs);
}

static int ascending(const void *a, const void *b)
{
    const double *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

double timing_median(const struct timing *timing)
{
    double sorted[TIMING_MAX_SAMPLES];
    const uint32_t count = timing->sample_count;
    memcpy(sorted, timing->samples, count * sizeof *sorted);
    qsort(sorted, count, sizeof *sorted, ascending);
    return (sorted[(count - 1) / 2] + sorted[count / 2]) / 2;
}

double timing_best(const struct timing *timing)
{
    double best = timing->samples[0];
    for (uint32_t i = 1; i < timing->sample_count; i++)
        best = timing->samples[i] < best ? timing->samples[i] : best;
    return best;
}
