// The results of tuff check as one JSON document.
#ifndef TUFF_TOOL_CHECK_JSON_H
#define TUFF_TOOL_CHECK_JSON_H

#include <stdbool.h>

#include "tuff/check.h"

struct check_report;

// Opens `path` ("-" is stdout) and makes an empty document. perf: one of times. Failure: an error is shown.
TUFF_MUST_CHECK enum tuff_status check_report_create(const char *path, bool perf,
                                                     struct check_report **report);

// What runs: versions, devices and settings. Not called: the document says that nothing ran.
void check_report_begin(struct check_report *report, struct tuff_context *context, struct tuff_target *tested,
                        struct tuff_target *oracle, const struct tuff_check_options *options);
// Collects rows and findings into `report`, which outlives the run.
struct tuff_check_observer check_report_observer(struct check_report *report);
// How the run went. NULL-safe.
void check_report_end(struct check_report *report, enum tuff_status status,
                      const struct tuff_check_totals *totals);

// The same for tuff check --perf. against: NULL: none.
void check_report_begin_perf(struct check_report *report, struct tuff_context *context,
                             struct tuff_target *tested, struct tuff_target *against,
                             const struct tuff_check_perf_options *options);
void check_report_measurement(struct check_report *report,
                              const struct tuff_check_measurement *measurement); // NULL-safe
void check_report_end_perf(struct check_report *report, enum tuff_status status,
                           const struct tuff_check_perf_totals *totals); // NULL-safe

// Writes the document and closes the file; *report is destroyed and becomes NULL. NULL-safe. errors_logged:
// every case passed, but an error was logged, which makes the result a failure. Failure: an error is shown.
TUFF_MUST_CHECK enum tuff_status check_report_write(struct check_report **report, bool errors_logged);

#endif
