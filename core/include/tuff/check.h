// Conformance: compares a backend's kernels with those of another (the reference plugin, the oracle), op by
// op, through the plugin ABI alone.
//
// Each case is checked for: results within a stated tolerance, every output element written, nothing written
// outside of outputs, inputs unchanged, padding lanes as tensor.h demands, identical bits from run to run and
// from a captured replay, aliasing where the op allows it, and arguments that are gone after the kernel has
// returned.
//
// Two more rows of the table are no ops, but what kernels rely on: "buffers" (writing, reading, copying and
// filling of ranges, buffers of all sizes) and "stream" (each kernel sees what those before it wrote, within
// a submission, across submissions and across replays; timestamps, where the device has them).
#ifndef TUFF_CHECK_H
#define TUFF_CHECK_H

#include <stdbool.h>
#include <stdio.h>

#include "context.h"
#include "trainer.h"

#ifdef __cplusplus
extern "C" {
#endif

// A case that failed, or that the backend declined.
struct tuff_check_finding {
    const char *op;
    enum tuff_layout layout; // BATCH16 if some tensor of the case is
    bool unsupported;        // else it failed
    const char *message;     // why it failed; "" if unsupported
    const char *replay;      // the case's line, for tuff_check_options.case_line
    bool device;             // of "buffers" or "stream", and in no layout
    bool f16;                // some tensor of the case is float16
};

// What became of the cases of one op in one layout, or with float16.
struct tuff_check_row {
    const char *op;
    enum tuff_layout layout;
    uint64_t run, passed, failed;
    uint64_t unsupported, unused; // as in tuff_check_totals
    double worst_error;           // the greatest error as a part of its tolerance; 0 if all were exact
    bool device;                  // "buffers" or "stream", in no layout
    bool f16;                     // the cases with float16 tensors, which are row-major
};

// Who wants the results as data. Called by tuff_check_run in its own thread; what the pointers name is gone
// when the callback has returned, except the ops' names, which live as long as the library. NULL: not told.
struct tuff_check_observer {
    size_t size;
    void *user;
    void (*finding)(void *user, const struct tuff_check_finding *finding); // every one, as it happens
    void (*row)(void *user,
                const struct tuff_check_row *row); // at the end, of ops and layouts that had cases
};

struct tuff_check_options {
    size_t size;
    const char *op;         // only this one, or "buffers" or "stream"; NULL: all
    const char *case_line;  // only this case, in the form that failures print; NULL: all
    uint64_t seed;          // of the random cases and of all data
    uint32_t count;         // random cases per costly op and layout; a quarter of that for the cheap ones
    bool large;             // also the cases that need much memory
    bool allow_unsupported; // ops and cases that the backend does not support do not make the run fail
    bool verbose;           // name every case before it runs
    const struct tuff_check_observer *observer; // NULL: none
};

enum { TUFF_CHECK_DEFAULT_COUNT = 48 };

struct tuff_check_totals {
    uint64_t run, passed, failed;
    uint64_t unsupported; // rejected by the backend although it would be asked for them
    uint64_t unused; // cases in BATCH16 of a backend that neither asks for that layout nor accepts it, with
                     // float16 of one that does not take it there, and those of what the device says it does
                     // not have: capture, timestamps
};

// Runs the cases on `tested` and judges them by `oracle`. Writes failures and a table to `out`, unless that
// is NULL. TUFF_OK only if at least one case ran, none failed and, unless allowed, none was unsupported. Both
// targets must be idle; they are left so. totals may be NULL; it is set, and the observer gets its rows,
// whenever the cases were gone through, also if some failed or the device did. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_check_run(struct tuff_target *tested,
                                                         struct tuff_target *oracle,
                                                         const struct tuff_check_options *options, FILE *out,
                                                         struct tuff_check_totals *totals);

