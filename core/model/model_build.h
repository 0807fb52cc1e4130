// What a model file and tuff_model_builder have in common: a model that grows layer by layer (model_build.c),
// with blocks around them (model_blocks.c).
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

// -- Blocks

const char *tuff_block_kind_name(enum tuff_block_kind kind);

// Begins a block: the layers from here on are its own; those of a residual its first branch. name: as given;
// empty for none, and then it adds nothing to the names of its layers. Of a concat each branch begins with
// tuff_model_begin_branch.
TUFF_MUST_CHECK enum tuff_status tuff_model_begin_block(const struct tuff_source *source,
                                                        struct tuff_model *model, enum tuff_block_kind kind,
                                                        const char *name, struct tuff_mark mark);
// Begins a further branch of the innermost block, from where the block began: a residual's shortcut, the
// first or a further branch of a concat.
TUFF_MUST_CHECK enum tuff_status tuff_model_begin_branch(const struct tuff_source *source,
                                                         struct tuff_model *model, struct tuff_mark mark);
// Fails if the next layer would belong to no branch of a concat.
TUFF_MUST_CHECK enum tuff_status tuff_model_check_branch(const struct tuff_source *source,
                                                         const struct tuff_model *model);
// Ends it with the layer that joins its branches. A residual without a shortcut adds its input. Fails if
// their shapes do not meet, or if there is nothing in it.
TUFF_MUST_CHECK enum tuff_status tuff_model_end_block(const struct tuff_source *source,
                                                      struct tuff_model *model);

// Adds a layer of the model's own kind, with no name, settings or shapes; for model_blocks.c.
TUFF_MUST_CHECK enum tuff_status tuff_model_make_layer(const struct tuff_source *source,
                                                       struct tuff_model *model,
                                                       const struct tuff_layer *layer,
                                                       struct tuff_layer **made);

// What the names of layers begin with just now, without the dot: empty outside of blocks with names.
const char *tuff_model_scope(const struct tuff_model *model);
// "scope.name". Fails if that is too long or the name of a layer or block that is there.
TUFF_MUST_CHECK enum tuff_status tuff_model_make_name(const struct tuff_source *source,
                                                      const struct tuff_model *model, struct tuff_mark mark,
                                                      const char *kind, const char *name, bool automatic,
                                                      char made[TUFF_LAYER_PATH_BYTES]);
// What the innermost block says of parameters; where it says nothing, what the blocks around it do. NULL:
// there is no block.
const struct tuff_layer_training *tuff_model_training_around(const struct tuff_model *model);
// The block that has just begun says this.
void tuff_model_train_block(struct tuff_model *model, const struct tuff_layer_training *training);

// -- How parameters begin and are trained (training.c)

// Fills in what is not given.
void tuff_training_inherit(struct tuff_layer_training *training, const struct tuff_layer_training *around);
// The layer's parameters are known: fails where it says something of what it has not, and fills in the rest.
// around: of the blocks around it; may be NULL.
TUFF_MUST_CHECK enum tuff_status tuff_training_settle(const struct tuff_source *source,
                                                      struct tuff_layer *layer,
                                                      const struct tuff_layer_training *around);
// Initial values of parameter number `index` of the model, which is one of the layer's.
void tuff_parameter_initialize(const struct tuff_layer *layer, const struct tuff_layer_parameter *parameter,
                               uint32_t index, uint64_t seed, float *values);

struct tuff_layer_shape tuff_model_shape_of(const struct tuff_model *model, uint32_t layer);

// All layers are there: checks the last one's output, and lists the parameters. mark: where the layers are
// given.
TUFF_MUST_CHECK enum tuff_status tuff_model_finish(const struct tuff_source *source, struct tuff_mark mark,
                                                   struct tuff_model *model);

#endif
