#include "check_perf.h"

#include <inttypes.h>
#include <stdio.h>

#include "console.h"
#include "format.h"
#include "interrupt.h"

struct printer {
    FILE *out;
    const struct tuff_target *tested, *against; // against: NULL: none
    struct check_report *report;
    bool whole_lines; // of cases, as --case takes them
    uint64_t few;     // cases with fewer samples than are wanted
};

enum { ENOUGH_SAMPLES = 5 };

static struct text rate(double amount, double seconds)
{
    return amount > 0 ? format_digits(1e-9 * amount / seconds) : (struct text){"-"};
}

static void print_header(const struct printer *printer)
{
    fprintf(printer->out, "\n%-31s %-9s %11s %10s %8s %8s", "op", "layout", "median", "best", "GFLOP/s",
            "GB/s");
    if (printer->against != NULL)
        fprintf(printer->out, " %11s %8s", tuff_target_backend(printer->against), "ratio");
    fprintf(printer->out, "  case\n");
}

static void print_times(struct printer *printer, const struct tuff_check_measurement *m)
{
    const struct tuff_check_time *tested = &m->tested, *against = &m->against;
    if (tested->result == TUFF_CHECK_TIMED)
        fprintf(printer->out, " %11s %10s %8s %8s", format_duration(tested->median).s,
                format_duration(tested->best).s, rate(m->flops, tested->median).s,
                rate(m->bytes, tested->median).s);
    else
        fprintf(printer->out, " %11s %10s %8s %8s",
                tested->result == TUFF_CHECK_TIME_UNSUPPORTED ? "unsupported" : "-", "-", "-", "-");
    if (printer->against == NULL)
        return;
    if (against->result != TUFF_CHECK_TIMED)
        fprintf(printer->out, " %11s %8s",
                against->result == TUFF_CHECK_TIME_UNSUPPORTED ? "unsupported" : "-", "-");
    else
        fprintf(printer->out, " %11s %8s", format_duration(against->median).s,
                tested->result == TUFF_CHECK_TIMED ? format_digits(against->median / tested->median).s : "-");
}

static bool too_few(const struct tuff_check_time *time)
{
    return time->result == TUFF_CHECK_TIMED && time->samples < ENOUGH_SAMPLES;
}

static void print_measurement(void *user, const struct tuff_check_measurement *m)
{
    struct printer *printer = user;
    const bool few = too_few(&m->tested) || too_few(&m->against);
    printer->few += few ? 1 : 0;
    check_report_measurement(printer->report, m);
    if (m->message[0] != '\0')
        fprintf(printer->out, "FAIL %s\n  %s\n  replay: --perf --case \"%s\"\n", m->op, m->message,
                m->replay);
    fprintf(printer->out, "%-31s %-9s", m->op,
            m->tested.layout == TUFF_LAYOUT_BATCH16 ? "batch16" : "row-major");
    print_times(printer, m);
    fprintf(printer->out, "  %s%s\n", printer->whole_lines ? m->replay : m->sizes, few ? " *" : "");
    fflush(printer->out);
}

static void print_summary(const struct printer *printer, const struct tuff_check_perf_totals *totals,
                          bool stopped)
{
    if (printer->few > 0)
        fprintf(printer->out, "* fewer than %d samples, since they take long: less certain\n",
                ENOUGH_SAMPLES);
    fprintf(printer->out,
            "\n%s: %" PRIu64 " of %" PRIu64 " cases timed, %" PRIu64 " unsupported, %" PRIu64 " failed%s\n",
            tuff_target_backend(printer->tested), totals->timed, totals->cases, totals->unsupported,
            totals->failed, stopped ? "; stopped by a signal" : "");
    if (totals->compared > 0)
        fprintf(printer->out,
                "ratio: how many times as long %s takes, by the medians; %s on (geometric) average\n",
                tuff_target_backend(printer->against), format_digits(totals->mean_ratio).s);
}

static bool must_stop(void *user)
{
    (void)user;
    return interrupt_signal() != 0;
}

static struct tuff_check_perf_options options_of(const struct tuff_check_options *options)
{
    return (struct tuff_check_perf_options){.size = sizeof(struct tuff_check_perf_options),
                                            .op = options->op,
                                            .case_line = options->case_line,
                                            .seed = options->seed};
}

enum tuff_status check_perf(const struct check_perf_settings *settings,
                            const struct tuff_check_options *options, struct tuff_context *context,
                            struct tuff_target *tested, struct tuff_target *against,
                            struct check_report *report, bool to_stderr)
{
    struct printer printer = {.out = to_stderr ? stderr : stdout,
                              .tested = tested,
                              .against = against,
                              .report = report,
                              .whole_lines = options->verbose};
    struct tuff_check_perf_options perf = options_of(options);
    struct tuff_check_perf_totals totals = {.cases = 0};
    perf.seconds = settings->seconds;
    perf.measurement = print_measurement;
    perf.stop = must_stop;
    perf.user = &printer;
    fprintf(printer.out, "%s on %s (%s)\n", tuff_target_backend(tested), tuff_target_info(tested)->name,
            tuff_target_info(tested)->driver);
    if (against != NULL)
        fprintf(printer.out, "against %s on %s (%s)\n", tuff_target_backend(against),
                tuff_target_info(against)->name, tuff_target_info(against)->driver);
    print_header(&printer);
    if (report != NULL)
        check_report_begin_perf(report, context, tested, against, &perf);
    interrupt_catch();
    enum tuff_status status = tuff_check_perf(tested, against, &perf, &totals);
    if (totals.cases > 0)
        print_summary(&printer, &totals, status == TUFF_ERROR_INTERRUPTED);
    check_report_end_perf(report, status, &totals);
    return status;
}

enum tuff_status check_perf_list_cases(const struct tuff_log *log, const struct tuff_check_options *options)
{
    const struct tuff_check_perf_options perf = options_of(options);
    return tuff_check_list_perf_cases(log, &perf, stdout);
}
