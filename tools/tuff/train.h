// What tuff train was asked to do, and how it writes that down.
#ifndef TUFF_TOOL_TRAIN_H
#define TUFF_TOOL_TRAIN_H

#include <jansson.h>

#include "setup.h"

struct train_settings {
    const char *model;  // as given
    char *model_source; // as given, or the absolute path of a model file
    struct data_settings data;
    char *data_source; // the absolute path of a folder; NULL: a set that has a name
    struct target_settings target;
    struct tuff_trainer_options trainer;
    uint32_t epochs;    // 0: not given
    uint32_t steps;     // 0: whole epochs
    uint32_t log_every; // 0: never
    const char *out;    // NULL: a new folder below runs/
    bool no_shuffle, force, dry_run;
};

// The content of config.json; NULL if memory is exhausted.
json_t *train_config(const struct train_settings *settings, const struct setup *setup);

#endif
