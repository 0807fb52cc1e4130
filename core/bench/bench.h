// What the files of a bench share: its loop of steps and their times (bench.c), the times of ops (profile.c).
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
};

double tuff_bench_clock(void); // seconds on the monotonic clock

// Sees to it that `steps` steps, at most bench->steps, can run without the host, and counts them as run.
TUFF_MUST_CHECK enum tuff_status tuff_bench_make_room(struct tuff_bench *bench, uint32_t steps);

TUFF_MUST_CHECK enum tuff_status tuff_bench_add(const struct tuff_bench *bench, struct bench_samples *samples,
                                                double seconds);
// part: 0.5 for the median, 0 for the least. 0 if there are none.
double tuff_bench_quantile(const struct bench_samples *samples, double part);

#endif
