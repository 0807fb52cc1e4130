// The epochs of tuff train: training, evaluation, checkpoints, a line of results for each.
#ifndef TUFF_TOOL_TRAIN_LOOP_H
#define TUFF_TOOL_TRAIN_LOOP_H

#include "event_file.h"
#include "progress.h"
#include "train.h"

// The best evaluation so far: by accuracy, then by loss.
struct train_best {
    uint64_t step; // 0: there is none
    uint32_t epoch;
    struct tuff_metrics metrics;
};

struct train_result {
    uint64_t saved_steps; // optimizer steps in the saved training; 0: nothing is saved
    uint64_t steps;       // that were trained, those before a resumption included
    uint32_t epochs;      // whole ones among them
    bool evaluated;       // test is filled in
    bool stopped_early;
    struct tuff_metrics test; // of the last evaluation
    struct train_best best;
};

struct train_loop {
    const struct train_settings *settings;
    const struct setup *setup;
    struct run *run;
    struct event_file *events; // NULL without --tensorboard
    struct train_result *result;
    struct progress progress;
    uint32_t steps_per_epoch;
    uint64_t total;          // steps of the whole training
    uint64_t settled;        // the last step after which all that was due has been done
    uint32_t not_better;     // evaluations since the best one
    float *losses;           // of the steps at hand; NULL if they are not logged
    uint64_t losses_from;    // steps done before the first of them
    uint32_t losses_logged;  // how many of them are
    bool warned;             // about a loss that is not finite
    bool announced;          // that a signal came
    enum tuff_status failed; // what an observer could not do
};

// -- train_loop.c

// Gets ready: the fields settings, setup, run and result are set, all others zero. A run that is resumed is
// brought to where its saved training stands.
TUFF_MUST_CHECK enum tuff_status train_loop_begin(struct train_loop *loop);
// Whether a run that is resumed has something left to train. Of a loop as for train_loop_begin, which it
// leaves in no state to go on.
TUFF_MUST_CHECK enum tuff_status train_loop_try(struct train_loop *loop);
// Trains to the end. After a signal: TUFF_ERROR_INTERRUPTED, and what was trained is saved. *result is filled
// in whatever happens.
TUFF_MUST_CHECK enum tuff_status train_loop_run(struct train_loop *loop);
// Also after a failure.
TUFF_MUST_CHECK enum tuff_status train_loop_end(struct train_loop *loop);

// -- train_save.c

// The training as it is, and the parameters for others to use. Crash-safe: the saved training is what counts,
// and is replaced in one go; the rest follows from it.
TUFF_MUST_CHECK enum tuff_status train_save(struct train_loop *loop);
// Brings the trainer and the loop to where the saved training stands. files: drops what was written after it,
// too, and puts the parameters' files right.
TUFF_MUST_CHECK enum tuff_status train_restore(struct train_loop *loop, bool files);

// -- train_finite.c

// Whether losses are not finite, so that the training is to stop; never with --on-nan continue.
bool train_diverged(const struct train_loop *loop);
// Finds out where such a loss came from, says so, and returns an error. The trainer does not stand any more
// where it did.
TUFF_MUST_CHECK enum tuff_status train_explain_loss(struct train_loop *loop);
// Whether what is to be saved is finite; if not, the same as train_explain_loss.
TUFF_MUST_CHECK enum tuff_status train_check_parameters(struct train_loop *loop);

// -- train_log.c

void train_label(const struct train_loop *loop, uint32_t epoch, char *label, size_t size); // "epoch 3/10"
// The losses of every n-th step up to step `done` of the training.
TUFF_MUST_CHECK enum tuff_status train_log_steps(struct train_loop *loop, uint64_t done);
// An epoch that has ended; test may be NULL.
TUFF_MUST_CHECK enum tuff_status train_log_epoch(struct train_loop *loop, uint32_t epoch,
                                                 const struct tuff_metrics *train,
                                                 const struct tuff_metrics *test);
// An evaluation within an epoch.
TUFF_MUST_CHECK enum tuff_status train_log_evaluation(struct train_loop *loop, uint32_t epoch,
                                                      const struct tuff_metrics *test);
TUFF_MUST_CHECK enum tuff_status train_log_interruption(struct train_loop *loop,
                                                        const struct tuff_trainer_position *at);

#endif
