// Model files: the keys of the top level, and the layers one after the other.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer_file.h"

enum { NAME, DESCRIPTION, INPUT, LAYERS, KEY_COUNT };
static const char *const key_names[KEY_COUNT] = {"name", "description", "input", "layers"};

struct reader {
    struct tuff_source source;
    struct tuff_model *model;
    const struct tuff_yaml_node *values[KEY_COUNT];
};

static enum tuff_status fail_expected(const struct reader *reader, const struct tuff_yaml_node *node,
                                      const char *expected)
{
    char text[TUFF_YAML_DESCRIBE_BYTES];
    return tuff_source_fail(&reader->source, TUFF_ERROR_FORMAT, node->mark, "%s, found %s", expected,
                            tuff_yaml_describe(node, text));
}

// Names of models become names of files.
static enum tuff_status read_name(struct reader *reader)
{
    static const char alphanumeric[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.";
    const struct tuff_yaml_node *node = reader->values[NAME];
    char *name = reader->model->name;
    if (node->kind == TUFF_YAML_SCALAR && !tuff_yaml_is_null(node) &&
        node->length < sizeof reader->model->name && strchr("-_.", node->text[0]) == NULL &&
        strspn(node->text, alphanumeric) == node->length) {
        memcpy(name, node->text, node->length + 1);
        return TUFF_OK;
    }
    char text[TUFF_YAML_DESCRIBE_BYTES];
    return tuff_source_fail(
        &reader->source, TUFF_ERROR_FORMAT, node->mark,
        "'name' must be at most %zu letters, digits, '-', '_' and '.', beginning with a letter or "
        "a digit, found %s",
        sizeof reader->model->name - 1, tuff_yaml_describe(node, text));
}

static enum tuff_status read_input(struct reader *reader)
{
    const struct tuff_yaml_node *node = reader->values[INPUT];
    if (node->kind != TUFF_YAML_SEQUENCE || node->count != 3)
        return fail_expected(reader, node, "'input' must be [channels, height, width]");
    uint32_t *input = reader->model->input;
    const struct tuff_yaml_node *item = node->first;
    for (size_t i = 0; i < 3; i++, item = item->next) {
        enum tuff_status status =
            tuff_number_read(&reader->source, "'input'", "", item, 1, TUFF_MAX_EXTENT, &input[i]);
        if (status != TUFF_OK)
            return status;
    }
    uint64_t elements;
    if (!tuff_layer_elements(3, input, &elements))
        return tuff_source_fail(&reader->source, TUFF_ERROR_INVALID, node->mark,
                                "an input of %ux%ux%u has more than %d elements, the most a tensor may have",
                                input[0], input[1], input[2], INT32_MAX);
    return TUFF_OK;
}

// Gives the newest layer a name if it has none, and checks that no layer before it has the same.
static enum tuff_status settle_name(const struct reader *reader)
{
    struct tuff_model *model = reader->model;
    struct tuff_layer *layer = &model->layers[model->layer_count - 1];
    bool automatic = layer->name[0] == '\0';
    if (automatic) {
        uint32_t number = 0;
        for (uint32_t i = 0; i < model->layer_count; i++)
            number += model->layers[i].kind == layer->kind;
        snprintf(layer->name, sizeof layer->name, "%s%u", layer->kind->automatic, number);
    }
    for (uint32_t i = 0; i + 1 < model->layer_count; i++) {
        if (strcmp(model->layers[i].name, layer->name) == 0)
            return tuff_source_fail(&reader->source, TUFF_ERROR_INVALID, layer->mark,
                                    "%s: %s '%s' is already that of the layer in line %u", layer->kind->name,
                                    automatic ? "give it a name; the automatic one" : "the name", layer->name,
                                    model->layers[i].mark.line);
    }
    return TUFF_OK;
}

static enum tuff_status add_layer(struct reader *reader, const struct tuff_yaml_node *item)
{
    struct tuff_model *model = reader->model;
    if (model->layer_count == model->layer_capacity) {
        if (model->layer_count == TUFF_MODEL_MAX_LAYERS)
            return tuff_source_fail(&reader->source, TUFF_ERROR_INVALID, item->mark,
                                    "a model has at most %d layers", TUFF_MODEL_MAX_LAYERS);
        uint32_t capacity = model->layer_capacity == 0 ? 16 : model->layer_capacity * 2;
        struct tuff_layer *layers = realloc(model->layers, capacity * sizeof *layers);
        if (layers == NULL)
            return tuff_source_fail(&reader->source, TUFF_ERROR_MEMORY, (struct tuff_mark){0},
                                    "out of memory");
        model->layers = layers;
        model->layer_capacity = capacity;
    }
    struct tuff_layer *layer = &model->layers[model->layer_count];
    enum tuff_status status = tuff_layer_read(&reader->source, item, layer);
    if (status != TUFF_OK)
        return status;
    model->layer_count++;
    status = settle_name(reader);
    if (status != TUFF_OK)
        return status;
    if (model->layer_count == 1)
        layer->input = (struct tuff_layer_shape){3, {model->input[0], model->input[1], model->input[2]}};
    else
        layer->input = layer[-1].output;
    return layer->kind->infer(&reader->source, layer);
}

static enum tuff_status read_layers(struct reader *reader)
{
    const struct tuff_yaml_node *list = reader->values[LAYERS];
    if (list->kind != TUFF_YAML_SEQUENCE || list->count == 0)
        return fail_expected(reader, list, "'layers' must be a list of at least one layer");
    for (const struct tuff_yaml_node *item = list->first; item != NULL; item = item->next) {
        enum tuff_status status = add_layer(reader, item);
        if (status != TUFF_OK)
            return status;
    }
    const struct tuff_layer *last = &reader->model->layers[reader->model->layer_count - 1];
    if (last->output.rank != 1) {
        char text[TUFF_SHAPE_TEXT_BYTES];
        return tuff_layer_fail(
            &reader->source, last, TUFF_LAYER_ITSELF,
            "the last layer must give one number per class, not %s; end with flatten and linear",
            tuff_layer_shape_text(&last->output, text));
    }
    return TUFF_OK;
}

// The list of parameters, in the order of the layers.
static enum tuff_status collect_parameters(struct reader *reader)
{
    struct tuff_model *model = reader->model;
    for (uint32_t i = 0; i < model->layer_count; i++)
        model->parameter_count += model->layers[i].parameter_count;
    if (model->parameter_count == 0)
        return tuff_source_fail(&reader->source, TUFF_ERROR_INVALID, reader->values[LAYERS]->mark,
                                "nothing to train: no layer has parameters; add a linear or conv2d layer");
    model->parameters = calloc(model->parameter_count, sizeof *model->parameters);
    if (model->parameters == NULL)
        return tuff_source_fail(&reader->source, TUFF_ERROR_MEMORY, (struct tuff_mark){0}, "out of memory");
    struct tuff_model_parameter *parameter = model->parameters;
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct tuff_layer *layer = &model->layers[i];
        for (uint32_t j = 0; j < layer->parameter_count; j++, parameter++) {
            parameter->layer = i;
            parameter->position = j;
            snprintf(parameter->name, sizeof parameter->name, "%s.%s", layer->name,
                     layer->parameters[j].suffix);
        }
    }
    return TUFF_OK;
}

