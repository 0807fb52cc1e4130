// Models made in code: see tuff/model_builder.h. The layers become what a model file would have made of them.
#include "tuff/model_builder.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "layer_kinds.h"
#include "model_build.h"

struct tuff_model_builder {
    struct tuff_log log;
    struct tuff_source source;
    struct tuff_model *model;
    enum tuff_status status; // of the first failure
    uint32_t added;          // layers so far, those that failed included
};

// In quotes, so that an empty one is seen.
static const char *quoted(char *text, size_t size, const char *name)
{
    char line[64];
    tuff_one_line(line, sizeof line, name, strlen(name));
    snprintf(text, size, "'%s'", line);
    return text;
}

static enum tuff_status set_up(struct tuff_model_builder *builder, const char *name, const uint32_t input[3])
{
    char text[80];
    const struct tuff_mark whole = {0};
    tuff_source_set(&builder->source, &builder->log, name);
    if (!tuff_model_name_valid(name, strlen(name)))
        return tuff_source_fail(&builder->source, TUFF_ERROR_INVALID, whole, TUFF_MODEL_NAME_EXPECTED,
                                TUFF_LAYER_NAME_BYTES - 1, quoted(text, sizeof text, name));
    snprintf(builder->model->name, sizeof builder->model->name, "%s", name);
    for (int i = 0; i < 3; i++) {
        if (input[i] < 1 || input[i] > TUFF_MAX_EXTENT)
            return tuff_source_fail(&builder->source, TUFF_ERROR_INVALID, whole,
                                    "'input' must be a whole number from 1 to %d, found %u", TUFF_MAX_EXTENT,
                                    input[i]);
        builder->model->input[i] = input[i];
    }
    return tuff_model_check_input(&builder->source, whole, input);
}

enum tuff_status tuff_model_builder_create(const struct tuff_log *log, const char *name,
                                           const uint32_t input[3], struct tuff_model_builder **builder)
{
    *builder = NULL;
    struct tuff_model_builder *made = calloc(1, sizeof *made);
    if (made != NULL)
        made->model = calloc(1, sizeof *made->model);
    if (made == NULL || made->model == NULL) {
        free(made);
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", name);
    }
    if (log != NULL)
        made->log = *log;
    enum tuff_status status = set_up(made, name, input);
    if (status != TUFF_OK)
        tuff_model_builder_destroy(&made);
    *builder = made;
    return status;
}

void tuff_model_builder_destroy(struct tuff_model_builder **builder)
{
    if (builder == NULL || *builder == NULL)
        return;
    tuff_model_destroy(&(*builder)->model);
    free(*builder);
    *builder = NULL;
}

enum tuff_status tuff_model_builder_finish(struct tuff_model_builder **builder, struct tuff_model **model)
{
    struct tuff_model_builder *built = *builder;
    const struct tuff_mark whole = {0};
    *model = NULL;
    if (built->status == TUFF_OK && built->model->layer_count == 0)
        built->status =
            tuff_source_fail(&built->source, TUFF_ERROR_INVALID, whole, "a model has at least one layer");
    if (built->status == TUFF_OK)
        built->status = tuff_model_finish(&built->source, whole, built->model);
    enum tuff_status status = built->status;
    if (status == TUFF_OK) {
        *model = built->model;
        built->model = NULL;
    }
    tuff_model_builder_destroy(builder);
    return status;
}

// -- Layers

// Begins a layer of a kind: its name, and every setting as if it were not given. False if the model is void,
// or has become so.
static bool begin(struct tuff_model_builder *builder, const struct tuff_layer_kind *kind, const char *name,
                  struct tuff_layer *layer)
{
    char text[80];
    builder->added++;
    if (builder->status != TUFF_OK)
        return false;
    *layer = (struct tuff_layer){.kind = kind, .mark = {.line = builder->added}};
    for (size_t i = 0; i < kind->key_count; i++) {
        struct tuff_setting *setting = &layer->settings[i];
        setting->value[0] = setting->value[1] = kind->keys[i].fallback;
        setting->real = kind->keys[i].range != NULL ? kind->keys[i].range->fallback : 0;
        setting->mark = layer->mark;
    }
    if (name == NULL)
        return true;
    if (tuff_layer_name_valid(name, strlen(name)))
        snprintf(layer->name, sizeof layer->name, "%s", name);
    else
        builder->status =
            tuff_source_fail(&builder->source, TUFF_ERROR_INVALID, layer->mark, TUFF_LAYER_NAME_EXPECTED,
                             kind->name, TUFF_LAYER_NAME_BYTES - 1, quoted(text, sizeof text, name));
    return builder->status == TUFF_OK;
}

// The setting that files call `name`.
static struct tuff_setting *find(struct tuff_layer *layer, const char *name,
                                 const struct tuff_layer_key **key)
{
    for (size_t i = 0; i < layer->kind->key_count; i++) {
        *key = &layer->kind->keys[i];
        if (strcmp((*key)->name, name) == 0)
            return &layer->settings[i];
    }
    return NULL;
}

