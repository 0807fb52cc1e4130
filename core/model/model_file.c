// Model files: the keys of the top level, and the layers one after the other.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer_file.h"
#include "model_build.h"

enum { NAME, DESCRIPTION, INPUT, RECIPE, LAYERS, KEY_COUNT };
static const char *const key_names[KEY_COUNT] = {"name", "description", "input", "recipe", "layers"};

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

static enum tuff_status read_name(struct reader *reader)
{
    const struct tuff_yaml_node *node = reader->values[NAME];
    if (node->kind == TUFF_YAML_SCALAR && !tuff_yaml_is_null(node) &&
        tuff_model_name_valid(node->text, node->length)) {
        memcpy(reader->model->name, node->text, node->length + 1);
        return TUFF_OK;
    }
    char text[TUFF_YAML_DESCRIBE_BYTES];
    return tuff_source_fail(&reader->source, TUFF_ERROR_FORMAT, node->mark, TUFF_MODEL_NAME_EXPECTED,
                            TUFF_LAYER_NAME_BYTES - 1, tuff_yaml_describe(node, text));
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
    return tuff_model_check_input(&reader->source, node->mark, input);
}

static enum tuff_status read_layers(struct reader *reader)
{
    const struct tuff_yaml_node *list = reader->values[LAYERS];
    enum tuff_status status = tuff_layers_read(&reader->source, "'layers'", list, false, reader->model);
    return status == TUFF_OK ? tuff_model_finish(&reader->source, list->mark, reader->model) : status;
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
        if (reader->values[i] == NULL && i != DESCRIPTION && i != RECIPE)
            return tuff_source_fail(&reader->source, TUFF_ERROR_FORMAT, root->mark, "missing key '%s'",
                                    key_names[i]);
    }
    const struct tuff_yaml_node *description = reader->values[DESCRIPTION];
    if (description != NULL && description->kind != TUFF_YAML_SCALAR)
        return fail_expected(reader, description, "'description' must be text");
    status = read_name(reader);
    if (status == TUFF_OK)
        status = read_input(reader);
    if (status == TUFF_OK && reader->values[RECIPE] != NULL)
        status = tuff_recipe_read(&reader->source, reader->values[RECIPE], reader->model);
    if (status == TUFF_OK)
        status = read_layers(reader);
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
