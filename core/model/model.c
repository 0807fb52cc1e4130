#include "model/model.h"

#include <stdlib.h>

#include "model_build.h"

void tuff_model_destroy(struct tuff_model **model)
{
    if (model == NULL || *model == NULL)
        return;
    free((*model)->layers);
    free((*model)->parameters);
    free((*model)->buffers);
    free((*model)->blocks);
    for (uint32_t i = 0; i < (*model)->recipe_count; i++)
        free((*model)->recipe[i].value);
    free((*model)->recipe);
    free(*model);
    *model = NULL;
}

const char *tuff_model_name(const struct tuff_model *model)
{
    return model->name;
}

void tuff_model_input(const struct tuff_model *model, uint32_t chw[3])
{
    for (int i = 0; i < 3; i++)
        chw[i] = model->input[i];
}

uint32_t tuff_model_classes(const struct tuff_model *model)
{
    return model->layers[model->layer_count - 1].output.dims[0];
}

size_t tuff_model_layer_count(const struct tuff_model *model)
{
    return model->layer_count;
}

uint64_t tuff_layer_parameter_elements(const struct tuff_layer_parameter *parameter)
{
    uint64_t elements = 1;
    for (uint32_t i = 0; i < parameter->rank; i++)
        elements *= parameter->dims[i];
    return elements;
}

void tuff_model_layer(const struct tuff_model *model, size_t index, struct tuff_layer_info *info)
{
    const struct tuff_layer *layer = &model->layers[index];
    *info = (struct tuff_layer_info){
        .name = layer->name,
        .kind = layer->kind->name,
        .output_rank = layer->output.rank,
        .multiply_adds = layer->multiply_adds,
    };
    for (int i = 0; i < 3; i++)
        info->output_dims[i] = layer->output.dims[i];
    for (uint32_t i = 0; i < layer->parameter_count; i++)
        info->parameters += tuff_layer_parameter_elements(&layer->parameters[i]);
    for (uint32_t i = 0; i < layer->buffer_count; i++)
        info->buffers += tuff_layer_parameter_elements(&layer->buffers[i]);
}

size_t tuff_model_layer_inputs(const struct tuff_model *model, size_t index, size_t *inputs, size_t capacity)
{
    const struct tuff_layer *layer = &model->layers[index];
    for (uint32_t i = 0; i < layer->input_count && i < capacity; i++)
        inputs[i] = layer->inputs[i] == TUFF_MODEL_INPUT ? TUFF_LAYER_MODEL_INPUT : layer->inputs[i];
    return layer->input_count;
}

size_t tuff_model_block_count(const struct tuff_model *model)
{
    return model->block_count;
}

void tuff_model_block(const struct tuff_model *model, size_t index, struct tuff_block_info *info)
{
    const struct tuff_model_block *block = &model->blocks[index];
    *info = (struct tuff_block_info){
        .name = block->name,
        .kind = tuff_block_kind_name(block->kind),
        .depth = block->depth,
        .first = block->first,
        .count = block->count,
    };
}

static const struct tuff_layer_parameter *find_parameter(const struct tuff_model *model, size_t index)
{
    const struct tuff_model_parameter *parameter = &model->parameters[index];
    return &model->layers[parameter->layer].parameters[parameter->position];
}

static const struct tuff_layer_parameter *find_buffer(const struct tuff_model *model, size_t index)
{
    const struct tuff_model_parameter *buffer = &model->buffers[index];
    return &model->layers[buffer->layer].buffers[buffer->position];
}

static void describe(const struct tuff_layer_parameter *parameter, const char *name,
                     struct tuff_parameter_info *info)
{
    *info = (struct tuff_parameter_info){.name = name, .rank = parameter->rank, .fan_in = parameter->fan_in};
    for (int i = 0; i < 4; i++)
        info->dims[i] = parameter->dims[i];
}

size_t tuff_model_parameter_count(const struct tuff_model *model)
{
    return model->parameter_count;
}

void tuff_model_parameter(const struct tuff_model *model, size_t index, struct tuff_parameter_info *info)
{
    describe(find_parameter(model, index), model->parameters[index].name, info);
}

uint64_t tuff_model_parameter_elements(const struct tuff_model *model)
{
    uint64_t elements = 0;
    for (uint32_t i = 0; i < model->parameter_count; i++)
        elements += tuff_layer_parameter_elements(find_parameter(model, i));
    return elements;
}

size_t tuff_model_buffer_count(const struct tuff_model *model)
{
    return model->buffer_count;
}

void tuff_model_buffer(const struct tuff_model *model, size_t index, struct tuff_parameter_info *info)
{
    describe(find_buffer(model, index), model->buffers[index].name, info);
}

uint64_t tuff_model_buffer_elements(const struct tuff_model *model)
{
    uint64_t elements = 0;
    for (uint32_t i = 0; i < model->buffer_count; i++)
        elements += tuff_layer_parameter_elements(find_buffer(model, i));
    return elements;
}

void tuff_model_initialize(const struct tuff_model *model, size_t index, uint64_t seed, float *values)
{
    const struct tuff_layer *layer = &model->layers[model->parameters[index].layer];
    tuff_parameter_initialize(layer, find_parameter(model, index), (uint32_t)index, seed, values);
}

void tuff_model_initialize_buffer(const struct tuff_model *model, size_t index, float *values)
{
    const struct tuff_layer_parameter *buffer = find_buffer(model, index);
    uint64_t elements = tuff_layer_parameter_elements(buffer);
    for (uint64_t i = 0; i < elements; i++)
        values[i] = buffer->constant;
}

enum tuff_status tuff_model_lower(const struct tuff_model *model, struct tuff_graph *graph,
                                  tuff_value_id input, const struct tuff_model_values *values,
                                  tuff_value_id *logits)
{
    const struct tuff_tensor *shape = &graph->values[input].shape;
    if (shape->rank != 4 || shape->dims[1] != model->input[0] || shape->dims[2] != model->input[1] ||
        shape->dims[3] != model->input[2])
        return tuff_fail(graph->log, TUFF_ERROR_INVALID,
                         "model %s: expected an input of (N,%u,%u,%u), found rank %u: (%u,%u,%u,%u)",
                         model->name, model->input[0], model->input[1], model->input[2], shape->rank,
                         shape->dims[0], shape->dims[1], shape->dims[2], shape->dims[3]);
    tuff_value_id *outputs = malloc((model->layer_count + 1) * sizeof *outputs);
    if (outputs == NULL)
        return tuff_fail(graph->log, TUFF_ERROR_MEMORY, "out of memory");
    struct tuff_layer_lowering with = {
        .graph = graph,
        .parameters = values->parameters,
        .buffers = values->buffers,
        .training = values->training,
        .state = values->state,
        .seed = values->seed,
    };
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; status == TUFF_OK && i < model->layer_count; i++) {
        const struct tuff_layer *layer = &model->layers[i];
        for (uint32_t k = 0; k < layer->input_count; k++)
            with.inputs[k] = layer->inputs[k] == TUFF_MODEL_INPUT ? input : outputs[layer->inputs[k]];
        with.input = with.inputs[0];
        status = layer->kind->lower(layer, &with, &outputs[i]);
        with.parameters += layer->parameter_count;
        if (layer->buffer_count != 0)
            with.buffers += layer->buffer_count;
    }
    if (status == TUFF_OK)
        *logits = outputs[model->layer_count - 1];
    free(outputs);
    return status;
}
