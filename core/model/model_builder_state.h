// What the files of the builder share: its life (model_builder.c), its layers (model_builder_layers.c),
// blocks (model_builder_blocks.c), and how those are trained (model_builder_training.c).
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
    struct tuff_layer_training
        next; // of the layer or block that comes next; its mark's line is 0 if nothing was said
};

// What was said of the layer or block that comes now, once.
struct tuff_layer_training tuff_builder_take_training(struct tuff_model_builder *builder);

// In quotes, so that an empty one is seen.
const char *tuff_builder_quoted(char *text, size_t size, const char *name);

#endif
