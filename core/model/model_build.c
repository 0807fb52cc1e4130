#include "model_build.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Names of models become names of files.
bool tuff_model_name_valid(const char *name, size_t length)
{
    static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    return length > 0 && length < TUFF_LAYER_NAME_BYTES && strchr("-_.", name[0]) == NULL &&
           strspn(name, alphanumeric) == length;
}

enum tuff_status tuff_model_check_input(const struct tuff_source *source, struct tuff_mark mark,
                                        const uint32_t input[3])
{
    uint64_t elements;
    if (tuff_layer_elements(3, input, &elements))
        return TUFF_OK;
    return tuff_source_fail(source, TUFF_ERROR_INVALID, mark,
                            "an input of %ux%ux%u has more than %d elements, the most a tensor may have",
                            input[0], input[1], input[2], INT32_MAX);
}

static enum tuff_status make_room(const struct tuff_source *source, struct tuff_model *model,
                                  struct tuff_mark mark)
{
    if (model->layer_count < model->layer_capacity)
        return TUFF_OK;
    if (model->layer_count == TUFF_MODEL_MAX_LAYERS)
        return tuff_source_fail(source, TUFF_ERROR_INVALID, mark, "a model has at most %d layers",
                                TUFF_MODEL_MAX_LAYERS);
    uint32_t capacity = model->layer_capacity == 0 ? 16 : model->layer_capacity * 2;
    struct tuff_layer *layers = realloc(model->layers, capacity * sizeof *layers);
    if (layers == NULL)
        return tuff_source_fail(source, TUFF_ERROR_MEMORY, (struct tuff_mark){0}, "out of memory");
    model->layers = layers;
    model->layer_capacity = capacity;
    return TUFF_OK;
}

struct tuff_layer_shape tuff_model_shape_of(const struct tuff_model *model, uint32_t layer)
{
    if (layer != TUFF_MODEL_INPUT)
        return model->layers[layer].output;
    return (struct tuff_layer_shape){3, {model->input[0], model->input[1], model->input[2]}};
}

static enum tuff_status fail_name(const struct tuff_source *source, struct tuff_mark mark, const char *kind,
                                  bool automatic, const char *name, struct tuff_mark other, const char *what)
{
    if (other.column == 0)
        what = "layer";
    return tuff_source_fail(source, TUFF_ERROR_INVALID, mark, "%s: %s '%s' is already that of %s%s%s %u",
                            kind, automatic ? "give it a name; the automatic one" : "the name", name,
                            other.column == 0 ? "" : "the ", what, other.column == 0 ? "" : " in line",
                            other.line);
}

enum tuff_status tuff_model_make_name(const struct tuff_source *source, const struct tuff_model *model,
                                      struct tuff_mark mark, const char *kind, const char *name,
                                      bool automatic, char made[TUFF_LAYER_PATH_BYTES])
{
    const char *scope = tuff_model_scope(model);
    int length = snprintf(made, TUFF_LAYER_PATH_BYTES, "%s%s%s", scope, scope[0] == '\0' ? "" : ".", name);
    if (length >= TUFF_LAYER_PATH_BYTES)
        return tuff_source_fail(
            source, TUFF_ERROR_INVALID, mark,
            "%s: with the names of the blocks around it, '%s.%s' has %d characters, more than %d", kind,
            scope, name, length, TUFF_LAYER_PATH_BYTES - 1);
    for (uint32_t i = 0; i < model->layer_count; i++)
        if (strcmp(model->layers[i].name, made) == 0)
            return fail_name(source, mark, kind, automatic, made, model->layers[i].mark, "layer");
    for (uint32_t i = 0; i < model->block_count; i++)
        if (strcmp(model->blocks[i].name, made) == 0)
            return fail_name(source, mark, kind, automatic, made, model->blocks[i].mark, "block");
    return TUFF_OK;
}

static bool is_in_scope(const struct tuff_layer *layer, const struct tuff_model *model)
{
    return strcmp(layer->scope, tuff_model_scope(model)) == 0;
}

