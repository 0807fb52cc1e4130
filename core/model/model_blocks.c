// Blocks of a model that is being built: names, branches, and the layers that join those.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer_kinds.h"
#include "model_build.h"

const char *tuff_block_kind_name(enum tuff_block_kind kind)
{
    static const char *const names[] = {"block", "residual", "concat"};
    return names[kind];
}

const char *tuff_model_scope(const struct tuff_model *model)
{
    return model->depth == 0 ? "" : model->blocks[model->open[model->depth - 1].block].scope;
}

const struct tuff_layer_training *tuff_model_training_around(const struct tuff_model *model)
{
    return model->depth == 0 ? NULL : &model->blocks[model->open[model->depth - 1].block].training;
}

static struct tuff_open_block *innermost(struct tuff_model *model)
{
    return &model->open[model->depth - 1];
}

static enum tuff_status make_room(const struct tuff_source *source, struct tuff_model *model)
{
    if (model->block_count < model->block_capacity)
        return TUFF_OK;
    uint32_t capacity = model->block_capacity == 0 ? 16 : 2 * model->block_capacity;
    struct tuff_model_block *blocks = realloc(model->blocks, capacity * sizeof *blocks);
    if (blocks == NULL)
        return tuff_source_fail(source, TUFF_ERROR_MEMORY, (struct tuff_mark){0}, "out of memory");
    model->blocks = blocks;
    model->block_capacity = capacity;
    return TUFF_OK;
}

enum tuff_status tuff_model_begin_block(const struct tuff_source *source, struct tuff_model *model,
                                        enum tuff_block_kind kind, const char *name, struct tuff_mark mark)
{
    if (model->depth == TUFF_MODEL_MAX_DEPTH)
        return tuff_source_fail(source, TUFF_ERROR_INVALID, mark, "%s: more than %d blocks within each other",
                                tuff_block_kind_name(kind), TUFF_MODEL_MAX_DEPTH);
    enum tuff_status status = tuff_model_check_branch(source, model);
    if (status == TUFF_OK)
        status = make_room(source, model);
    if (status != TUFF_OK)
        return status;
    struct tuff_model_block *block = &model->blocks[model->block_count];
    *block = (struct tuff_model_block){
        .kind = kind, .mark = mark, .depth = model->depth, .first = model->layer_count};
    if (model->depth > 0)
        block->training = *tuff_model_training_around(model);
    snprintf(block->scope, sizeof block->scope, "%s", tuff_model_scope(model));
    if (name[0] != '\0') {
        status =
            tuff_model_make_name(source, model, mark, tuff_block_kind_name(kind), name, false, block->name);
        if (status != TUFF_OK)
            return status;
        memcpy(block->scope, block->name, sizeof block->scope);
    }
    if (model->layer_count == 0)
        model->tail = TUFF_MODEL_INPUT;
    model->open[model->depth++] =
        (struct tuff_open_block){.block = model->block_count++, .input = model->tail, .marks = {mark}};
    return TUFF_OK;
}

void tuff_model_train_block(struct tuff_model *model, const struct tuff_layer_training *training)
{
    struct tuff_model_block *block = &model->blocks[innermost(model)->block];
    struct tuff_layer_training own = *training;
    tuff_training_inherit(&own, &block->training);
    block->training = own;
}

// The branch at hand is whole. A concat has none before its first begins.
static void end_branch(struct tuff_model *model, struct tuff_open_block *open)
{
    open->branches[open->branch_count++] = model->tail;
    model->tail = open->input;
}

static enum tuff_status fail_block(const struct tuff_source *source, const struct tuff_model_block *block,
                                   const char *message)
{
    return tuff_source_fail(source, TUFF_ERROR_INVALID, block->mark, "%s: %s",
                            tuff_block_kind_name(block->kind), message);
}

enum tuff_status tuff_model_begin_branch(const struct tuff_source *source, struct tuff_model *model,
                                         struct tuff_mark mark)
{
    struct tuff_open_block *open = model->depth == 0 ? NULL : innermost(model);
    const struct tuff_model_block *block = open == NULL ? NULL : &model->blocks[open->block];
    if (block == NULL || block->kind == TUFF_BLOCK_PLAIN)
        return tuff_source_fail(source, TUFF_ERROR_INVALID, mark,
                                "a branch, but the innermost block is no residual and no concat");
    if (block->kind == TUFF_BLOCK_RESIDUAL) {
        if (block->first == model->layer_count)
            return fail_block(source, block, "no layers");
        if (open->begun > 0)
            return fail_block(source, block, "a second shortcut");
        end_branch(model, open);
    } else if (open->begun > 0) {
        end_branch(model, open);
    }
    if (open->branch_count == TUFF_LAYER_MAX_INPUTS)
        return tuff_source_fail(source, TUFF_ERROR_INVALID, mark, "concat: more than %d branches",
                                TUFF_LAYER_MAX_INPUTS);
    open->begun++;
    open->marks[open->branch_count] = mark;
    return TUFF_OK;
}

