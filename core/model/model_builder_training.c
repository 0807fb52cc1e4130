// How the layers and blocks of models made in code begin and are trained: read as a model file's keys are.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/decimal.h"
#include "layer_file.h"
#include "model_builder_state.h"

// The options as a file has them: "{init: kaiming_normal, lr_factor: 10}"; NULL if memory is exhausted.
static char *as_text(const struct tuff_training_options *options)
{
    char factor[64] = "", *text = NULL;
    if (options->lr_factor != 0)
        snprintf(factor, sizeof factor, "lr_factor: %s,", tuff_decimal_print(options->lr_factor, 17).text);
    const bool init = options->init != NULL, bias = options->init_bias != NULL;
    if (asprintf(&text, "{%s%s%s%s%s%s%s%s}", init ? "init: " : "", init ? options->init : "",
                 init ? "," : "", bias ? "init_bias: " : "", bias ? options->init_bias : "", bias ? "," : "",
                 factor,
                 options->freeze > 0   ? "freeze: true"
                 : options->freeze < 0 ? "freeze: false"
                                       : "") < 0)
        return NULL;
    return text;
}

// Messages are to tell of the layer or block, not of a place in the text.
static void set_marks(const struct tuff_yaml *tree, struct tuff_mark mark)
{
    for (struct tuff_yaml_node *node = tree->newest; node != NULL; node = node->older)
        node->mark = mark;
}

static enum tuff_status read(struct tuff_model_builder *builder, const char *text, struct tuff_mark mark)
{
    struct tuff_source inner;
    struct tuff_yaml tree;
    const struct tuff_yaml_node *values[TUFF_TRAINING_KEYS];
    char name[sizeof inner.name];
    snprintf(name, sizeof name, "%.900s: layer %u: %.60s", builder->source.name, mark.line, text);
    tuff_source_set(&inner, &builder->log, name);
    enum tuff_status status = tuff_yaml_read(&inner, text, strlen(text), &tree);
    if (status != TUFF_OK)
        return status;
    set_marks(&tree, mark);
    status = tuff_yaml_read_mapping(&builder->source, "training: ", tree.root, tuff_training_keys,
                                    TUFF_TRAINING_KEYS, values);
    if (status == TUFF_OK)
        status = tuff_training_read(&builder->source, "training", mark, values, &builder->next);
    builder->next.mark = mark;
    tuff_yaml_clear(&tree);
    return status;
}

void tuff_model_train(struct tuff_model_builder *builder, const struct tuff_training_options *options)
{
    const struct tuff_mark mark = {.line = builder->added + 1};
    struct tuff_training_options whole = {0};
    if (builder->status != TUFF_OK)
        return;
    if (options->size < sizeof options->size) {
        builder->status = tuff_source_fail(&builder->source, TUFF_ERROR_INVALID, mark,
                                           "training: the options' size is not set");
        return;
    }
    memcpy(&whole, options, options->size < sizeof whole ? options->size : sizeof whole);
    char *text = as_text(&whole);
    builder->status = text == NULL
                          ? tuff_source_fail(&builder->source, TUFF_ERROR_MEMORY, mark, "out of memory")
                          : read(builder, text, mark);
    free(text);
}

struct tuff_layer_training tuff_builder_take_training(struct tuff_model_builder *builder)
{
    const struct tuff_layer_training training = builder->next;
    builder->next = (struct tuff_layer_training){.given = false};
    return training;
}