// -- How fast: the time of each op, with sizes of real nets.
//
// FLOP and bytes of a call are what the op's definition takes, whatever a kernel does. A multiply-add counts
// as 2, any other operation on a number (+, *, /, a comparison, exp, log, a root, an activation) as 1. N, C,
// K, OH and so on are those of the ops' headers; y is the output of forward, or dy.
//   conv2d_*             2*N*K*OH*OW*(C/groups)*KH*KW; with a bias, or its gradient, N*K*OH*OW more
//   conv2d_relu_max_pool2d_*   forward as conv2d_forward of what is pooled; backward 2*N*K*PH*PW*(C/groups)*KH*KW
//                        for the PH*PW windows; with the bias's gradient, N*K*PH*PW more
//   linear_*             2*N*I*O; with a bias, or its gradient, N*O more
//   add, multiply, relu_*, activation_forward, dropout_*, gradient_clip, gradient_unscale    1 per element
//   activation_backward  2 per element
//   max_pool2d_*         forward KH*KW, backward 1 per element of y
//   avg_pool2d_*         KH*KW per element of y; adaptive: 1 per element of each region
//   batch_norm2d_*       train 6, eval 2, backward 8 per element of x; with a ReLU 1 more
//   softmax_cross_entropy_*, log_softmax_*    forward 4 and 5, backward 5 and 4 per element of the logits
//   mean_squared_error_* forward 3, backward 2 per element of y
//   adam                 13 per parameter; with weight decay 15
//   sgd                  2 per parameter, and 2 for each of momentum, Nesterov's, weight decay
//   moving_average       3 per parameter;  gradient_accumulate  2 per gradient
//   gradient_norm        2 per gradient;  metrics_record  2 per sample;  gather_images  2 per element of x
//   fill, copy, cast, concat_*, gather_labels, step_advance, loss_scale_update    none
// Bytes: each input is read once and each output written once, an updated tensor both; padding lanes and
// workspace do not count. gather_* touch a whole batch's samples alone, step_advance and metrics_record one
// row.

enum tuff_check_timed {
    TUFF_CHECK_NOT_TIMED = 0, // there is no such backend, or the other one could not be timed
    TUFF_CHECK_TIMED = 1,
    TUFF_CHECK_TIME_UNSUPPORTED = 2, // the backend declines the case
    TUFF_CHECK_TIME_FAILED = 3,      // a call failed
};

// What one backend takes for one call.
struct tuff_check_time {
    enum tuff_check_timed result; // unless TUFF_CHECK_TIMED, only the layout counts
    enum tuff_layout layout;      // that was timed: of activations, if the case has any
    bool captured;                // replays of a capture were timed, as in training; else submissions
    uint32_t samples;             // at least 1
    uint64_t calls;               // of the kernel, in each sample
    double median, best;          // seconds per call, by the host's clock, until stream_wait returned
};

struct tuff_check_measurement {
    const char *op;
    const char *sizes;   // the case in short, for people
    const char *replay;  // the case's line, for tuff_check_perf_options.case_line
    double flops, bytes; // of a call, as above
    struct tuff_check_time tested, against;
    const char *message; // what failed; "": nothing did
};

struct tuff_check_perf_options {
    size_t size;
    const char *op;        // only this one; NULL: all
    const char *case_line; // only this case, in the layout that it says; NULL: all
    uint64_t seed;         // of the data
    // For each case and backend, above 0; TUFF_CHECK_DEFAULT_SECONDS is a good one. A sample takes 20 ms, or
    // a fifth of this if that is less. Samples are taken until the time is up, and at least 5, but fewer, at
    // least 1, where those would take ten times as long.
    double seconds;
    // Told of each case when it is done; may be NULL. What the pointers name is gone when it has returned,
    // except op.
    void (*measurement)(void *user, const struct tuff_check_measurement *measurement);
    // Asked between samples whether to stop. NULL: never.
    bool (*stop)(void *user);
    void *user;
};

#define TUFF_CHECK_DEFAULT_SECONDS 0.5

struct tuff_check_perf_totals {
    uint64_t cases;       // that there were to time
    uint64_t timed;       // of them, on the tested backend
    uint64_t unsupported; // by the tested backend
    uint64_t failed;      // on either backend
    uint64_t compared;    // timed on both
    double mean_ratio;    // geometric, of against's median to tested's; 0 if none was compared
};

