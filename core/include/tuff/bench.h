// How fast a trainer's steps are on its target, where their time goes, and what the target can do at best.
#ifndef TUFF_BENCH_H
#define TUFF_BENCH_H

#include "trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

// -- Steps: those of a trainer, as training or evaluation runs them (captured and replayed where the backend can),
// over the set's whole batches in an order of their own, again and again.

struct tuff_bench;

// split: TUFF_SPLIT_TRAIN times training steps, TUFF_SPLIT_TEST those of evaluation. Training steps train: parameters
// and what the optimizer keeps change, while tuff_trainer_position does not know of them, so the trainer is of no use
// for a training afterwards. trainer outlives the bench, and nothing else is done with it meanwhile. Of a set that is
// streamed the first part alone is used, and its transfer is not timed.
// Failure: a trainer without that split, or with batches that run in parts; memory.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_bench_create(struct tuff_trainer *trainer, enum tuff_split split,
                                                            struct tuff_bench **bench);
// NULL-safe, and *bench becomes NULL.
TUFF_API void tuff_bench_destroy(struct tuff_bench **bench);

// Samples of a step: the batch size, or all of a set that has fewer. Evaluation may take several batches at once.
TUFF_API uint32_t tuff_bench_batch(const struct tuff_bench *bench);

// Runs `steps` steps and waits for them. seconds: what that took by the host's clock, without what the host prepares
// once for many steps; may be NULL. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_bench_run(struct tuff_bench *bench, uint32_t steps, double *seconds);

// All that has been measured so far.
struct tuff_bench_times {
    size_t size;                        // set by the caller; no more than that is written
    uint32_t groups;                    // of steps that were timed; 0: nothing was measured
    uint32_t steps;                     // in each of them
    double median, percentile_90, best; // seconds per step, over the groups
};

// Times groups of steps for about `seconds`, which are above 0, each from its submission until the device is done:
// at least 5 groups, but fewer, at least 1, where those would take ten times as long. A group lasts 5 ms or more, so
// that neither a submission nor a reading of the clock blurs it, but has no more steps than the set has batches. The
// first call warms up and finds the size of a group before. May be called again: groups add up. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_bench_measure(struct tuff_bench *bench, double seconds);
TUFF_API void tuff_bench_times(const struct tuff_bench *bench, struct tuff_bench_times *times);

// -- The ops of a step, in the order in which they run.

struct tuff_bench_op {
    size_t size;            // set by the caller; no more than that is written
    const char *op;         // "conv2d_forward"; lives as long as the library
    const char *layer;      // "conv1", or the tensor that it makes where there is none; lives as long as the bench
    double flops, bytes;    // of a call, as tuff/check.h counts them
    uint32_t samples;       // calls that were timed: 0 before tuff_bench_profile
    double median, best;    // seconds; 0 before
};

TUFF_API uint32_t tuff_bench_op_count(const struct tuff_bench *bench);
// index: below tuff_bench_op_count.
TUFF_API void tuff_bench_op(const struct tuff_bench *bench, uint32_t index, struct tuff_bench_op *op);

// One step, op by op.
struct tuff_bench_step {
    double at;           // seconds on the host's monotonic clock: when the step began
    const double *begin; // of each op, in seconds since the first one began
    const double *end;
};

struct tuff_bench_profile {
    size_t size;            // set by the caller; no more than that is written
    uint32_t steps;         // that were timed
    uint32_t device_clock;  // 1: by the backend's timestamps; 0: by the host's clock, with a wait after each op
    double median;          // seconds from the first op's begin to the last one's end
};

// Runs steps op by op for about `seconds`, which are above 0, and takes the time of each op: by the backend's
// timestamps, or by the host's clock where it has none. That each op is timed has a cost, so that such a step takes
// longer than a replayed one. At least 5 steps, but fewer, at least 1, where those would take ten times as long; one
// before the first of all is not counted. May be called again: steps add up. observer: told of every step that counts;
// may be NULL. result: of all calls so far; may be NULL. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_bench_profile(struct tuff_bench *bench, double seconds,
                   void (*observer)(void *user, const struct tuff_bench_step *step), void *user,
                   struct tuff_bench_profile *result);

// -- The dispatches of a step: what a backend makes of its ops, where it merges several into one or takes several for
// one, and tells of it.

