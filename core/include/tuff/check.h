// Conformance: compares a backend's kernels with those of another (the reference plugin, the oracle), op by
// op, through the plugin ABI alone.
//
// Each case is checked for: results within a stated tolerance, every output element written, nothing written
// outside of outputs, inputs unchanged, padding lanes as tensor.h demands, identical bits from run to run and
// from a captured replay, aliasing where the op allows it, and arguments that are gone after the kernel has
// returned.
#ifndef TUFF_CHECK_H
#define TUFF_CHECK_H

#include <stdbool.h>
#include <stdio.h>

#include "context.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tuff_check_options {
    size_t size;
    const char *op;         // only this one; NULL: all
    const char *case_line;  // only this case, in the form that failures print; NULL: all
    uint64_t seed;          // of the random cases and of all data
    uint32_t count;         // random cases per costly op and layout; a quarter of that for the cheap ones
    bool large;             // also the cases that need much memory
    bool allow_unsupported; // ops and cases that the backend does not support do not make the run fail
    bool verbose;           // name every case before it runs
};

enum { TUFF_CHECK_DEFAULT_COUNT = 48 };

struct tuff_check_totals {
    uint64_t run, passed, failed;
    uint64_t unsupported; // rejected by the backend although it would be asked for them
    uint64_t unused;      // BATCH16 cases of a backend that neither asks for that layout nor accepts it
};

// Runs the cases on `tested` and judges them by `oracle`. Writes failures and a table to `out`.
// TUFF_OK only if at least one case ran, none failed and, unless allowed, none was unsupported. Both targets
// must be idle; they are left so. totals may be NULL. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_check_run(struct tuff_target *tested,
                                                         struct tuff_target *oracle,
                                                         const struct tuff_check_options *options, FILE *out,
                                                         struct tuff_check_totals *totals);

// Prints the lines of the cases that would run, one by one. Fails if there are none.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_check_list_cases(const struct tuff_log *log, const struct tuff_check_options *options, FILE *out);

// The line of the case that is running, "" if none is; for a signal handler that reports where it crashed.
TUFF_API const char *tuff_check_current_case(void);

#ifdef __cplusplus
}
#endif

#endif
