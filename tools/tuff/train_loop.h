// The epochs of tuff train: training, checkpoint, evaluation, a line of results for each.
#ifndef TUFF_TOOL_TRAIN_LOOP_H
#define TUFF_TOOL_TRAIN_LOOP_H

#include "run.h"
#include "train.h"

struct train_result {
    uint32_t epochs;          // whole epochs that are in the checkpoint
    uint64_t steps;           // optimizer steps that are in the checkpoint
    bool saved;               // there is a checkpoint
    bool evaluated;           // test is filled in
    struct tuff_metrics test; // of the last evaluation
};

// Trains as the settings say. After a signal: TUFF_ERROR_INTERRUPTED, with what was trained in the
// checkpoint. *result is filled in whatever happens.
TUFF_MUST_CHECK enum tuff_status train_loop(const struct train_settings *settings, const struct setup *setup,
                                            struct run *run, struct train_result *result);

#endif
