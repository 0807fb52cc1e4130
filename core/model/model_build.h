// What a model file and tuff_model_builder have in common: a model that grows layer by layer.
#ifndef TUFF_CORE_MODEL_BUILD_H
#define TUFF_CORE_MODEL_BUILD_H

#include "layer.h"

#define TUFF_MODEL_NAME_EXPECTED                                                                             \
    "'name' must be at most %d letters, digits, '-', '_' and '.', beginning with a letter or a digit, "      \
    "found %s"
bool tuff_model_name_valid(const char *name, size_t length);

// Fails if the input has too many elements. mark: where it is given.
TUFF_MUST_CHECK enum tuff_status tuff_model_check_input(const struct tuff_source *source,
                                                        struct tuff_mark mark, const uint32_t input[3]);

// Appends the layer, whose kind, name, mark and settings are given; an empty name becomes an automatic one.
// Infers its shapes from what comes before it.
TUFF_MUST_CHECK enum tuff_status tuff_model_append(const struct tuff_source *source, struct tuff_model *model,
                                                   const struct tuff_layer *layer);

// All layers are there: checks the last one's output, and lists the parameters. mark: where the layers are
// given.
TUFF_MUST_CHECK enum tuff_status tuff_model_finish(const struct tuff_source *source, struct tuff_mark mark,
                                                   struct tuff_model *model);

#endif
