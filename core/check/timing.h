// The time that one backend takes for one case: its kernel called many times in a row, by the host's clock.
#ifndef TUFF_CONFORMANCE_TIMING_H
#define TUFF_CONFORMANCE_TIMING_H

#include "case.h"
#include "rig.h"

enum { TIMING_MAX_SAMPLES = 1000 };

enum timing_state {
    TIMING_READY,
    TIMING_UNSUPPORTED, // the backend declines the case
    TIMING_FAILED,      // see rig.message, or the log
};

struct timing {
    enum timing_state state;
    struct tuff_target *target;
    struct case_setup setup;
    uint32_t most_calls; // in a row, until the inputs have to be written anew; 0: any number
    struct rig rig;
    struct rig_call call;
    struct tuff_capture *capture; // NULL: the backend cannot capture
    uint32_t calls;               // in a run: those captured, or all of a submission
    uint32_t runs;                // in a sample: replays of the capture, or 1
    double first;                 // seconds that the first call took
    uint32_t sample_count;
    double samples[TIMING_MAX_SAMPLES]; // seconds per call
    enum tuff_status status;            // why it failed
};

// Seconds of a clock that only goes forward.
double timing_now(void);

// Makes inputs and buffers in the layout of the case, and calls the kernel once. The state says how that
// went. The caller destroys the timing whatever it is.
void timing_create(struct tuff_target *target, const struct conformance_case *c, struct timing *timing);
void timing_destroy(struct timing *timing);

// Finds how many calls take about `seconds`. The timing is ready, and may fail.
void timing_calibrate(struct timing *timing, double seconds);
// Takes one sample, unless there are TIMING_MAX_SAMPLES. The timing is calibrated, and may fail.
void timing_sample(struct timing *timing);

// Of at least one sample; seconds per call.
double timing_median(const struct timing *timing);
double timing_best(const struct timing *timing);

#endif
