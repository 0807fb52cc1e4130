// What the files of the builder share: its life (model_builder.c), its layers (model_builder_layers.c).
#ifndef TUFF_CORE_MODEL_BUILDER_STATE_H
#define TUFF_CORE_MODEL_BUILDER_STATE_H

#include "model_build.h"
#include "tuff/model_builder.h"

struct tuff_model_builder {
    struct tuff_log log;
    struct tuff_source source;
    struct tuff_model *model;
    enum tuff_status status; // of the first failure
    uint32_t added;          // layers so far, those that failed included
};

// In quotes, so that an empty one is seen.
const char *tuff_builder_quoted(char *text, size_t size, const char *name);

#endif
