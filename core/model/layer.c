#include "layer.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "layer_kinds.h"

static const struct tuff_layer_kind *const kinds[] = {
#define TUFF_LAYER(kind) &tuff_layer_##kind,
#include "layer_list.h"
#undef TUFF_LAYER
};

const struct tuff_layer_kind *tuff_layer_kind(size_t index)
{
    return index < sizeof kinds / sizeof kinds[0] ? kinds[index] : NULL;
}

bool tuff_layer_name_valid(const char *name, size_t length)
{
    static const char all[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_0123456789.";
    return length > 0 && length < TUFF_LAYER_NAME_BYTES && name[0] != '.' && strspn(name, all) == length;
}

bool tuff_real_in_range(const struct tuff_real_range *range, double real)
{
    bool above = range->least_excluded ? real > range->least : real >= range->least;
    bool below = range->most_excluded ? real < range->most : real <= range->most;
    return above && below;
}

enum tuff_status tuff_layer_fail(const struct tuff_source *source, const struct tuff_layer *layer, int key,
                                 const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    struct tuff_mark mark = key == TUFF_LAYER_ITSELF ? layer->mark : layer->settings[key].mark;
    return tuff_source_fail(source, TUFF_ERROR_INVALID, mark, "%s: %s", layer->kind->name, message);
}

enum tuff_status tuff_layer_require_image(const struct tuff_source *source, const struct tuff_layer *layer)
{
    char text[TUFF_SHAPE_TEXT_BYTES];
    if (layer->input.rank == 3)
        return TUFF_OK;
    return tuff_layer_fail(source, layer, TUFF_LAYER_ITSELF,
                           "expected an input of channels, height and width, found %s",
                           tuff_layer_shape_text(&layer->input, text));
}

bool tuff_layer_elements(uint32_t rank, const uint32_t *dims, uint64_t *elements)
{
    *elements = 1;
    for (uint32_t i = 0; i < rank; i++) {
        *elements *= dims[i]; // below 2^31 * 2^32
        if (*elements > INT32_MAX)
            return false;
    }
    return true;
}

static enum tuff_status fail_elements(const struct tuff_source *source, const struct tuff_layer *layer,
                                      const char *what)
{
    return tuff_layer_fail(source, layer, TUFF_LAYER_ITSELF,
                           "its %s would have more than %d elements, the most a tensor may have", what,
                           INT32_MAX);
}

enum tuff_status tuff_layer_set_output(const struct tuff_source *source, struct tuff_layer *layer,
                                       uint32_t rank, const uint32_t *dims)
{
    uint64_t elements;
    layer->output = (struct tuff_layer_shape){.rank = rank, .dims = {1, 1, 1}};
    for (uint32_t i = 0; i < rank; i++)
        layer->output.dims[i] = dims[i];
    if (tuff_layer_elements(rank, dims, &elements))
        return TUFF_OK;
    return fail_elements(source, layer, "output");
}

enum tuff_status tuff_layer_add_parameter(const struct tuff_source *source, struct tuff_layer *layer,
                                          const char *suffix, uint32_t rank, const uint32_t *dims,
                                          uint32_t fan_in)
{
    struct tuff_layer_parameter *parameter = &layer->parameters[layer->parameter_count++];
    *parameter = (struct tuff_layer_parameter){.suffix = suffix, .rank = rank, .fan_in = fan_in};
    for (uint32_t i = 0; i < 4; i++)
        parameter->dims[i] = i < rank ? dims[i] : 1;
    uint64_t elements;
    if (tuff_layer_elements(rank, dims, &elements))
        return TUFF_OK;
    return fail_elements(source, layer, suffix);
}

static struct tuff_layer_parameter channel_tensor(const char *suffix, uint32_t channels, float constant)
{
    return (struct tuff_layer_parameter){
        .suffix = suffix, .rank = 1, .dims = {channels, 1, 1, 1}, .constant = constant};
}

void tuff_layer_add_channel_parameter(struct tuff_layer *layer, const char *suffix, uint32_t channels,
                                      float constant)
{
    layer->parameters[layer->parameter_count++] = channel_tensor(suffix, channels, constant);
}

void tuff_layer_add_channel_buffer(struct tuff_layer *layer, const char *suffix, uint32_t channels,
                                   float constant)
{
    layer->buffers[layer->buffer_count++] = channel_tensor(suffix, channels, constant);
}

const char *tuff_layer_shape_text(const struct tuff_layer_shape *shape, char out[TUFF_SHAPE_TEXT_BYTES])
{
    if (shape->rank == 1)
        snprintf(out, TUFF_SHAPE_TEXT_BYTES, "%u feature%s", shape->dims[0], shape->dims[0] == 1 ? "" : "s");
    else
        snprintf(out, TUFF_SHAPE_TEXT_BYTES, "%ux%ux%u", shape->dims[0], shape->dims[1], shape->dims[2]);
    return out;
}
