// The run over the cases that are timed.
#include "tuff/check.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "case.h"
#include "device.h"
#include "harness.h"
#include "timing.h"

enum { LEAST_SAMPLES = 5, SLOWEST = 10 }; // as tuff_check_perf_options.seconds says

static const double SAMPLE_SECONDS = 0.02;

// The backends of a measurement: the tested one and, perhaps, another.
enum { TESTED, AGAINST, TARGET_COUNT };

struct perf {
    const struct tuff_log *log;
    struct tuff_target *targets[TARGET_COUNT]; // both NULL: the cases are only listed
    const struct tuff_check_perf_options *options;
    FILE *out; // of the list
    struct tuff_check_perf_totals totals;
    double log_ratios; // their sum
    bool stopped, device_lost;
    struct timing *timings[TARGET_COUNT];
};

static bool must_stop(struct perf *perf)
{
    perf->stopped =
        perf->stopped || (perf->options->stop != NULL && perf->options->stop(perf->options->user));
    return perf->stopped;
}

// The layout that a target keeps activations in at the case's batch size; row-major if nothing of the case
// has a batch.
static enum tuff_status layout_for(const struct tuff_target *target, const struct conformance_case *c,
                                   enum tuff_layout *layout)
{
    struct case_setup setup;
    enum tuff_status status = conformance_case_describe(target->log, c, &setup);
    *layout = TUFF_LAYOUT_ROW_MAJOR;
    for (uint32_t i = 0; status == TUFF_OK && i < setup.info->tensor_count; i++)
        if (case_is_present(&setup, i) && setup.info->roles[i].batched) {
            *layout = tuff_target_activation_layout(target, setup.tensors[i].shape.dims[0]);
            break;
        }
    case_setup_clear(&setup);
    return status;
}

// Samples of all timings in turn, until the time is up or one fails.
static void take_samples(struct perf *perf)
{
    const double seconds = perf->options->seconds;
    const double sample = seconds / LEAST_SAMPLES < SAMPLE_SECONDS ? seconds / LEAST_SAMPLES : SAMPLE_SECONDS;
    const double begin = timing_now();
    double budget = 0, elapsed = 0;
    for (uint32_t i = 0; i < TARGET_COUNT; i++) {
        struct timing *timing = perf->timings[i];
        if (timing == NULL || timing->state != TIMING_READY || must_stop(perf))
            continue;
        budget += seconds;
        timing_calibrate(timing, sample);
    }
    for (uint32_t round = 0; round < TIMING_MAX_SAMPLES; round++) {
        if (round > 0 && elapsed >= budget && (round >= LEAST_SAMPLES || elapsed >= SLOWEST * budget))
            return;
        for (uint32_t i = 0; i < TARGET_COUNT; i++) {
            struct timing *timing = perf->timings[i];
            if (must_stop(perf) || (timing != NULL && timing->state == TIMING_FAILED))
                return;
            if (timing != NULL && timing->state == TIMING_READY)
                timing_sample(timing);
        }
        elapsed = timing_now() - begin;
    }
}

static struct tuff_check_time time_of(const struct timing *timing)
{
    static const enum tuff_check_timed results[] = {
        [TIMING_READY] = TUFF_CHECK_TIMED,
        [TIMING_UNSUPPORTED] = TUFF_CHECK_TIME_UNSUPPORTED,
        [TIMING_FAILED] = TUFF_CHECK_TIME_FAILED,
    };
    struct tuff_check_time time = {.result = TUFF_CHECK_NOT_TIMED};
    if (timing == NULL)
        return time;
    time.result = results[timing->state];
    time.layout = case_uses_batch16(&timing->setup) ? TUFF_LAYOUT_BATCH16 : TUFF_LAYOUT_ROW_MAJOR;
    if (timing->state != TIMING_READY)
        return time;
    if (timing->sample_count == 0) { // the other one failed
        time.result = TUFF_CHECK_NOT_TIMED;
        return time;
    }
    time.captured = timing->capture != NULL;
    time.samples = timing->sample_count;
    time.calls = (uint64_t)timing->calls * timing->runs;
    time.median = timing_median(timing);
    time.best = timing_best(timing);
    return time;
}

