// One case, judged.
#ifndef TUFF_CONFORMANCE_HARNESS_H
#define TUFF_CONFORMANCE_HARNESS_H

#include "backend/target.h"

#include "case.h"

enum case_verdict {
    CASE_PASSED,
    CASE_FAILED,
    CASE_UNSUPPORTED, // the backend would be asked for this, and declines
    CASE_UNUSED,      // a layout that the backend neither asks for nor accepts, or float16
};

struct case_result {
    enum case_verdict verdict;
    bool device_lost;
    bool batch16;       // some tensor of the case is BATCH16
    bool f16;           // some tensor of the case is float16
    double worst_ratio; // greatest error as a part of its tolerance
    char message[1024]; // why it failed
};

// The line of the case that runs from now on, for tuff_check_current_case; "": none.
void conformance_set_current_case(const char *line);

// Runs the case on `tested` (at once twice, captured, in place), and judges it by `oracle`.
void conformance_case_run(const struct tuff_log *log, const struct conformance_case *c,
                          struct tuff_target *tested, struct tuff_target *oracle, struct case_result *result);

#endif
