// The run over all cases, and its summary.
#include "tuff/check.h"

#include <inttypes.h>
#include <stdarg.h>
#include <string.h>

#include "case.h"
#include "device.h"
#include "harness.h"

enum { FAILURES_SHOWN = 10 }; // per op and layout; the others are counted

// What of an op has a row of its own in the table.
enum form { FORM_ROW_MAJOR, FORM_BATCH16, FORM_F16, FORM_COUNT };

static const char *const form_names[FORM_COUNT] = {"row-major", "batch16", "float16"};

struct tally {
    uint64_t run, passed, failed, unsupported, unused;
    double worst_ratio;
};

struct suite {
    const struct tuff_log *log;
    struct tuff_target *tested, *oracle; // NULL: the cases are only listed
    const struct tuff_check_options *options;
    FILE *out; // NULL: nothing is written
    struct tally tallies[TUFF_OP_COUNT][FORM_COUNT];
    struct tally device_tallies[DEVICE_ROW_COUNT];
    uint64_t listed;
    bool device_lost;
};

static char current_case[CONFORMANCE_LINE_BYTES];

const char *tuff_check_current_case(void)
{
    return current_case;
}

void conformance_set_current_case(const char *line)
{
    snprintf(current_case, sizeof current_case, "%s", line);
}

TUFF_PRINTF(2, 3) static void say(const struct suite *suite, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    if (suite->out != NULL)
        vfprintf(suite->out, format, arguments);
    va_end(arguments);
}

static void tell_finding(const struct suite *suite, const char *name, bool device,
                         const struct case_result *result, const char *line)
{
    const struct tuff_check_observer *observer = suite->options->observer;
    const bool unsupported = result->verdict == CASE_UNSUPPORTED;
    const struct tuff_check_finding finding = {
        .op = name,
        .layout = result->batch16 ? TUFF_LAYOUT_BATCH16 : TUFF_LAYOUT_ROW_MAJOR,
        .unsupported = unsupported,
        .message = unsupported ? "" : result->message,
        .replay = line,
        .device = device,
        .f16 = result->f16,
    };
    if (observer != NULL && observer->finding != NULL)
        observer->finding(observer->user, &finding);
}

// Adds what became of a case to the tally of its row, and reports what is amiss.
// may_lack: what is unsupported is nothing amiss.
static void count(struct suite *suite, struct tally *tally, const char *name, bool device, bool may_lack,
                  const struct case_result *result, const char *line)
{
    suite->device_lost = result->device_lost;
    if (result->worst_ratio > tally->worst_ratio)
        tally->worst_ratio = result->worst_ratio;
    switch (result->verdict) {
    case CASE_UNUSED:
        tally->unused++;
        return;
    case CASE_UNSUPPORTED:
        if (may_lack) { // the host does without it
            tally->unused++;
            return;
        }
        if (tally->unsupported++ == 0 || suite->options->verbose)
            say(suite, "UNSUPPORTED %s\n  replay: --case \"%s\"\n", name, line);
        tell_finding(suite, name, device, result, line);
        return;
    case CASE_PASSED:
        tally->run++;
        tally->passed++;
        return;
    case CASE_FAILED:
        tally->run++;
        if (tally->failed++ < FAILURES_SHOWN || suite->options->verbose)
            say(suite, "FAIL %s\n  %s\n  replay: --case \"%s\"\n", name, result->message, line);
        tell_finding(suite, name, device, result, line);
        return;
    }
}

static void judge(struct suite *suite, const struct conformance_case *c, const char *line)
{
    struct case_result result;
    conformance_set_current_case(line);
    conformance_case_run(suite->log, c, suite->tested, suite->oracle, &result);
    conformance_set_current_case("");
    const enum form form = result.f16 ? FORM_F16 : result.batch16 ? FORM_BATCH16 : FORM_ROW_MAJOR;
    count(suite, &suite->tallies[c->op->op][form], tuff_op_info(c->op->op)->name, false,
          tuff_op_info(c->op->op)->fused || tuff_op_info(c->op->op)->for_f16, &result, line);
}

// Counts a case, and says its line where that is wanted.
static void announce(struct suite *suite, const char *line)
{
    suite->listed++;
    if (suite->tested == NULL || suite->options->verbose) {
        say(suite, "%s\n", line);
        if (suite->out != NULL)
            fflush(suite->out);
    }
}

static void visit_device_check(struct suite *suite, const struct device_check *check)
{
    char line[CONFORMANCE_LINE_BYTES];
    struct case_result result = {.verdict = CASE_PASSED};
    struct device_trial trial = {.target = suite->tested, .seed = suite->options->seed, .result = &result};
    device_check_format(check, line);
    announce(suite, line);
    if (suite->tested == NULL)
        return;
    conformance_set_current_case(line);
    check->run(&trial);
    conformance_set_current_case("");
    count(suite, &suite->device_tallies[check->row], device_row_name(check->row), true, false, &result, line);
}