// Times the cases on `tested` and, if that is not NULL, on `against`, whose samples are taken in turn with
// those of `tested`. Each in the layout that it asks for at the case's batch size. TUFF_OK only if at least
// one case was timed on `tested` and no call failed; what `tested` does not support is no failure.
// TUFF_ERROR_INTERRUPTED: options->stop said so; the case at hand is left out. Both targets must be idle;
// they are left so. totals may be NULL; it is set also on failure. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_check_perf(struct tuff_target *tested,
                                                          struct tuff_target *against,
                                                          const struct tuff_check_perf_options *options,
                                                          struct tuff_check_perf_totals *totals);

// Prints the lines of the cases that would be timed, in row-major order, one by one. Fails if there are none.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_check_list_perf_cases(const struct tuff_log *log, const struct tuff_check_perf_options *options,
                           FILE *out);

// -- Whole training steps: two backends, side by side, from one seed on the same data.

// The gradient of one parameter after the first step.
struct tuff_check_gradient {
    const char *parameter; // its name in the model
    double greatest;       // the oracle's greatest |gradient| of this parameter
    double error; // the greatest difference, relative to that; infinite where a gradient is no number
    bool differs; // the error is beyond the tolerance
};

// The mean loss of one step.
struct tuff_check_loss {
    uint32_t step; // from 1
    double tested, oracle;
    double error; // the difference, relative to the oracle's loss or 1, whichever is greater; infinite for no
                  // number
    bool differs;
};

struct tuff_check_steps_options {
    size_t size;
    const struct tuff_trainer_options *trainer;
    uint32_t steps; // of the first epoch; at least 1
    double gradient_tolerance, loss_tolerance;
    // Told of each parameter, in backward order (the last one of the model first), then of each step. May be
    // NULL.
    void (*gradient)(void *user, const struct tuff_check_gradient *gradient);
    void (*loss)(void *user, const struct tuff_check_loss *loss);
    void *user;
};

struct tuff_check_steps_result {
    size_t size;
    const char *first_parameter;       // in backward order, whose gradient differs; NULL: none
    uint32_t first_step;               // whose loss differs; 0: none
    double worst_gradient, worst_loss; // errors
};

// Trains `model` on `data` on both targets. TUFF_OK only if no gradient of the first step and no loss
// differs; else TUFF_ERROR_PLUGIN with a message that names the first one. model's names live as long as the
// model. result may be NULL; it is set whenever both have trained. Failure also: gradients that are zero
// throughout, which compare nothing. Blocking.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_check_steps(struct tuff_target *tested, struct tuff_target *oracle, const struct tuff_model *model,
                 const struct tuff_dataset *data, const struct tuff_check_steps_options *options,
                 struct tuff_check_steps_result *result);

// -- What there is to check.

// An op, as conformance knows it.
struct tuff_check_op {
    size_t size;
    const char *name; // lives as long as the library
    uint64_t cases;   // that a run with the default count goes through, in all layouts and with float16
};

// Op number `index`; false, and *op unchanged, from the number of ops on.
TUFF_API bool tuff_check_op(size_t index, struct tuff_check_op *op);

// How many of an op's hand-written cases a backend says it supports.
struct tuff_check_support {
    size_t size;
    uint32_t cases; // in that layout; 0: the op has none in BATCH16, since none of its tensors has a batch
    uint32_t supported; // of them
};

// Asks, by the kernel table and `supports`, and runs nothing. op: below the number of ops. Failure: memory.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_check_support(struct tuff_target *target, size_t op,
                                                             enum tuff_layout layout,
                                                             struct tuff_check_support *support);

// The same of its cases with float16; 0 cases: the op takes none, or is about nothing else (cast).
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_check_support_f16(struct tuff_target *target, size_t op,
                                                                 struct tuff_check_support *support);

// Prints the lines of the cases that would run, one by one. Fails if there are none.
TUFF_API TUFF_MUST_CHECK enum tuff_status
tuff_check_list_cases(const struct tuff_log *log, const struct tuff_check_options *options, FILE *out);

// The line of the case that is running, "" if none is; for a signal handler that reports where it crashed.
TUFF_API const char *tuff_check_current_case(void);

#ifdef __cplusplus
}
#endif

#endif
