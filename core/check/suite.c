// The run over all cases, and its summary.
#include "tuff/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "case.h"
#include "harness.h"

enum { FAILURES_SHOWN = 10 }; // per op and layout; the others are counted

struct tally {
    uint64_t run, passed, failed, unsupported, unused;
    double worst_ratio;
};

struct suite {
    const struct tuff_log *log;
    struct tuff_target *tested, *oracle; // NULL: the cases are only listed
    const struct tuff_check_options *options;
    FILE *out;                              // NULL: nothing is written
    struct tally tallies[TUFF_OP_COUNT][2]; // by op and layout
    uint64_t listed;
    bool device_lost;
};

static char current_case[CONFORMANCE_LINE_BYTES];

const char *tuff_check_current_case(void)
{
    return current_case;
}

TUFF_PRINTF(2, 3) static void say(const struct suite *suite, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (suite->out != NULL)
        vfprintf(suite->out, format, arguments);
    va_end(arguments);
}

static void tell_finding(const struct suite *suite, const struct conformance_case *c,
                         const struct case_result *result, const char *line)
{
    const struct tuff_check_observer *observer = suite->options->observer;
    const bool unsupported = result->verdict == CASE_UNSUPPORTED;
    const struct tuff_check_finding finding = {
        .op = tuff_op_info(c->op->op)->name,
        .layout = result->batch16 ? TUFF_LAYOUT_BATCH16 : TUFF_LAYOUT_ROW_MAJOR,
        .unsupported = unsupported,
        .message = unsupported ? "" : result->message,
        .replay = line,
    };
    if (observer != NULL && observer->finding != NULL)
        observer->finding(observer->user, &finding);
}

static void count_unsupported(struct suite *suite, struct tally *tally, const char *op_name, const char *line)
{
    if (tally->unsupported++ == 0 || suite->options->verbose)
        say(suite, "UNSUPPORTED %s\n  replay: --case \"%s\"\n", op_name, line);
}

static void judge(struct suite *suite, const struct conformance_case *c, const char *line)
{
    const char *name = tuff_op_info(c->op->op)->name;
    struct case_result result;
    memcpy(current_case, line, CONFORMANCE_LINE_BYTES);
    conformance_case_run(suite->log, c, suite->tested, suite->oracle, &result);
    current_case[0] = '\0';
    struct tally *tally = &suite->tallies[c->op->op][result.batch16 ? 1 : 0];
    suite->device_lost = result.device_lost;
    if (result.worst_ratio > tally->worst_ratio)
        tally->worst_ratio = result.worst_ratio;
    switch (result.verdict) {
    case CASE_UNUSED:
        tally->unused++;
        return;
    case CASE_UNSUPPORTED:
        count_unsupported(suite, tally, name, line);
        tell_finding(suite, c, &result, line);
        return;
    case CASE_PASSED:
        tally->run++;
        tally->passed++;
        return;
    case CASE_FAILED:
        tally->run++;
        if (tally->failed++ < FAILURES_SHOWN || suite->options->verbose)
            say(suite, "FAIL %s\n  %s\n  replay: --case \"%s\"\n", name, result.message, line);
        tell_finding(suite, c, &result, line);
        return;
    }
}

static void visit(struct suite *suite, const struct conformance_case *c)
{
    char line[CONFORMANCE_LINE_BYTES];
    memset(line, 0, sizeof line);
    conformance_case_format(c, line);
    suite->listed++;
    if (suite->tested == NULL || suite->options->verbose) {
        say(suite, "%s\n", line);
        if (suite->out != NULL)
            fflush(suite->out);
    }
    if (suite->tested != NULL)
        judge(suite, c, line);
}

static enum tuff_status visit_shape(struct suite *suite, const struct conformance_op *op,
                                    enum tuff_layout layout, const void *shape)
{
    struct conformance_case c;
    if (suite->device_lost)
        return TUFF_OK;
    enum tuff_status status =
        conformance_case_create(suite->log, op, layout, suite->options->seed, shape, &c);
    if (status != TUFF_OK)
        return status;
    visit(suite, &c);
    conformance_case_clear(&c);
    return TUFF_OK;
}

static enum tuff_status visit_table(struct suite *suite, const struct conformance_op *op,
                                    enum tuff_layout layout, const void *shapes, size_t count)
{
    const char *shape = shapes;
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; i < count && status == TUFF_OK; i++)
        status = visit_shape(suite, op, layout, shape + i * op->shape_size);
    return status;
}

static enum tuff_status visit_layout(struct suite *suite, const struct conformance_op *op,
                                     enum tuff_layout layout)
{
    enum tuff_status status = visit_table(suite, op, layout, op->corners, op->corner_count);
    if (status == TUFF_OK && suite->options->large)
        status = visit_table(suite, op, layout, op->large, op->large_count);
    if (op->draw == NULL)
        return status;
    uint32_t count = conformance_random_cases(op, suite->options->count);
    struct draw draw = {.seed = suite->options->seed, .stream = (uint32_t)op->op * 2 + (uint32_t)layout};
    for (uint32_t i = 0; i < count && status == TUFF_OK; i++) {
        _Alignas(16) unsigned char shape[256];
        if (op->shape_size > sizeof shape)
            return tuff_fail(suite->log, TUFF_ERROR_INTERNAL, "a shape of %zu bytes, expected at most %zu",
                             op->shape_size, sizeof shape);
        memset(shape, 0, sizeof shape);
        op->draw(&draw, shape);
        status = visit_shape(suite, op, layout, shape);
    }
    return status;
}