// row: DEVICE_ROW_COUNT: all.
static void visit_device(struct suite *suite, enum device_row row)
{
    for (size_t i = 0; i < DEVICE_CHECK_COUNT && !suite->device_lost; i++)
        if (row == DEVICE_ROW_COUNT || device_check_at(i)->row == row)
            visit_device_check(suite, device_check_at(i));
}

static void visit(struct suite *suite, const struct conformance_case *c)
{
    char line[CONFORMANCE_LINE_BYTES];
    conformance_case_format(c, line);
    announce(suite, line);
    if (suite->tested != NULL)
        judge(suite, c, line);
}

// Which cases of an op.
struct kind {
    enum tuff_layout layout;
    enum case_precision precision;
};

static enum tuff_status visit_shape(struct suite *suite, const struct conformance_op *op, struct kind kind,
                                    const void *shape)
{
    struct conformance_case c;
    if (suite->device_lost)
        return TUFF_OK;
    enum tuff_status status =
        conformance_case_create(suite->log, op, kind.layout, suite->options->seed, shape, &c);
    if (status != TUFF_OK)
        return status;
    c.precision = kind.precision;
    visit(suite, &c);
    conformance_case_clear(&c);
    return TUFF_OK;
}

static enum tuff_status visit_table(struct suite *suite, const struct conformance_op *op, struct kind kind,
                                    const void *shapes, size_t count)
{
    const char *shape = shapes;
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; i < count && status == TUFF_OK; i++)
        status = visit_shape(suite, op, kind, shape + i * op->shape_size);
    return status;
}

static enum tuff_status visit_kind(struct suite *suite, const struct conformance_op *op, struct kind kind)
{
    enum tuff_status status = visit_table(suite, op, kind, op->corners, op->corner_count);
    if (status == TUFF_OK && suite->options->large)
        status = visit_table(suite, op, kind, op->large, op->large_count);
    if (op->draw == NULL)
        return status;
    uint32_t count = conformance_random_cases(op, kind.precision, suite->options->count);
    struct draw draw = {.seed = suite->options->seed, .stream = (uint32_t)op->op * 2 + (uint32_t)kind.layout};
    for (uint32_t i = 0; i < count && status == TUFF_OK; i++) {
        _Alignas(16) unsigned char shape[256];
        if (op->shape_size > sizeof shape)
            return tuff_fail(suite->log, TUFF_ERROR_INTERNAL, "a shape of %zu bytes, expected at most %zu",
                             op->shape_size, sizeof shape);
        memset(shape, 0, sizeof shape);
        op->draw(&draw, shape);
        status = visit_shape(suite, op, kind, shape);
    }
    return status;
}

// The one case of the options' line.
static enum tuff_status visit_line(struct suite *suite)
{
    const struct device_check *check = device_check_find(suite->options->case_line);
    struct conformance_case c;
    if (check != NULL) {
        visit_device_check(suite, check);
        return TUFF_OK;
    }
    enum tuff_status status = conformance_case_parse(suite->log, suite->options->case_line, &c);
    if (status == TUFF_OK) {
        visit(suite, &c);
        conformance_case_clear(&c);
    }
    return status;
}

static enum tuff_status visit_op(struct suite *suite, enum tuff_op index)
{
    const struct conformance_op *op = conformance_op_cases(index);
    const uint64_t before = suite->listed;
    enum tuff_status status = TUFF_OK;
    for (enum case_precision p = CASE_PRECISION_F32; p <= CASE_PRECISION_F16_F32 && status == TUFF_OK; p++)
        if (conformance_op_has_precision(op, p))
            status = visit_kind(suite, op, (struct kind){TUFF_LAYOUT_ROW_MAJOR, p});
    if (status == TUFF_OK && op->batched)
        status = visit_kind(suite, op, (struct kind){TUFF_LAYOUT_BATCH16, CASE_PRECISION_F32});
    if (status == TUFF_OK && suite->listed == before && !suite->device_lost)
        status = tuff_fail(suite->log, TUFF_ERROR_INTERNAL, "%s has no cases", tuff_op_info(index)->name);
    return status;
}

