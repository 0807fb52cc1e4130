// What the files of tuff bench share: what is asked for and measured (bench.c), how it is shown
// (bench_text.c, bench_json.c, bench_trace.c), made-up data (bench_data.c).
#ifndef TUFF_TOOL_BENCH_H
#define TUFF_TOOL_BENCH_H

#include <stdio.h>

#include <jansson.h>

#include "setup.h"
#include "tuff/bench.h"

struct bench_settings {
    const char *model;
    struct target_settings target;
    struct data_settings data; // name: NULL: made-up images
    struct tuff_trainer_options trainer;
    struct option_choice optimizer, precision;
    double seconds;
    bool evaluation, profile, no_peak, no_fusion, checkpoint_activations;
    const char *json, *trace; // files; "-" is stdout; NULL: none
};

// What the command did and when, for the trace and for how long it took to begin.
struct bench_phase {
    const char *name;
    double begin, end; // seconds since the command's start
};
enum { BENCH_PHASES_MAX = 24 };

// The ops of one profiled step, or its dispatches, on the device.
struct bench_timeline {
    double at; // seconds since the command's start
    double *begin, *end;
};
enum { BENCH_TIMELINES_MAX = 20 };
struct bench_timelines {
    struct bench_timeline steps[BENCH_TIMELINES_MAX]; // the first ones
    size_t count;
};

struct bench_results {
    double start; // of the command, on the monotonic clock
    struct bench_phase phases[BENCH_PHASES_MAX];
    size_t phase_count;
    double first_step;        // seconds from the command's start to the end of the first step
    uint32_t batch, threads;  // threads: 0: not known
    char instruction_set[64]; // "": not known
    uint64_t data_count;
    const char *data_name;
    bool data_made_up;
    struct tuff_memory_plan memory;
    uint64_t resident; // most bytes of the process before the peak was measured
    struct tuff_bench_times times;
    struct tuff_bench_peak_result peak;     // samples is 0: not measured
    struct tuff_bench_limits_result limits; // likewise
    double flops, bytes;                    // of a step
    uint32_t op_count;
    struct tuff_bench_op *ops;
    struct tuff_bench_profile profile; // steps is 0: none
    uint32_t dispatch_count;           // 0: the backend tells of none
    struct tuff_bench_dispatch *dispatches;
    double replay; // seconds of such a step, median
    struct bench_timelines op_lines, dispatch_lines;
};

// The profile's ops of one kind, together.
struct bench_kind {
    const char *op;
    uint32_t calls; // in a step
    double seconds, flops, bytes;
};
// The greatest first; at most op_count of them, in kinds. Returns how many there are.
size_t bench_kinds(const struct bench_results *results, struct bench_kind *kinds);
// Seconds of all ops of a step together.
double bench_sum(const struct bench_results *results);
// The same of all dispatches.
double bench_dispatch_sum(const struct bench_results *results);

// What part of what bounds it an op reaches: the greater of its FLOP rate by the matrix product's and its
// byte rate by the copy's. More than 1 where caches hold what it reads. 0: not known.
struct bench_share {
    double part;
    bool of_bytes; // which of the two it is
};
struct bench_share bench_share(const struct bench_results *results, double flops, double bytes,
                               double seconds);

// What a dispatch does: "conv2d_forward conv1" for each of its ops. An array.
json_t *bench_ops_json(const struct bench_results *results, const struct tuff_bench_dispatch *dispatch);

// Images and labels of a model's input, drawn from a seed: as many as fit 32 MiB, but at least those of
// `least` samples and at most 60,000. Failure: an error is shown.
TUFF_MUST_CHECK enum tuff_status bench_make_data(const struct tuff_model *model, uint64_t seed,
                                                 uint64_t least, struct tuff_dataset **dataset);
void bench_free_data(struct tuff_dataset **dataset); // NULL-safe, nulls

void bench_print(FILE *out, const struct bench_settings *settings, const struct setup *setup,
                 const struct bench_results *results);
// Writes the files that the settings name. Failure: an error is shown.
TUFF_MUST_CHECK enum tuff_status bench_write_json(const struct bench_settings *settings,
                                                  const struct setup *setup,
                                                  const struct bench_results *results);
TUFF_MUST_CHECK enum tuff_status bench_write_trace(const struct bench_settings *settings,
                                                   const struct setup *setup,
                                                   const struct bench_results *results);

#endif