static void count(struct perf *perf, const struct tuff_check_measurement *measurement)
{
    struct tuff_check_perf_totals *totals = &perf->totals;
    const enum tuff_check_timed tested = measurement->tested.result, against = measurement->against.result;
    totals->timed += tested == TUFF_CHECK_TIMED ? 1 : 0;
    totals->unsupported += tested == TUFF_CHECK_TIME_UNSUPPORTED ? 1 : 0;
    totals->failed += tested == TUFF_CHECK_TIME_FAILED || against == TUFF_CHECK_TIME_FAILED ? 1 : 0;
    if (tested == TUFF_CHECK_TIMED && against == TUFF_CHECK_TIMED) {
        totals->compared++;
        perf->log_ratios += log(measurement->against.median / measurement->tested.median);
        totals->mean_ratio = exp(perf->log_ratios / (double)totals->compared);
    }
}

// What failed on which backend.
static void describe_failure(struct perf *perf, char *message, size_t bytes)
{
    message[0] = '\0';
    for (uint32_t i = 0; i < TARGET_COUNT && message[0] == '\0'; i++) {
        const struct timing *timing = perf->timings[i];
        if (timing == NULL || timing->state != TIMING_FAILED)
            continue;
        perf->device_lost = timing->status == TUFF_ERROR_DEVICE;
        const char *words =
            timing->rig.message[0] != '\0' ? timing->rig.message : tuff_status_name(timing->status);
        snprintf(message, bytes, "%s: %s", timing->target->backend_name, words);
    }
}

static void report(struct perf *perf, const struct conformance_case *c, const char *line)
{
    char sizes[CONFORMANCE_LINE_BYTES], message[RIG_MESSAGE_BYTES + 64];
    const struct tuff_check_perf_options *options = perf->options;
    const struct tuff_work work = conformance_case_work(&perf->timings[TESTED]->setup);
    conformance_case_format_short(c, sizes);
    describe_failure(perf, message, sizeof message);
    const struct tuff_check_measurement measurement = {
        .op = tuff_op_info(c->op->op)->name,
        .sizes = sizes,
        .replay = line,
        .flops = work.flops,
        .bytes = work.bytes,
        .tested = time_of(perf->timings[TESTED]),
        .against = time_of(perf->timings[AGAINST]),
        .message = message,
    };
    count(perf, &measurement);
    if (options->measurement != NULL)
        options->measurement(options->user, &measurement);
}

// Makes the timing of a case on a target, with room of its own; NULL if there is no such target.
static enum tuff_status make_timing(struct perf *perf, uint32_t index, const struct conformance_case *c)
{
    perf->timings[index] = NULL;
    if (perf->targets[index] == NULL)
        return TUFF_OK;
    perf->timings[index] = malloc(sizeof *perf->timings[index]);
    if (perf->timings[index] == NULL)
        return tuff_fail(perf->log, TUFF_ERROR_MEMORY, "no memory for the samples of a case");
    timing_create(perf->targets[index], c, perf->timings[index]);
    return TUFF_OK;
}

// own: in the layout that the tested backend is timed in.
static enum tuff_status measure(struct perf *perf, const struct conformance_case *own)
{
    char line[CONFORMANCE_LINE_BYTES];
    struct conformance_case other = *own;
    enum tuff_status status = TUFF_OK;
    conformance_case_format(own, line);
    conformance_set_current_case(line);
    perf->timings[AGAINST] = NULL;
    if (perf->targets[AGAINST] != NULL)
        status = layout_for(perf->targets[AGAINST], own, &other.layout);
    if (status == TUFF_OK)
        status = make_timing(perf, TESTED, own);
    if (status == TUFF_OK && perf->timings[TESTED]->state == TIMING_READY)
        status = make_timing(perf, AGAINST, &other);
    if (status == TUFF_OK)
        take_samples(perf);
    if (status == TUFF_OK && !perf->stopped)
        report(perf, own, line);
    for (uint32_t i = 0; i < TARGET_COUNT; i++) {
        if (perf->timings[i] != NULL)
            timing_destroy(perf->timings[i]);
        free(perf->timings[i]);
        perf->timings[i] = NULL;
    }
    conformance_set_current_case("");
    return status;
}