static enum tuff_status visit_all(struct suite *suite)
{
    const char *only = suite->options->op;
    enum tuff_op op;
    enum tuff_status status = TUFF_OK;
    if (suite->options->case_line != NULL)
        return visit_line(suite);
    if (only == NULL || device_row_find(only) != DEVICE_ROW_COUNT) {
        visit_device(suite, only == NULL ? DEVICE_ROW_COUNT : device_row_find(only));
        for (op = 0; op < TUFF_OP_COUNT && status == TUFF_OK && only == NULL; op++)
            status = visit_op(suite, op);
        return status;
    }
    status = conformance_op_find(suite->log, only, &op);
    return status == TUFF_OK ? visit_op(suite, op) : status;
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

static void tell_row(const struct suite *suite, const char *name, bool device, enum form form,
                     const struct tally *tally)
{
    const struct tuff_check_observer *observer = suite->options->observer;
    const struct tuff_check_row row = {
        .op = name,
        .layout = form == FORM_BATCH16 ? TUFF_LAYOUT_BATCH16 : TUFF_LAYOUT_ROW_MAJOR,
        .run = tally->run,
        .passed = tally->passed,
        .failed = tally->failed,
        .unsupported = tally->unsupported,
        .unused = tally->unused,
        .worst_error = tally->worst_ratio,
        .device = device,
        .f16 = form == FORM_F16,
    };
    if (observer != NULL && observer->row != NULL)
        observer->row(observer->user, &row);
}

// One row of the table, if it had cases.
static void add_row(const struct suite *suite, const char *name, bool device, enum form form,
                    const struct tally *tally, struct tuff_check_totals *totals)
{
    totals->run += tally->run;
    totals->passed += tally->passed;
    totals->failed += tally->failed;
    totals->unsupported += tally->unsupported;
    totals->unused += tally->unused;
    if (tally->run + tally->unsupported + tally->unused == 0)
        return;
    print_tally(suite, name, device ? "-" : form_names[form], tally);
    tell_row(suite, name, device, form, tally);
}

static void summarize(struct suite *suite, struct tuff_check_totals *totals)
{
    *totals = (struct tuff_check_totals){0};
    say(suite, "\n%-32s %-10s %5s %7s %7s %12s %10s\n", "op", "layout", "run", "passed", "failed",
        "unsupported", "error");
    for (enum device_row row = 0; row < DEVICE_ROW_COUNT; row++)
        add_row(suite, device_row_name(row), true, FORM_ROW_MAJOR, &suite->device_tallies[row], totals);
    for (enum tuff_op op = 0; op < TUFF_OP_COUNT; op++)
        for (enum form form = FORM_ROW_MAJOR; form < FORM_COUNT; form++)
            add_row(suite, tuff_op_info(op)->name, false, form, &suite->tallies[op][form], totals);
    say(suite,
        "\n%s against %s, seed %" PRIu64 ": %" PRIu64 " cases run, %" PRIu64 " passed, %" PRIu64
        " failed, %" PRIu64 " unsupported (error: the greatest one as a part of its tolerance)\n",
        suite->tested->backend_name, suite->oracle->backend_name, suite->options->seed, totals->run,
        totals->passed, totals->failed, totals->unsupported);
}

// The options as this library knows them, whatever its caller was built with.
struct known_options {
    struct tuff_check_options options;
    struct tuff_check_observer observer;
};

static const struct tuff_check_options *known_options(struct known_options *known,
                                                      const struct tuff_check_options *given)
{
    *known = (struct known_options){0};
    memcpy(&known->options, given, given->size < sizeof known->options ? given->size : sizeof known->options);
    const struct tuff_check_observer *observer = known->options.observer;
    if (observer != NULL) {
        memcpy(&known->observer, observer,
               observer->size < sizeof known->observer ? observer->size : sizeof known->observer);
        known->options.observer = &known->observer;
    }
    return &known->options;
}

enum tuff_status tuff_check_run(struct tuff_target *tested, struct tuff_target *oracle,
                                const struct tuff_check_options *options, FILE *out,
                                struct tuff_check_totals *totals)
{
    struct known_options known;
    struct suite suite = {.log = tested->log,
                          .tested = tested,
                          .oracle = oracle,
                          .options = known_options(&known, options),
                          .out = out};
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
    if (totals->unsupported > 0 && !suite.options->allow_unsupported)
        return tuff_fail(suite.log, TUFF_ERROR_UNSUPPORTED, "%" PRIu64 " cases are unsupported",
                         totals->unsupported);
    if (totals->run == 0)
        return tuff_fail(suite.log, TUFF_ERROR_NOT_FOUND, "no case ran");
    return TUFF_OK;
}

enum tuff_status tuff_check_list_cases(const struct tuff_log *log, const struct tuff_check_options *options,
                                       FILE *out)
{
    struct known_options known;
    struct suite suite = {.log = log, .options = known_options(&known, options), .out = out};
    enum tuff_status status = visit_all(&suite);
    if (status == TUFF_OK && suite.listed == 0)
        return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "no case to list");
    return status;
}