static enum tuff_status read_model(struct reader *reader, const struct tuff_yaml_node *root)
{
    if (root->kind != TUFF_YAML_MAPPING)
        return fail_expected(reader, root, "expected a model with the keys name, input and layers");
    enum tuff_status status =
        tuff_yaml_read_mapping(&reader->source, "", root, key_names, KEY_COUNT, reader->values);
    if (status != TUFF_OK)
        return status;
    for (size_t i = 0; i < KEY_COUNT; i++) {
        if (reader->values[i] == NULL && i != DESCRIPTION)
            return tuff_source_fail(&reader->source, TUFF_ERROR_FORMAT, root->mark, "missing key '%s'",
                                    key_names[i]);
    }
    const struct tuff_yaml_node *description = reader->values[DESCRIPTION];
    if (description != NULL && description->kind != TUFF_YAML_SCALAR)
        return fail_expected(reader, description, "'description' must be text");
    status = read_name(reader);
    if (status == TUFF_OK)
        status = read_input(reader);
    if (status == TUFF_OK)
        status = read_layers(reader);
    if (status == TUFF_OK)
        status = collect_parameters(reader);
    return status;
}

enum tuff_status tuff_model_parse(const struct tuff_log *log, const char *source, const char *text,
                                  size_t length, struct tuff_model **model)
{
    *model = NULL;
    struct reader reader = {.model = calloc(1, sizeof *reader.model)};
    tuff_source_set(&reader.source, log, source);
    if (reader.model == NULL)
        return tuff_source_fail(&reader.source, TUFF_ERROR_MEMORY, (struct tuff_mark){0}, "out of memory");
    struct tuff_yaml tree;
    enum tuff_status status = tuff_yaml_read(&reader.source, text, length, &tree);
    if (status == TUFF_OK)
        status = read_model(&reader, tree.root);
    tuff_yaml_clear(&tree);
    if (status != TUFF_OK)
        tuff_model_destroy(&reader.model);
    *model = reader.model;
    return status;
}