struct tuff_bench_dispatch {
    size_t size;          // set by the caller; no more than that is written
    const char *kernel;   // as the backend calls it; pointers live until the bench is destroyed
    const uint32_t *ops;  // what it does, as a whole or in part: indices of tuff_bench_op, ascending
    uint32_t op_count;
    uint32_t samples;     // replays that were timed
    double median, best;  // seconds from the end of those before it to its own
    double flops, bytes;  // of its ops, as tuff_bench_op counts them; 0 where other dispatches have a part in them
    uint64_t invocations; // of the shader, as the device counts them; 0: it does not
};

// Replays steps one by one for about `seconds`, which are above 0, with the device's clock read after each dispatch: at
// least 5, but fewer, at least 1, where those would take ten times as long; one before the first of all is not counted.
// May be called again: steps add up. observer: told of every step that counts, as by tuff_bench_profile; may be NULL.
// median: of the seconds from the first dispatch's begin to the last one's end; may be NULL. Nothing is done, and the
// count below stays 0, where the backend has no profiles of captures. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_bench_profile_dispatches(struct tuff_bench *bench, double seconds,
                              void (*observer)(void *user, const struct tuff_bench_step *step), void *user,
                              double *median);
TUFF_API uint32_t tuff_bench_dispatch_count(const struct tuff_bench *bench);
// index: below tuff_bench_dispatch_count, in the order of recording.
TUFF_API void tuff_bench_dispatch(const struct tuff_bench *bench, uint32_t index, struct tuff_bench_dispatch *dispatch);

// -- What the target can do at best: linear_forward without a bias on row-major square matrices, from 256 to 2048 a
// side; the larger, the faster it is, so that a call takes no more than about half a second.

struct tuff_bench_peak;

struct tuff_bench_peak_result {
    size_t size;              // set by the caller; no more than that is written
    uint32_t side;            // of the matrices
    uint32_t samples;         // that were taken; 0: none
    double seconds;           // the best time of a call
    double flops_per_second;  // 2 * side^3 / seconds
};

// Makes the matrices, which take 12 * side^2 bytes of device memory, and lets the backend warm up. The target is idle.
// Failure: TUFF_ERROR_UNSUPPORTED for a backend without the op; what the op's call returned.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_bench_peak_create(struct tuff_target *target,
                                                                 struct tuff_bench_peak **peak);
TUFF_API void tuff_bench_peak_destroy(struct tuff_bench_peak **peak); // NULL-safe, and *peak becomes NULL
// Takes samples of 20 ms, or of one call, for about `seconds`, and at least 3. The best of all calls counts, so that
// a slow minute need not be the only one it meets: measure before and after. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_bench_peak_measure(struct tuff_bench_peak *peak, double seconds);
TUFF_API void tuff_bench_peak_result(const struct tuff_bench_peak *peak, struct tuff_bench_peak_result *result);

// -- What bounds an op beside arithmetic: how fast the target copies a tensor, by its own op `copy`, and what an op
// costs that does next to nothing, in a capture that is replayed.

struct tuff_bench_limits;

struct tuff_bench_limits_result {
    size_t size;                // set by the caller; no more than that is written
    uint32_t samples;           // that were taken; 0: none
    uint64_t copied_bytes;      // of the tensor that is copied; 0: the backend does not copy
    double copy_seconds;        // the best time of a call
    double bytes_per_second;    // read and written: 2 * copied_bytes / copy_seconds; 0: not known
    double dependent_seconds;   // an op that reads what the one before wrote; 0: the backend does not capture
    double independent_seconds; // an op that has nothing to do with its neighbours; 0: likewise
};

// Makes the tensors, two of up to 256 MiB, so that no cache holds them: less where a tensor of the device is smaller,
// where half of its free memory is, or where a copy would take longer than about 0.05 s. Beside them hundreds of small
// ones. The target is idle. Failure: memory; what an op's call returned.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_bench_limits_create(struct tuff_target *target,
                                                                   struct tuff_bench_limits **limits);
TUFF_API void tuff_bench_limits_destroy(struct tuff_bench_limits **limits); // NULL-safe, and *limits becomes NULL
// Takes samples of all of it for about `seconds`, and at least 3. The best ones count. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_bench_limits_measure(struct tuff_bench_limits *limits, double seconds);
TUFF_API void tuff_bench_limits_result(const struct tuff_bench_limits *limits,
                                       struct tuff_bench_limits_result *result);

#ifdef __cplusplus
}
#endif
#endif