// An empty name becomes one of the kind and its number in the scope.
static enum tuff_status settle_name(const struct tuff_source *source, struct tuff_model *model,
                                    struct tuff_layer *layer)
{
    char name[TUFF_LAYER_PATH_BYTES];
    bool automatic = layer->name[0] == '\0';
    uint32_t number = 1;
    layer->number = 0;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        if (model->layers[i].kind != layer->kind)
            continue;
        layer->number++;
        number += is_in_scope(&model->layers[i], model);
    }
    if (automatic)
        snprintf(name, sizeof name, "%s%u", layer->kind->automatic, number);
    else
        snprintf(name, sizeof name, "%s", layer->name);
    snprintf(layer->scope, sizeof layer->scope, "%s", tuff_model_scope(model));
    return tuff_model_make_name(source, model, layer->mark, layer->kind->name, name, automatic, layer->name);
}

enum tuff_status tuff_model_make_layer(const struct tuff_source *source, struct tuff_model *model,
                                       const struct tuff_layer *layer, struct tuff_layer **made)
{
    struct tuff_layer copy = *layer;
    enum tuff_status status = make_room(source, model, layer->mark);
    if (status == TUFF_OK)
        status = settle_name(source, model, &copy);
    if (status != TUFF_OK)
        return status;
    *made = &model->layers[model->layer_count++];
    **made = copy;
    return TUFF_OK;
}

enum tuff_status tuff_model_append(const struct tuff_source *source, struct tuff_model *model,
                                   const struct tuff_layer *layer)
{
    struct tuff_layer *added;
    if (model->layer_count == 0)
        model->tail = TUFF_MODEL_INPUT;
    enum tuff_status status = tuff_model_check_branch(source, model);
    if (status == TUFF_OK)
        status = tuff_model_make_layer(source, model, layer, &added);
    if (status != TUFF_OK)
        return status;
    added->input_count = 1;
    added->inputs[0] = model->tail;
    added->input = tuff_model_shape_of(model, model->tail);
    model->tail = model->layer_count - 1;
    status = added->kind->infer(source, added);
    return status == TUFF_OK ? tuff_training_settle(source, added, tuff_model_training_around(model))
                             : status;
}

static void name_tensor(struct tuff_model_parameter *tensor, const struct tuff_model *model, uint32_t layer,
                        uint32_t position, const char *suffix)
{
    tensor->layer = layer;
    tensor->position = position;
    snprintf(tensor->name, sizeof tensor->name, "%s.%s", model->layers[layer].name, suffix);
}

// The lists of parameters and buffers, in the order of the layers.
static enum tuff_status collect_tensors(const struct tuff_source *source, struct tuff_mark mark,
                                        struct tuff_model *model)
{
    for (uint32_t i = 0; i < model->layer_count; i++) {
        model->parameter_count += model->layers[i].parameter_count;
        model->buffer_count += model->layers[i].buffer_count;
    }
    if (model->parameter_count == 0)
        return tuff_source_fail(source, TUFF_ERROR_INVALID, mark,
                                "nothing to train: no layer has parameters; add a linear or conv2d layer");
    model->parameters = calloc(model->parameter_count, sizeof *model->parameters);
    model->buffers = calloc(model->buffer_count + 1, sizeof *model->buffers);
    if (model->parameters == NULL || model->buffers == NULL)
        return tuff_source_fail(source, TUFF_ERROR_MEMORY, (struct tuff_mark){0}, "out of memory");
    struct tuff_model_parameter *parameter = model->parameters, *buffer = model->buffers;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct tuff_layer *layer = &model->layers[i];
        for (uint32_t j = 0; j < layer->parameter_count; j++)
            name_tensor(parameter++, model, i, j, layer->parameters[j].suffix);
        for (uint32_t j = 0; j < layer->buffer_count; j++)
            name_tensor(buffer++, model, i, j, layer->buffers[j].suffix);
    }
    return TUFF_OK;
}

enum tuff_status tuff_model_finish(const struct tuff_source *source, struct tuff_mark mark,
                                   struct tuff_model *model)
{
    if (model->depth > 0) {
        const struct tuff_model_block *open = &model->blocks[model->open[model->depth - 1].block];
        return tuff_source_fail(source, TUFF_ERROR_INVALID, open->mark, "%s: it is begun and not ended",
                                tuff_block_kind_name(open->kind));
    }
    const struct tuff_layer *last = &model->layers[model->layer_count - 1];
    if (last->output.rank != 1) {
        char text[TUFF_SHAPE_TEXT_BYTES];
        return tuff_layer_fail(
            source, last, TUFF_LAYER_ITSELF,
            "the last layer must give one number per class, not %s; end with flatten and linear",
            tuff_layer_shape_text(&last->output, text));
    }
    return collect_tensors(source, mark, model);
}
