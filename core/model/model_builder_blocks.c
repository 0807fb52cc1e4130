// Blocks of models made in code.
#include <string.h>

#include "model_builder_state.h"

// A block stands where the next layer will.
static struct tuff_mark mark_of(const struct tuff_model_builder *builder)
{
    return (struct tuff_mark){.line = builder->added + 1};
}

static void begin(struct tuff_model_builder *builder, enum tuff_block_kind kind, const char *name)
{
    char text[80];
    if (builder->status != TUFF_OK)
        return;
    if (name != NULL && !tuff_layer_name_valid(name, strlen(name)))
        builder->status =
            tuff_source_fail(&builder->source, TUFF_ERROR_INVALID, mark_of(builder), TUFF_LAYER_NAME_EXPECTED,
                             tuff_block_kind_name(kind), TUFF_LAYER_NAME_BYTES - 1,
                             tuff_builder_quoted(text, sizeof text, name));
    else
        builder->status = tuff_model_begin_block(&builder->source, builder->model, kind,
                                                 name == NULL ? "" : name, mark_of(builder));
    const struct tuff_layer_training training = tuff_builder_take_training(builder);
    if (builder->status == TUFF_OK)
        tuff_model_train_block(builder->model, &training);
}

void tuff_model_begin(struct tuff_model_builder *builder, const char *name)
{
    begin(builder, TUFF_BLOCK_PLAIN, name);
}

void tuff_model_begin_residual(struct tuff_model_builder *builder, const char *name)
{
    begin(builder, TUFF_BLOCK_RESIDUAL, name);
}

void tuff_model_begin_concat(struct tuff_model_builder *builder, const char *name)
{
    begin(builder, TUFF_BLOCK_CONCAT, name);
}

void tuff_model_branch(struct tuff_model_builder *builder)
{
    if (builder->status == TUFF_OK)
        builder->status = tuff_model_begin_branch(&builder->source, builder->model, mark_of(builder));
}

void tuff_model_end(struct tuff_model_builder *builder)
{
    if (builder->status != TUFF_OK)
        return;
    if (builder->model->depth == 0)
        builder->status = tuff_source_fail(&builder->source, TUFF_ERROR_INVALID, mark_of(builder),
                                           "a block ends that has not begun");
    else
        builder->status = tuff_model_end_block(&builder->source, builder->model);
}