static void set_value(struct tuff_model_builder *builder, struct tuff_layer *layer, const char *name,
                      int dimension, uint32_t value)
{
    const struct tuff_layer_key *key;
    struct tuff_setting *setting = find(layer, name, &key);
    if (builder->status != TUFF_OK || setting == NULL)
        return;
    uint32_t minimum = key->type == TUFF_SETTING_PADDING ? 0 : 1;
    // What is 0 and need not be given keeps its default.
    if (value == 0 && minimum > 0 && !key->required)
        return;
    if (value < minimum || value > key->maximum)
        builder->status = tuff_source_fail(&builder->source, TUFF_ERROR_INVALID, layer->mark,
                                           "%s: '%s' must be a whole number from %u to %u, found %u",
                                           layer->kind->name, name, minimum, key->maximum, value);
    setting->value[dimension] = value;
}

static void set_number(struct tuff_model_builder *builder, struct tuff_layer *layer, const char *name,
                       uint32_t value)
{
    set_value(builder, layer, name, 0, value);
}

// A width of 0 is the height.
static void set_pair(struct tuff_model_builder *builder, struct tuff_layer *layer, const char *name,
                     const uint32_t pair[2])
{
    set_value(builder, layer, name, 0, pair[0]);
    set_value(builder, layer, name, 1, pair[1] == 0 ? pair[0] : pair[1]);
}

static void set_padding(struct tuff_model_builder *builder, struct tuff_layer *layer, const uint32_t pair[2],
                        int same)
{
    const struct tuff_layer_key *key;
    struct tuff_setting *setting = find(layer, "padding", &key);
    if (same && setting != NULL) {
        setting->same = true;
        return;
    }
    set_value(builder, layer, "padding", 0, pair[0]);
    set_value(builder, layer, "padding", 1, pair[1]);
}

static void set_bias(struct tuff_layer *layer, int without_bias)
{
    const struct tuff_layer_key *key;
    struct tuff_setting *setting = find(layer, "bias", &key);
    if (setting != NULL)
        setting->value[0] = !without_bias;
}

static void append(struct tuff_model_builder *builder, const struct tuff_layer *layer)
{
    if (builder->status == TUFF_OK)
        builder->status = tuff_model_append(&builder->source, builder->model, layer);
}

// Copies options of a caller that was built for fewer of them: what came later is zero.
static bool take(struct tuff_model_builder *builder, const struct tuff_layer *layer, const void *options,
                 size_t size, void *whole, size_t whole_size)
{
    memset(whole, 0, whole_size);
    if (size >= sizeof(size_t)) {
        memcpy(whole, options, size < whole_size ? size : whole_size);
        return true;
    }
    builder->status =
        tuff_layer_fail(&builder->source, layer, TUFF_LAYER_ITSELF, "the options' size is not set");
    return false;
}

void tuff_model_add_conv2d(struct tuff_model_builder *builder, const char *name,
                           const struct tuff_conv2d_options *options)
{
    struct tuff_layer layer;
    struct tuff_conv2d_options o;
    if (!begin(builder, &tuff_layer_conv2d, name, &layer) ||
        !take(builder, &layer, options, options->size, &o, sizeof o))
        return;
    set_number(builder, &layer, "channels", o.channels);
    set_pair(builder, &layer, "kernel", o.kernel);
    set_pair(builder, &layer, "stride", o.stride);
    set_padding(builder, &layer, o.padding, o.same_padding);
    set_pair(builder, &layer, "dilation", o.dilation);
    set_number(builder, &layer, "groups", o.groups);
    set_bias(&layer, o.without_bias);
    append(builder, &layer);
}

void tuff_model_add_max_pool2d(struct tuff_model_builder *builder, const char *name,
                               const struct tuff_max_pool2d_options *options)
{
    struct tuff_layer layer;
    struct tuff_max_pool2d_options o;
    if (!begin(builder, &tuff_layer_max_pool2d, name, &layer) ||
        !take(builder, &layer, options, options->size, &o, sizeof o))
        return;
    set_pair(builder, &layer, "kernel", o.kernel);
    set_pair(builder, &layer, "stride", o.stride);
    set_padding(builder, &layer, o.padding, o.same_padding);
    set_pair(builder, &layer, "dilation", o.dilation);
    append(builder, &layer);
}

void tuff_model_add_linear(struct tuff_model_builder *builder, const char *name,
                           const struct tuff_linear_options *options)
{
    struct tuff_layer layer;
    struct tuff_linear_options o;
    if (!begin(builder, &tuff_layer_linear, name, &layer) ||
        !take(builder, &layer, options, options->size, &o, sizeof o))
        return;
    set_number(builder, &layer, "features", o.features);
    set_bias(&layer, o.without_bias);
    append(builder, &layer);
}

static void add_plain(struct tuff_model_builder *builder, const struct tuff_layer_kind *kind,
                      const char *name)
{
    struct tuff_layer layer;
    if (begin(builder, kind, name, &layer))
        append(builder, &layer);
}

void tuff_model_add_relu(struct tuff_model_builder *builder, const char *name)
{
    add_plain(builder, &tuff_layer_relu, name);
}

void tuff_model_add_flatten(struct tuff_model_builder *builder, const char *name)
{
    add_plain(builder, &tuff_layer_flatten, name);
}
