// What eval, predict, misses and report have in common: a checkpoint, put through its model over a data set.
#ifndef TUFF_TOOL_EVALUATION_H
#define TUFF_TOOL_EVALUATION_H

#include <limits.h>
#include <math.h>

#include "run.h"
#include "setup.h"
#include "tuff/checkpoint.h"
#include "tuff/scores.h"

struct evaluation_settings {
    char checkpoint[PATH_MAX];  // the file
    const char *model;          // NULL: as the checkpoint says
    struct option_choice which; // of a run's checkpoints: run_checkpoints
    struct option_choice split; // of evaluation_splits
    uint32_t batch;
    bool silent; // says neither model nor device
    bool flip;   // judges by the mean of an image and its mirror image
    struct data_settings data;
    struct target_settings target;
};

extern const char *const evaluation_splits[2]; // names, by enum tuff_split

#define EVALUATION_DEFAULTS                                                                                  \
    {                                                                                                        \
        .which = {run_checkpoints, 2, RUN_WHICH_LAST}, .split = {evaluation_splits, 2, TUFF_SPLIT_TEST},     \
        .batch = 16, .data.test_fraction = NAN, .target.backend = "auto"                                     \
    }

// clang-format off
#define EVALUATION_OPTIONS(e)                                                                                  \
    {"model", 'm', OPTION_TEXT, &(e).model, "MODEL", "model, if the checkpoint does not say which"},           \
    {"checkpoint", 'c', OPTION_CHOICE, &(e).which, "NAME", "of a run: the last, or the best evaluation's"},     \
    {"split", 's', OPTION_CHOICE, &(e).split, "NAME", "which part of the data set"},                           \
    {"batch", 'n', OPTION_COUNT, &(e).batch, "N", "samples per step"},                                         \
    DATA_OPTIONS((e).data, "a name or a folder; else the one trained on", "as in training", "as in training",   \
                 "of a folder without test split; else as in training")
// clang-format on

static inline const char *evaluation_split_name(const struct evaluation_settings *settings)
{
    return settings->split.names[settings->split.chosen];
}

struct evaluation {
    struct setup setup; // setup.test is the split that was asked for
    struct tuff_metadata_list *metadata;
    uint32_t classes;
    struct tuff_metrics metrics;
    float *logits; // (samples,classes) of what was judged
};

// Each says what is wrong on failure and leaves what has been opened to evaluation_close.

// Finds and reads the checkpoint's header, and opens model, backend and device.
TUFF_MUST_CHECK enum tuff_status evaluation_open_model(struct evaluation_settings *settings,
                                                       const char *operand, struct evaluation *evaluation);
// The data set, after that.
TUFF_MUST_CHECK enum tuff_status evaluation_load_data(const struct evaluation_settings *settings,
                                                      struct evaluation *evaluation);
// Both.
TUFF_MUST_CHECK enum tuff_status evaluation_open(struct evaluation_settings *settings, const char *operand,
                                                 struct evaluation *evaluation);
// The parameters of the checkpoint, and what the model says of each sample of `set`.
TUFF_MUST_CHECK enum tuff_status evaluation_run(const struct evaluation_settings *settings,
                                                struct evaluation *evaluation,
                                                const struct tuff_dataset *set);
// What a checkpoint's header says of its images: mean and deviation, else 0 and 1. Shows an error where it
// says what cannot be.
bool evaluation_normalization(const struct tuff_metadata_list *metadata, const char *checkpoint,
                              uint32_t channels, struct tuff_augmentation *augmentation);
void evaluation_close(struct evaluation *evaluation);

#endif