// c: owned by the caller. by_line: the layout is the one that is asked for.
static enum tuff_status visit(struct perf *perf, struct conformance_case *c, bool by_line)
{
    char line[CONFORMANCE_LINE_BYTES];
    enum tuff_status status = TUFF_OK;
    perf->totals.cases++;
    if (perf->targets[TESTED] == NULL) {
        conformance_case_format(c, line);
        fprintf(perf->out, "%s\n", line);
        return TUFF_OK;
    }
    if (perf->device_lost || must_stop(perf))
        return TUFF_OK;
    if (!by_line)
        status = layout_for(perf->targets[TESTED], c, &c->layout);
    return status == TUFF_OK ? measure(perf, c) : status;
}

static enum tuff_status visit_op(struct perf *perf, const struct conformance_op *op)
{
    const char *shape = op->perf;
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; i < op->perf_count && status == TUFF_OK; i++) {
        struct conformance_case c;
        status = conformance_case_create(perf->log, op, TUFF_LAYOUT_ROW_MAJOR, perf->options->seed,
                                         shape + i * op->shape_size, &c);
        if (status != TUFF_OK)
            return status;
        status = visit(perf, &c, false);
        conformance_case_clear(&c);
    }
    return status;
}

static enum tuff_status visit_all(struct perf *perf)
{
    enum tuff_op op;
    enum tuff_status status = TUFF_OK;
    if (perf->options->case_line != NULL) {
        struct conformance_case c;
        status = conformance_case_parse(perf->log, perf->options->case_line, &c);
        if (status == TUFF_OK) {
            status = visit(perf, &c, true);
            conformance_case_clear(&c);
        }
        return status;
    }
    if (perf->options->op != NULL && device_row_find(perf->options->op) != DEVICE_ROW_COUNT)
        return tuff_fail(perf->log, TUFF_ERROR_NOT_FOUND, "'%s' is no op: there is nothing to time",
                         perf->options->op);
    if (perf->options->op != NULL) {
        status = conformance_op_find(perf->log, perf->options->op, &op);
        return status == TUFF_OK ? visit_op(perf, conformance_op_cases(op)) : status;
    }
    for (op = 0; op < TUFF_OP_COUNT && status == TUFF_OK; op++)
        status = visit_op(perf, conformance_op_cases(op));
    return status;
}

// The options as this library knows them, whatever its caller was built with.
static struct tuff_check_perf_options known_options(const struct tuff_check_perf_options *given)
{
    struct tuff_check_perf_options known = {0};
    memcpy(&known, given, given->size < sizeof known ? given->size : sizeof known);
    return known;
}

enum tuff_status tuff_check_perf(struct tuff_target *tested, struct tuff_target *against,
                                 const struct tuff_check_perf_options *options,
                                 struct tuff_check_perf_totals *totals)
{
    const struct tuff_check_perf_options known = known_options(options);
    struct perf perf = {.log = tested->log, .targets = {tested, against}, .options = &known};
    if (!(known.seconds > 0))
        return tuff_fail(perf.log, TUFF_ERROR_INVALID, "%g seconds for each case, expected more than 0",
                         known.seconds);
    enum tuff_status status = visit_all(&perf);
    if (totals != NULL)
        *totals = perf.totals;
    if (status != TUFF_OK)
        return status;
    if (perf.stopped)
        return TUFF_ERROR_INTERRUPTED;
    if (perf.device_lost)
        return tuff_fail(perf.log, TUFF_ERROR_DEVICE,
                         "the device failed; the cases after that were not timed");
    if (perf.totals.failed > 0)
        return tuff_fail(perf.log, TUFF_ERROR_PLUGIN, "%" PRIu64 " of %" PRIu64 " cases failed",
                         perf.totals.failed, perf.totals.cases);
    if (perf.totals.timed == 0)
        return tuff_fail(perf.log, TUFF_ERROR_NOT_FOUND, "no case was timed");
    return TUFF_OK;
}

enum tuff_status tuff_check_list_perf_cases(const struct tuff_log *log,
                                            const struct tuff_check_perf_options *options, FILE *out)
{
    const struct tuff_check_perf_options known = known_options(options);
    struct perf perf = {.log = log, .options = &known, .out = out};
    enum tuff_status status = visit_all(&perf);
    if (status == TUFF_OK && perf.totals.cases == 0)
        return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "no case to list");
    return status;
}
