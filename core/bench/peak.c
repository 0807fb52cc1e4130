// The fastest matrix product of a target: a case of tuff check --perf that grows until it is large enough.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench.h"
#include "check/timing.h"

enum { LEAST_SIDE = 256, GREATEST_SIDE = 2048, LEAST_SAMPLES = 3 };
static const double SAMPLE_SECONDS = 0.02, CALL_SECONDS = 0.5;

struct tuff_bench_peak {
    uint32_t side;
    struct tuff_target *target;
    double best; // seconds of a call
    uint32_t samples;
    struct timing timing;
};

static enum tuff_status check_timing(const struct tuff_bench_peak *peak)
{
    const struct timing *timing = &peak->timing;
    const struct tuff_target *target = peak->target;
    if (timing->state == TIMING_READY)
        return TUFF_OK;
    if (timing->state == TIMING_UNSUPPORTED)
        return tuff_fail(target->log, TUFF_ERROR_UNSUPPORTED,
                         "%s has no linear_forward of %u x %u matrices, by which its peak is measured",
                         target->backend_name, peak->side, peak->side);
    return tuff_fail(target->log, timing->status, "%s: a matrix product of %u x %u failed: %s",
                     target->backend_name, peak->side, peak->side,
                     timing->rig.message[0] != '\0' ? timing->rig.message : tuff_status_name(timing->status));
}

// Makes the timing of a side, and calls the op twice.
static enum tuff_status make(struct tuff_bench_peak *peak, uint32_t side)
{
    char line[CONFORMANCE_LINE_BYTES];
    struct conformance_case c;
    peak->side = side;
    snprintf(line, sizeof line, "linear_forward(layout=row_major,n=%u,i=%u,o=%u,bias=0)", side, side, side);
    enum tuff_status status = conformance_case_parse(peak->target->log, line, &c);
    if (status != TUFF_OK)
        return status;
    timing_create(peak->target, &c, &peak->timing);
    conformance_case_clear(&c);
    if (peak->timing.state == TIMING_READY)
        timing_calibrate(&peak->timing, SAMPLE_SECONDS);
    if (peak->timing.state == TIMING_READY)
        timing_sample(&peak->timing);
    return check_timing(peak);
}

enum tuff_status tuff_bench_peak_create(struct tuff_target *target, struct tuff_bench_peak **peak)
{
    struct tuff_bench_peak *made = calloc(1, sizeof *made);
    *peak = NULL;
    if (made == NULL)
        return tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
    made->target = target;
    enum tuff_status status = make(made, LEAST_SIDE);
    // Twice the side takes eight times as long.
    uint32_t side = LEAST_SIDE;
    if (status == TUFF_OK)
        for (double call = timing_best(&made->timing); side < GREATEST_SIDE && 8 * call <= CALL_SECONDS;
             call *= 8)
            side *= 2;
    if (status == TUFF_OK && side != LEAST_SIDE) {
        timing_destroy(&made->timing);
        status = make(made, side);
    }
    made->timing.sample_count = 0;
    if (status != TUFF_OK)
        tuff_bench_peak_destroy(&made);
    *peak = made;
    return status;
}

void tuff_bench_peak_destroy(struct tuff_bench_peak **peak)
{
    if (*peak == NULL)
        return;
    timing_destroy(&(*peak)->timing);
    free(*peak);
    *peak = NULL;
}

enum tuff_status tuff_bench_peak_measure(struct tuff_bench_peak *peak, double seconds)
{
    struct timing *timing = &peak->timing;
    const double begin = timing_now();
    for (uint32_t i = 0; i < LEAST_SAMPLES || timing_now() - begin < seconds; i++) {
        timing->sample_count = 0;
        timing_sample(timing);
        enum tuff_status status = check_timing(peak);
        if (status != TUFF_OK)
            return status;
        const double taken = timing_best(timing);
        peak->best = peak->samples == 0 || taken < peak->best ? taken : peak->best;
        peak->samples++;
    }
    return TUFF_OK;
}

void tuff_bench_peak_result(const struct tuff_bench_peak *peak, struct tuff_bench_peak_result *result)
{
    const double side = peak->side;
    const struct tuff_bench_peak_result whole = {
        .size = result->size,
        .side = peak->side,
        .samples = peak->samples,
        .seconds = peak->best,
        .flops_per_second = peak->samples == 0 ? 0 : 2 * side * side * side / peak->best,
    };
    memcpy(result, &whole, whole.size < sizeof whole ? whole.size : sizeof whole);
}
