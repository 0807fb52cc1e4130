// The layers of models made in code: each becomes what a model file would have made of it.
#include <stdio.h>
#include <string.h>

#include "layer_kinds.h"
#include "model_builder_state.h"

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
    layer->training = tuff_builder_take_training(builder);
    if (name == NULL)
        return true;
    if (tuff_layer_name_valid(name, strlen(name)))
        snprintf(layer->name, sizeof layer->name, "%s", name);
    else
        builder->status = tuff_source_fail(&builder->source, TUFF_ERROR_INVALID, layer->mark,
                                           TUFF_LAYER_NAME_EXPECTED, kind->name, TUFF_LAYER_NAME_BYTES - 1,
                                           tuff_builder_quoted(text, sizeof text, name));
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

// zero: whether 0 is meant; else it stands for the default.
static void set_real(struct tuff_model_builder *builder, struct tuff_layer *layer, const char *name,
                     double real, bool zero)
{
    const struct tuff_layer_key *key;
    struct tuff_setting *setting = find(layer, name, &key);
    if (builder->status != TUFF_OK || setting == NULL || (real == 0 && !zero))
        return;
    if (!tuff_real_in_range(key->range, real))
        builder->status = tuff_source_fail(&builder->source, TUFF_ERROR_INVALID, layer->mark,
                                           "%s: '%s' must be a number %s, found %g", layer->kind->name, name,
                                           key->range->text, real);
    setting->real = real;
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

static void set_switch(struct tuff_layer *layer, const char *name, int on)
{
    const struct tuff_layer_key *key;
    struct tuff_setting *setting = find(layer, name, &key);
    if (setting != NULL)
        setting->value[0] = on != 0;
}

static void set_padding_mode(struct tuff_model_builder *builder, struct tuff_layer *layer, uint32_t mode)
{
    const struct tuff_layer_key *key;
    struct tuff_setting *setting = find(layer, "padding_mode", &key);
    if (builder->status != TUFF_OK || setting == NULL)
        return;
    if (mode > TUFF_PADDING_CIRCULAR)
        builder->status =
            tuff_layer_fail(&builder->source, layer, TUFF_LAYER_ITSELF, "unknown padding mode %u", mode);
    setting->value[0] = mode;
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
    set_switch(&layer, "bias", !o.without_bias);
    set_padding_mode(builder, &layer, o.padding_mode);
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

void tuff_model_add_avg_pool2d(struct tuff_model_builder *builder, const char *name,
                               const struct tuff_avg_pool2d_options *options)
{
    struct tuff_layer layer;
    struct tuff_avg_pool2d_options o;
    if (!begin(builder, &tuff_layer_avg_pool2d, name, &layer) ||
        !take(builder, &layer, options, options->size, &o, sizeof o))
        return;
    set_pair(builder, &layer, "kernel", o.kernel);
    set_pair(builder, &layer, "stride", o.stride);
    set_padding(builder, &layer, o.padding, o.same_padding);
    set_switch(&layer, "ceil_mode", o.ceil_mode);
    set_switch(&layer, "count_include_pad", !o.exclude_padding);
    append(builder, &layer);
}

void tuff_model_add_adaptive_avg_pool2d(struct tuff_model_builder *builder, const char *name, uint32_t height,
                                        uint32_t width)
{
    struct tuff_layer layer;
    if (!begin(builder, &tuff_layer_adaptive_avg_pool2d, name, &layer))
        return;
    set_pair(builder, &layer, "output", (const uint32_t[]){height, width});
    append(builder, &layer);
}

void tuff_model_add_batch_norm2d(struct tuff_model_builder *builder, const char *name,
                                 const struct tuff_batch_norm2d_options *options)
{
    struct tuff_layer layer;
    struct tuff_batch_norm2d_options o = {.size = sizeof o};
    if (!begin(builder, &tuff_layer_batch_norm2d, name, &layer) ||
        (options != NULL && !take(builder, &layer, options, options->size, &o, sizeof o)))
        return;
    set_real(builder, &layer, "epsilon", o.epsilon, false);
    set_real(builder, &layer, "momentum", o.momentum, o.keep_statistics != 0);
    set_switch(&layer, "affine", !o.without_affine);
    append(builder, &layer);
}

void tuff_model_add_dropout(struct tuff_model_builder *builder, const char *name, double p)
{
    struct tuff_layer layer;
    if (!begin(builder, &tuff_layer_dropout, name, &layer))
        return;
    set_real(builder, &layer, "p", p, true);
    append(builder, &layer);
}

void tuff_model_add_leaky_relu(struct tuff_model_builder *builder, const char *name, double negative_slope)
{
    struct tuff_layer layer;
    if (!begin(builder, &tuff_layer_leaky_relu, name, &layer))
        return;
    set_real(builder, &layer, "negative_slope", negative_slope, true);
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
    set_switch(&layer, "bias", !o.without_bias);
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

void tuff_model_add_gelu(struct tuff_model_builder *builder, const char *name)
{
    add_plain(builder, &tuff_layer_gelu, name);
}

void tuff_model_add_silu(struct tuff_model_builder *builder, const char *name)
{
    add_plain(builder, &tuff_layer_silu, name);
}

void tuff_model_add_sigmoid(struct tuff_model_builder *builder, const char *name)
{
    add_plain(builder, &tuff_layer_sigmoid, name);
}

void tuff_model_add_tanh(struct tuff_model_builder *builder, const char *name)
{
    add_plain(builder, &tuff_layer_tanh, name);
}

void tuff_model_add_flatten(struct tuff_model_builder *builder, const char *name)
{
    add_plain(builder, &tuff_layer_flatten, name);
}
