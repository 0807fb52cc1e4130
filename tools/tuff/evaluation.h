// What eval, predict, misses and report have in common: a checkpoint, put through its model over a data set.
#ifndef TUFF_TOOL_EVALUATION_H
#define TUFF_TOOL_EVALUATION_H

#include <limits.h>

#include "setup.h"
#include "tuff/checkpoint.h"
#include "tuff/scores.h"

struct evaluation_settings {
    const char *command;       // for messages
    char checkpoint[PATH_MAX]; // the file
    const char *model;         // NULL: as the checkpoint says
    const char *split_name;
    uint32_t batch;
    bool silent; // says neither model nor device
    struct data_settings data;
    struct target_settings target;
};

#define EVALUATION_DEFAULTS(name)                                                                            \
    {                                                                                                        \
        .command = (name), .split_name = "test", .batch = 16, .target.backend = "auto"                       \
    }

// clang-format off
#define EVALUATION_OPTIONS(e)                                                                                  \
    {"model", 'm', OPTION_TEXT, &(e).model, "MODEL", "model, if the checkpoint does not say which"},           \
    {"data", 'D', OPTION_TEXT, &(e).data.name, "NAME", "data set; the one trained on"},                        \
    {"data-dir", '\0', OPTION_TEXT, &(e).data.folder, "DIR", "folder of the data set's files"},                \
    {"split", 's', OPTION_TEXT, &(e).split_name, "NAME", "test or train"},                                     \
    {"batch", 'n', OPTION_COUNT, &(e).batch, "N", "samples per step"},                                         \
    {"digits-train", '\0', OPTION_COUNT, &(e).data.digits_train, "N", "training images to draw"},              \
    {"digits-test", '\0', OPTION_COUNT, &(e).data.digits_test, "N", "test images to draw"}
// clang-format on

struct evaluation {
    struct setup setup; // setup.test is the split that was asked for
    struct tuff_metadata_list *metadata;
    uint32_t classes;
    struct tuff_metrics metrics;
    float *logits; // (samples,classes) of what was judged
};

// Each says what is wrong on failure and leaves what has been opened to evaluation_close.

// The checkpoint's file for what the user named: a file, or the folder of a run.
TUFF_MUST_CHECK enum tuff_status evaluation_find_checkpoint(const char *operand, char path[PATH_MAX]);
// Whether split_name names one.
bool evaluation_split(const char *command, const char *split_name, enum tuff_split *split);
// Finds and reads the checkpoint's header, opens model, backend and device, and loads the data set.
TUFF_MUST_CHECK enum tuff_status evaluation_open(struct evaluation_settings *settings, const char *operand,
                                                 struct evaluation *evaluation);
// The parameters of the checkpoint, and what the model says of each sample of `set`.
TUFF_MUST_CHECK enum tuff_status evaluation_run(const struct evaluation_settings *settings,
                                                struct evaluation *evaluation,
                                                const struct tuff_dataset *set);
void evaluation_close(struct evaluation *evaluation);

#endif
