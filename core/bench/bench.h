// What the files of a bench share: its loop of steps and their times (bench.c), the times of ops (profile.c)
// and of dispatches (dispatches.c).
#ifndef TUFF_CORE_BENCH_H
#define TUFF_CORE_BENCH_H

#include "train/trainer_parts.h"
#include "tuff/bench.h"

// Times that are collected.
struct bench_samples {
    double *seconds;
    size_t count, capacity;
};

struct bench_op {
    char layer[64];
    struct bench_samples samples;
};

struct bench_dispatch {
    const char *kernel; // the capture's, as all pointers here
    uint32_t call_count;
    const uint32_t *calls;
    uint64_t invocations;
    struct bench_samples samples;
};

struct tuff_bench {
    struct tuff_trainer *trainer;
    struct tuff_pass *pass;
    struct tuff_runner *runner;
    bool training;
    uint32_t steps;     // of the loop: whole batches on the device
    uint32_t next;      // of them: `steps` if the loop has to begin anew
    uint32_t steps_run; // in all
    uint32_t *order;
    struct tuff_step_row *rows;
    uint32_t group; // steps in a group; 0: not known yet
    struct bench_samples groups;
    struct bench_op *ops; // one for each of the runner's calls
    struct bench_samples profiled;
    uint32_t profile_calls;       // ops that a profile submits at a time; 0: not known yet
    struct tuff_capture *capture; // that is profiled; NULL: none
    uint32_t dispatch_count;
    struct bench_dispatch *dispatches;
    struct bench_samples replayed; // of that capture: from the first dispatch's begin to the last one's end
};

double tuff_bench_clock(void); // seconds on the monotonic clock

// Sees to it that `steps` steps, at most bench->steps, can run without the host, and counts them as run.
TUFF_MUST_CHECK enum tuff_status tuff_bench_make_room(struct tuff_bench *bench, uint32_t steps);

TUFF_MUST_CHECK enum tuff_status tuff_bench_add(const struct tuff_bench *bench, struct bench_samples *samples,
                                                double seconds);
// Whether so many samples in `elapsed` seconds are enough where `seconds` were asked for: at least 5, but
// fewer, at least 1, where those would take ten times as long.
bool tuff_bench_enough(uint32_t samples, double elapsed, double seconds);

// Destroys the capture and what is known of its dispatches.
void tuff_bench_forget_dispatches(struct tuff_bench *bench);

// part: 0.5 for the median, 0 for the least. 0 if there are none.
double tuff_bench_quantile(const struct bench_samples *samples, double part);

#endif