enum tuff_status tuff_model_check_branch(const struct tuff_source *source, const struct tuff_model *model)
{
    if (model->depth == 0)
        return TUFF_OK;
    const struct tuff_open_block *open = &model->open[model->depth - 1];
    const struct tuff_model_block *block = &model->blocks[open->block];
    if (block->kind == TUFF_BLOCK_CONCAT && open->begun == 0)
        return fail_block(source, block, "a layer or block before its first branch");
    return TUFF_OK;
}

// -- Joining

static enum tuff_status check_sum(const struct tuff_source *source, const struct tuff_model *model,
                                  const struct tuff_model_block *block, const struct tuff_open_block *open)
{
    char ours[TUFF_SHAPE_TEXT_BYTES], theirs[TUFF_SHAPE_TEXT_BYTES];
    struct tuff_layer_shape body = tuff_model_shape_of(model, open->branches[0]),
                            other = tuff_model_shape_of(model, open->branches[1]);
    if (body.rank == other.rank && memcmp(body.dims, other.dims, sizeof body.dims) == 0)
        return TUFF_OK;
    tuff_layer_shape_text(&body, ours);
    tuff_layer_shape_text(&other, theirs);
    if (open->branches[1] != open->input)
        return tuff_source_fail(source, TUFF_ERROR_INVALID, open->marks[1],
                                "residual: its layers give %s, its shortcut %s; a sum takes two of one shape",
                                ours, theirs);
    return tuff_source_fail(
        source, TUFF_ERROR_INVALID, block->mark,
        "residual: its layers give %s, its input, which is added, is %s; a sum takes two of one "
        "shape: give it a shortcut that makes the one of the other",
        ours, theirs);
}

// *joined: the shape of the concatenation.
static enum tuff_status check_concat(const struct tuff_source *source, const struct tuff_model *model,
                                     const struct tuff_open_block *open, struct tuff_layer_shape *joined)
{
    *joined = tuff_model_shape_of(model, open->branches[0]);
    const struct tuff_layer_shape first = *joined;
    for (uint32_t i = 1; i < open->branch_count; i++) {
        struct tuff_layer_shape other = tuff_model_shape_of(model, open->branches[i]);
        if (other.rank != first.rank || other.dims[1] != first.dims[1] || other.dims[2] != first.dims[2]) {
            char ours[TUFF_SHAPE_TEXT_BYTES], theirs[TUFF_SHAPE_TEXT_BYTES];
            return tuff_source_fail(
                source, TUFF_ERROR_INVALID, open->marks[i],
                "concat: branch %u gives %s, branch 1 %s; they may differ in channels alone", i + 1,
                tuff_layer_shape_text(&other, theirs), tuff_layer_shape_text(&first, ours));
        }
        joined->dims[0] += other.dims[0]; // each below 2^31
        if (joined->dims[0] > INT32_MAX)
            return tuff_source_fail(
                source, TUFF_ERROR_INVALID, open->marks[i],
                "concat: its output would have more than %d elements, the most a tensor may have", INT32_MAX);
    }
    return TUFF_OK;
}

// The layer that joins the branches, as the block's last one.
static enum tuff_status add_join(const struct tuff_source *source, struct tuff_model *model,
                                 const struct tuff_model_block *block, const struct tuff_open_block *open)
{
    bool sum = block->kind == TUFF_BLOCK_RESIDUAL;
    const struct tuff_layer join = {.kind = sum ? &tuff_layer_sum : &tuff_layer_concat, .mark = block->mark};
    struct tuff_layer_shape shape = tuff_model_shape_of(model, open->branches[0]);
    enum tuff_status status =
        sum ? check_sum(source, model, block, open) : check_concat(source, model, open, &shape);
    struct tuff_layer *added;
    if (status == TUFF_OK)
        status = tuff_model_make_layer(source, model, &join, &added);
    if (status != TUFF_OK)
        return status;
    added->input_count = open->branch_count;
    memcpy(added->inputs, open->branches, sizeof added->inputs);
    added->input = tuff_model_shape_of(model, open->branches[0]);
    model->tail = model->layer_count - 1;
    return tuff_layer_set_output(source, added, shape.rank, shape.dims);
}

enum tuff_status tuff_model_end_block(const struct tuff_source *source, struct tuff_model *model)
{
    struct tuff_open_block *open = innermost(model);
    struct tuff_model_block *block = &model->blocks[open->block];
    enum tuff_status status = TUFF_OK;
    if (block->kind == TUFF_BLOCK_PLAIN) {
        if (model->layer_count == block->first)
            return fail_block(source, block, "no layers");
    } else if (block->kind == TUFF_BLOCK_RESIDUAL) {
        if (model->layer_count == block->first)
            return fail_block(source, block, "no layers");
        end_branch(model, open);
        if (open->branch_count == 1)
            open->branches[open->branch_count++] = open->input;
    } else {
        if (open->begun > 0)
            end_branch(model, open);
        if (open->branch_count < 2)
            return fail_block(source, block, "expected two branches or more");
    }
    if (block->kind != TUFF_BLOCK_PLAIN)
        status = add_join(source, model, block, open);
    block->count = model->layer_count - block->first;
    model->depth--;
    return status;
}