static enum tuff_status visit_all(struct suite *suite)
{
    enum tuff_op only = TUFF_OP_COUNT;
    enum tuff_status status = TUFF_OK;
    if (suite->options->case_line != NULL) {
        struct conformance_case c;
        status = conformance_case_parse(suite->log, suite->options->case_line, &c);
        if (status == TUFF_OK) {
            visit(suite, &c);
            conformance_case_clear(&c);
        }
        return status;
    }
    if (suite->options->op != NULL)
        status = conformance_op_find(suite->log, suite->options->op, &only);
    for (enum tuff_op i = 0; i < TUFF_OP_COUNT && status == TUFF_OK; i++) {
        if (only != TUFF_OP_COUNT && i != only)
            continue;
        const struct conformance_op *op = conformance_op_cases(i);
        uint64_t before = suite->listed;
        status = visit_layout(suite, op, TUFF_LAYOUT_ROW_MAJOR);
        if (status == TUFF_OK && op->batched)
            status = visit_layout(suite, op, TUFF_LAYOUT_BATCH16);
        if (status == TUFF_OK && suite->listed == before && !suite->device_lost)
            status = tuff_fail(suite->log, TUFF_ERROR_INTERNAL, "%s has no cases", tuff_op_info(i)->name);
    }
    return status;
}

static void print_tally(const struct suite *suite, const char *op, const char *layout,
                        const struct tally *tally)
{
    say(suite, "%-32s %-10s %5" PRIu64 " %7" PRIu64 " %7" PRIu64 " %12" PRIu64, op, layout, tally->run,
        tally->passed, tally->failed, tally->unsupported);
    if (tally->worst_ratio > 0)
        say(suite, " %10.3f", tally->worst_ratio);
    else
        say(suite, " %10s", "-");
    say(suite, "%s\n", tally->unused > 0 && tally->run == 0 ? "  not used by this backend" : "");
}

static void tell_row(const struct suite *suite, enum tuff_op op, int layout)
{
    const struct tuff_check_observer *observer = suite->options->observer;
    const struct tally *tally = &suite->tallies[op][layout];
    const struct tuff_check_row row = {
        .op = tuff_op_info(op)->name,
        .layout = layout == 0 ? TUFF_LAYOUT_ROW_MAJOR : TUFF_LAYOUT_BATCH16,
        .run = tally->run,
        .passed = tally->passed,
        .failed = tally->failed,
        .unsupported = tally->unsupported,
        .unused = tally->unused,
        .worst_error = tally->worst_ratio,
    };
    if (observer != NULL && observer->row != NULL)
        observer->row(observer->user, &row);
}

static void summarize(struct suite *suite, struct tuff_check_totals *totals)
{
    *totals = (struct tuff_check_totals){0};
    say(suite, "\n%-32s %-10s %5s %7s %7s %12s %10s\n", "op", "layout", "run", "passed", "failed",
        "unsupported", "error");
    for (enum tuff_op op = 0; op < TUFF_OP_COUNT; op++)
        for (int layout = 0; layout < 2; layout++) {
            const struct tally *tally = &suite->tallies[op][layout];
            totals->run += tally->run;
            totals->passed += tally->passed;
            totals->failed += tally->failed;
            totals->unsupported += tally->unsupported;
            totals->unused += tally->unused;
            if (tally->run + tally->unsupported + tally->unused == 0)
                continue;
            print_tally(suite, tuff_op_info(op)->name, layout == 0 ? "row-major" : "batch16", tally);
            tell_row(suite, op, layout);
        }
    say(suite,
        "\n%s against %s, seed %" PRIu64 ": %" PRIu64 " cases run, %" PRIu64 " passed, %" PRIu64
        " failed, %" PRIu64 " unsupported (error: the greatest one as a part of its tolerance)\n",
        suite->tested->backend_name, suite->oracle->backend_name, suite->options->seed, totals->run,
        totals->passed, totals->failed, totals->unsupported);
}

enum tuff_status tuff_check_run(struct tuff_target *tested, struct tuff_target *oracle,
                                const struct tuff_check_options *options, FILE *out,
                                struct tuff_check_totals *totals)
{
    struct suite suite = {
        .log = tested->log, .tested = tested, .oracle = oracle, .options = options, .out = out};
    struct tuff_check_totals own;
    enum tuff_status status = visit_all(&suite);
    if (status != TUFF_OK)
        return status;
    summarize(&suite, totals != NULL ? totals : &own);
    if (totals == NULL)
        totals = &own;
    if (suite.device_lost)
        return tuff_fail(suite.log, TUFF_ERROR_DEVICE,
                         "the device failed; the cases after that were not run");
    if (totals->failed > 0)
        return tuff_fail(suite.log, TUFF_ERROR_PLUGIN, "%" PRIu64 " of %" PRIu64 " cases failed",
                         totals->failed, totals->run);
    if (totals->unsupported > 0 && !options->allow_unsupported)
        return tuff_fail(suite.log, TUFF_ERROR_UNSUPPORTED, "%" PRIu64 " cases are unsupported",
                         totals->unsupported);
    if (totals->run == 0)
        return tuff_fail(suite.log, TUFF_ERROR_NOT_FOUND, "no case ran");
    return TUFF_OK;
}

enum tuff_status tuff_check_list_cases(const struct tuff_log *log, const struct tuff_check_options *options,
                                       FILE *out)
{
    struct suite suite = {.log = log, .options = options, .out = out};
    enum tuff_status status = visit_all(&suite);
    if (status == TUFF_OK && suite.listed == 0)
        return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "no case to list");
    return status;
}
