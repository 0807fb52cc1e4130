#include "check_json.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "json_output.h"

struct check_report {
    const char *path;
    FILE *file;
    json_t *document, *rows, *failures, *unsupported; // the three are part of the document
    enum tuff_status status;                          // of the run
    bool incomplete;                                  // memory ran out
};

// Puts a value whose reference is taken into the document.
static void put(struct check_report *report, const char *key, json_t *value)
{
    if (json_object_set_new(report->document, key, value) != 0)
        report->incomplete = true;
}

// Appends an item whose reference is taken.
static void append(struct check_report *report, json_t *list, json_t *item)
{
    if (json_array_append_new(list, item) != 0)
        report->incomplete = true;
}

static void destroy(struct check_report **report)
{
    struct check_report *r = *report;
    if (r->file != NULL && r->file != stdout)
        fclose(r->file);
    json_decref(r->document);
    free(r);
    *report = NULL;
}

static bool make_lists(struct check_report *report, bool perf)
{
    report->document = json_object();
    report->rows = json_array();
    report->failures = json_array();
    report->unsupported = json_array();
    put(report, "tuff", json_string(TUFF_VERSION));
    put(report, "abi", json_sprintf("%d.%d", TUFF_ABI_MAJOR, TUFF_ABI_MINOR));
    put(report, perf ? "cases" : "ops", report->rows);
    put(report, "failures", report->failures);
    put(report, "unsupported", report->unsupported);
    return !report->incomplete;
}

