// tuff check --perf: the time of each op.
#ifndef TUFF_TOOL_CHECK_PERF_H
#define TUFF_TOOL_CHECK_PERF_H

#include "check_json.h"

struct check_perf_settings {
    bool wanted;
    double seconds; // per case and backend
};

// Prints a table of times, and what is amiss, to stdout, or to stderr if `to_stderr`. against: NULL: nobody
// to compare with. report: NULL: none. Signals are caught: the first one stops, and TUFF_ERROR_INTERRUPTED is
// returned. On other failures the reason has been logged.
TUFF_MUST_CHECK enum tuff_status check_perf(const struct check_perf_settings *settings,
                                            const struct tuff_check_options *options,
                                            struct tuff_context *context, struct tuff_target *tested,
                                            struct tuff_target *against, struct check_report *report,
                                            bool to_stderr);
// Prints the cases' lines.
TUFF_MUST_CHECK enum tuff_status check_perf_list_cases(const struct tuff_log *log,
                                                       const struct tuff_check_options *options);

#endif