enum tuff_status check_report_create(const char *path, bool perf, struct check_report **report)
{
    struct check_report *made = calloc(1, sizeof *made);
    *report = NULL;
    if (made == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    made->path = path;
    made->status = TUFF_ERROR_NOT_FOUND; // until something has run
    if (!make_lists(made, perf)) {
        console_error("out of memory");
        destroy(&made);
        return TUFF_ERROR_MEMORY;
    }
    made->file = strcmp(path, "-") == 0 ? stdout : fopen(path, "w");
    if (made->file == NULL) {
        console_error("cannot write '%s': %s", path, strerror(errno));
        destroy(&made);
        return TUFF_ERROR_IO;
    }
    *report = made;
    return TUFF_OK;
}

static json_t *target_json(struct tuff_context *context, const struct tuff_target *target)
{
    const struct tuff_device_info *info = tuff_target_info(target);
    struct tuff_plugin_info plugin = {.version = "", .path = ""};
    for (size_t i = 0; i < tuff_context_plugin_count(context); i++) {
        struct tuff_plugin_info candidate;
        tuff_context_plugin_info(context, i, &candidate);
        if (candidate.status == TUFF_OK && strcmp(candidate.name, tuff_target_backend(target)) == 0) {
            plugin = candidate;
            break;
        }
    }
    return json_pack("{s:s, s:o, s:o, s:o, s:o}", "name", tuff_target_backend(target), "version",
                     json_name(plugin.version), "path", json_name(plugin.path), "device",
                     json_name(info->name), "driver", json_name(info->driver));
}

void check_report_begin(struct check_report *report, struct tuff_context *context, struct tuff_target *tested,
                        struct tuff_target *oracle, const struct tuff_check_options *options)
{
    put(report, "backend", target_json(context, tested));
    put(report, "against", target_json(context, oracle));
    put(report, "seed", json_sprintf("%" PRIu64, options->seed));
    put(report, "count", json_integer((json_int_t)options->count));
    put(report, "op", options->op == NULL ? json_null() : json_name(options->op));
    put(report, "case", options->case_line == NULL ? json_null() : json_name(options->case_line));
    put(report, "large", json_boolean(options->large));
    put(report, "allow_unsupported", json_boolean(options->allow_unsupported));
}

// NULL, which becomes null: buffers and streams have none.
static const char *layout_name(enum tuff_layout layout, bool device, bool f16)
{
    return device ? NULL : f16 ? "float16" : layout == TUFF_LAYOUT_BATCH16 ? "batch16" : "row_major";
}

static void add_finding(void *user, const struct tuff_check_finding *finding)
{
    struct check_report *report = user;
    if (finding->unsupported)
        append(report, report->unsupported,
               json_pack("{s:s, s:s?, s:s}", "op", finding->op, "layout",
                         layout_name(finding->layout, finding->device, finding->f16), "replay",
                         finding->replay));
    else
        append(report, report->failures,
               json_pack("{s:s, s:s?, s:s, s:s}", "op", finding->op, "layout",
                         layout_name(finding->layout, finding->device, finding->f16), "message",
                         finding->message, "replay", finding->replay));
}

static void add_row(void *user, const struct tuff_check_row *row)
{
    struct check_report *report = user;
    append(report, report->rows,
           json_pack("{s:s, s:s?, s:I, s:I, s:I, s:I, s:I, s:f}", "op", row->op, "layout",
                     layout_name(row->layout, row->device, row->f16), "run", (json_int_t)row->run, "passed",
                     (json_int_t)row->passed, "failed", (json_int_t)row->failed, "unsupported",
                     (json_int_t)row->unsupported, "unused", (json_int_t)row->unused, "worst_error",
                     row->worst_error));
}

struct tuff_check_observer check_report_observer(struct check_report *report)
{
    return (struct tuff_check_observer){
        .size = sizeof(struct tuff_check_observer), .user = report, .finding = add_finding, .row = add_row};
}

void check_report_end(struct check_report *report, enum tuff_status status,
                      const struct tuff_check_totals *totals)
{
    if (report == NULL)
        return;
    report->status = status;
    put(report, "totals",
        json_pack("{s:I, s:I, s:I, s:I, s:I}", "run", (json_int_t)totals->run, "passed",
                  (json_int_t)totals->passed, "failed", (json_int_t)totals->failed, "unsupported",
                  (json_int_t)totals->unsupported, "unused", (json_int_t)totals->unused));
}

// -- perf

void check_report_begin_perf(struct check_report *report, struct tuff_context *context,
                             struct tuff_target *tested, struct tuff_target *against,
                             const struct tuff_check_perf_options *options)
{
    put(report, "backend", target_json(context, tested));
    put(report, "against", against == NULL ? json_null() : target_json(context, against));
    put(report, "seed", json_sprintf("%" PRIu64, options->seed));
    put(report, "op", options->op == NULL ? json_null() : json_name(options->op));
    put(report, "case", options->case_line == NULL ? json_null() : json_name(options->case_line));
    put(report, "seconds", json_real(options->seconds));
}

// null if nothing was timed.
static json_t *time_json(const struct tuff_check_time *time, double flops, double bytes)
{
    if (time->result != TUFF_CHECK_TIMED)
        return json_null();
    return json_pack("{s:s, s:b, s:i, s:I, s:f, s:f, s:f, s:f}", "layout",
                     layout_name(time->layout, false, false), "captured", time->captured, "samples",
                     (int)time->samples, "calls", (json_int_t)time->calls, "median_seconds", time->median,
                     "best_seconds", time->best, "gflops", 1e-9 * flops / time->median, "gbytes_per_second",
                     1e-9 * bytes / time->median);
}

static json_t *ratio_json(const struct tuff_check_measurement *m)
{
    if (m->tested.result != TUFF_CHECK_TIMED || m->against.result != TUFF_CHECK_TIMED)
        return json_null();
    return json_real(m->against.median / m->tested.median);
}

void check_report_measurement(struct check_report *report, const struct tuff_check_measurement *m)
{
    if (report == NULL)
        return;
    const char *layout = layout_name(m->tested.layout, false, false);
    if (m->message[0] != '\0')
        append(report, report->failures,
               json_pack("{s:s, s:s, s:s, s:s}", "op", m->op, "layout", layout, "message", m->message,
                         "replay", m->replay));
    if (m->tested.result == TUFF_CHECK_TIME_UNSUPPORTED)
        append(report, report->unsupported,
               json_pack("{s:s, s:s, s:s}", "op", m->op, "layout", layout, "replay", m->replay));
    if (m->tested.result == TUFF_CHECK_TIMED)
        append(report, report->rows,
               json_pack("{s:s, s:s, s:s, s:f, s:f, s:o, s:o, s:o}", "op", m->op, "sizes", m->sizes, "replay",
                         m->replay, "flops", m->flops, "bytes", m->bytes, "time",
                         time_json(&m->tested, m->flops, m->bytes), "against",
                         time_json(&m->against, m->flops, m->bytes), "ratio", ratio_json(m)));
}

void check_report_end_perf(struct check_report *report, enum tuff_status status,
                           const struct tuff_check_perf_totals *totals)
{
    if (report == NULL)
        return;
    report->status = status;
    put(report, "totals",
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:o}", "cases", (json_int_t)totals->cases, "timed",
                  (json_int_t)totals->timed, "unsupported", (json_int_t)totals->unsupported, "failed",
                  (json_int_t)totals->failed, "compared", (json_int_t)totals->compared, "mean_ratio",
                  totals->compared > 0 ? json_real(totals->mean_ratio) : json_null()));
}

enum tuff_status check_report_write(struct check_report **report, bool errors_logged)
{
    struct check_report *r = *report;
    enum tuff_status status = TUFF_OK;
    if (r == NULL)
        return TUFF_OK;
    bool passed = r->status == TUFF_OK && !errors_logged;
    put(r, "result", json_string(passed ? "passed" : "failed"));
    put(r, "status", json_string(tuff_status_name(r->status)));
    put(r, "errors_logged", json_boolean(errors_logged));
    char *text = r->incomplete ? NULL : json_text(r->document, JSON_INDENT(2));
    if (text == NULL) {
        console_error("out of memory: no results are written to '%s'", r->path);
        status = TUFF_ERROR_MEMORY;
    } else if (fputs(text, r->file) == EOF || fputc('\n', r->file) == EOF || fflush(r->file) != 0) {
        console_error("cannot write '%s': %s", r->path, strerror(errno));
        status = TUFF_ERROR_IO;
    }
    if (r->file != stdout && fclose(r->file) != 0 && status == TUFF_OK) {
        console_error("cannot write '%s': %s", r->path, strerror(errno));
        status = TUFF_ERROR_IO;
    }
    r->file = NULL;
    free(text);
    destroy(report);
    return status;
}
