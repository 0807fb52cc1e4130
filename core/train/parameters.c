#include "parameters.h"

#include <stdlib.h>
#include <string.h>

#include "device_memory.h"

// The layer of a parameter is what its name has before the last dot.
static bool same_layer(const char *a, const char *b)
{
    const char *end_a = strrchr(a, '.'), *end_b = strrchr(b, '.');
    return end_a != NULL && end_b != NULL && end_a - a == end_b - b &&
           strncmp(a, b, (size_t)(end_a - a)) == 0;
}

// A layer computes the gradients of its parameters together, or none: that of a frozen weight whose bias is
// trained is computed too, and nobody looks at it.
static void choose_wanted(struct tuff_parameters *p, const struct tuff_model *model, const bool *frozen)
{
    for (size_t i = 0; i < p->count; i++) {
        struct tuff_parameter_info info, other;
        tuff_model_parameter(model, i, &info);
        p->wanted[i] = frozen == NULL || !frozen[i];
        for (size_t k = 0; k < p->count && !p->wanted[i]; k++) {
            tuff_model_parameter(model, k, &other);
            p->wanted[i] = !frozen[k] && same_layer(info.name, other.name);
        }
    }
}

static uint64_t bytes_of(const struct tuff_parameter_info *info)
{
    uint64_t bytes = sizeof(float);
    for (uint32_t d = 0; d < info->rank; d++)
        bytes *= info->dims[d];
    return bytes;
}

static uint64_t aligned(const struct tuff_parameters *p, uint64_t bytes)
{
    uint64_t alignment = p->target->info.buffer_alignment < 64 ? 64 : p->target->info.buffer_alignment;
    if (p->mixed) // so that half an offset is aligned, too
        alignment *= 2;
    return (bytes + alignment - 1) / alignment * alignment;
}

static enum tuff_status lay_out_buffers(struct tuff_parameters *p, const struct tuff_model *model)
{
    p->buffer_count = tuff_model_buffer_count(model);
    p->buffer_offsets = calloc(p->buffer_count + 1, sizeof(uint64_t));
    p->buffer_bytes = calloc(p->buffer_count + 1, sizeof(uint64_t));
    if (p->buffer_offsets == NULL || p->buffer_bytes == NULL)
        return tuff_fail(p->target->log, TUFF_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < p->buffer_count; i++) {
        struct tuff_parameter_info info;
        tuff_model_buffer(model, i, &info);
        p->buffer_offsets[i] = p->buffer_arena_bytes;
        p->buffer_bytes[i] = bytes_of(&info);
        p->buffer_arena_bytes += aligned(p, p->buffer_bytes[i]);
    }
    return TUFF_OK;
}

static void place(struct tuff_parameters *p, const struct tuff_model *model, size_t index)
{
    struct tuff_parameter_info info;
    tuff_model_parameter(model, index, &info);
    p->offsets[index] = p->arena_bytes;
    p->bytes[index] = bytes_of(&info);
    p->arena_bytes += aligned(p, p->bytes[index]);
}

static bool is_frozen(const bool *frozen, size_t index)
{
    return frozen != NULL && frozen[index];
}

static bool has_group(const struct tuff_parameters *p, double factor)
{
    for (size_t g = 0; g < p->group_count; g++)
        if (p->groups[g].factor == factor)
            return true;
    return false;
}

// The parameters of one factor, in the model's order.
static void lay_out_group(struct tuff_parameters *p, const struct tuff_model *model, const bool *frozen,
                          double factor)
{
    struct tuff_rate_group *group = &p->groups[p->group_count++];
    *group = (struct tuff_rate_group){.factor = factor, .offset = p->arena_bytes};
    for (size_t i = 0; i < p->count; i++)
        if (!is_frozen(frozen, i) && tuff_model_parameter_rate_factor(model, i) == factor)
            place(p, model, i);
    group->bytes = p->arena_bytes - group->offset;
}

uint64_t tuff_parameters_moment_offset(const struct tuff_parameters *p, size_t index, uint32_t moment)
{
    const struct tuff_rate_group *group = p->groups;
    while (p->offsets[index] >= group->offset + group->bytes)
        group++;
    return p->moment_count * group->offset + moment * group->bytes + (p->offsets[index] - group->offset);
}

static enum tuff_status lay_out(struct tuff_parameters *p, const struct tuff_model *model, bool trains,
                                const bool *frozen)
{
    p->count = tuff_model_parameter_count(model);
    p->offsets = calloc(p->count + 1, sizeof(uint64_t));
    p->bytes = calloc(p->count + 1, sizeof(uint64_t));
    p->wanted = calloc(p->count + 1, sizeof(bool));
    p->groups = calloc(p->count + 1, sizeof *p->groups);
    if (p->offsets == NULL || p->bytes == NULL || p->wanted == NULL || p->groups == NULL)
        return tuff_fail(p->target->log, TUFF_ERROR_MEMORY, "out of memory");
    for (size_t i = 0; i < p->count; i++)
        if (!is_frozen(frozen, i) && !has_group(p, tuff_model_parameter_rate_factor(model, i)))
            lay_out_group(p, model, frozen, tuff_model_parameter_rate_factor(model, i));
    p->trained_bytes = p->arena_bytes;
    for (size_t i = 0; i < p->count; i++)
        if (is_frozen(frozen, i))
            place(p, model, i);
    choose_wanted(p, model, frozen);
    // What clips the gradients takes those of all that is trained as one tensor, and so does the cast of
    // mixed precision all parameters.
    const uint64_t elements = (p->mixed ? p->arena_bytes : trains ? p->trained_bytes : 0) / sizeof(float);
    if (elements > UINT32_MAX)
        return tuff_fail(p->target->log, TUFF_ERROR_UNSUPPORTED,
                         "model %s: %llu parameters in one tensor, expected at most %lu",
                         tuff_model_name(model), (unsigned long long)elements, (unsigned long)UINT32_MAX);
    return lay_out_buffers(p, model);
}

enum tuff_status tuff_parameters_initialize(struct tuff_parameters *p, const struct tuff_model *model,
                                            uint64_t seed)
{
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; status == TUFF_OK && i < p->count; i++) {
        float *values = malloc(p->bytes[i]);
        if (values == NULL)
            return tuff_fail(p->target->log, TUFF_ERROR_MEMORY, "out of memory");
        tuff_model_initialize(model, i, seed, values);
        status = tuff_parameters_write(p, i, values);
        free(values);
    }
    for (size_t i = 0; status == TUFF_OK && i < p->buffer_count; i++) {
        float *values = malloc(p->buffer_bytes[i]);
        if (values == NULL)
            return tuff_fail(p->target->log, TUFF_ERROR_MEMORY, "out of memory");
        tuff_model_initialize_buffer(model, i, values);
        status = tuff_parameters_write_buffer(p, i, values);
        free(values);
    }
    return status;
}

enum tuff_status tuff_parameters_create(const struct tuff_target *target, const struct tuff_model *model,
                                        const struct tuff_parameters_options *options,
                                        struct tuff_parameters **parameters)
{
    struct tuff_parameters *made = calloc(1, sizeof *made);
    *parameters = NULL;
    if (made == NULL)
        return tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
    made->target = target;
    made->moment_count = options->training ? options->moment_count : 0;
    made->mixed = options->mixed;
    enum tuff_status status = lay_out(made, model, options->training, options->frozen);
    if (status == TUFF_OK)
        status = tuff_device_zeroed(target, "parameters", made->arena_bytes, &made->values);
    if (status == TUFF_OK && options->mixed)
        status = tuff_device_zeroed(target, "rounded parameters", made->arena_bytes / 2, &made->rounded);
    if (status == TUFF_OK && options->training)
        status = tuff_device_zeroed(target, "gradients", made->arena_bytes, &made->gradients);
    if (status == TUFF_OK && options->training && options->sums)
        status = tuff_device_zeroed(target, "sums of gradients", made->trained_bytes, &made->sums);
    if (status == TUFF_OK)
        status = tuff_device_zeroed(target, "optimizer state", made->moment_count * made->trained_bytes,
                                    &made->moments);
    if (status == TUFF_OK && options->training && options->averages)
        status = tuff_device_zeroed(target, "averages", made->arena_bytes, &made->averages);
    if (status == TUFF_OK)
        status = tuff_device_zeroed(target, "buffers", made->buffer_arena_bytes, &made->buffers);
    if (status == TUFF_OK)
        status = tuff_parameters_initialize(made, model, options->seed);
    if (status != TUFF_OK)
        tuff_parameters_destroy(&made);
    *parameters = made;
    return status;
}

enum tuff_status tuff_parameters_clear(struct tuff_parameters *p)
{
    const struct {
        struct tuff_buffer *buffer;
        uint64_t bytes;
    } arenas[] = {
        {p->values, p->arena_bytes},   {p->gradients, p->arena_bytes},
        {p->sums, p->trained_bytes},   {p->moments, p->moment_count * p->trained_bytes},
        {p->averages, p->arena_bytes}, {p->buffers, p->buffer_arena_bytes},
    };
    enum tuff_status status = TUFF_OK;
    for (size_t i = 0; i < sizeof arenas / sizeof *arenas && status == TUFF_OK; i++)
        if (arenas[i].buffer != NULL)
            status = tuff_device_clear(p->target, arenas[i].buffer, 0, arenas[i].bytes);
    return status;
}

void tuff_parameters_destroy(struct tuff_parameters **parameters)
{
    struct tuff_parameters *p = *parameters;
    if (p == NULL)
        return;
    tuff_device_release(p->target, &p->values);
    tuff_device_release(p->target, &p->rounded);
    tuff_device_release(p->target, &p->gradients);
    tuff_device_release(p->target, &p->sums);
    tuff_device_release(p->target, &p->moments);
    tuff_device_release(p->target, &p->averages);
    tuff_device_release(p->target, &p->buffers);
    free(p->buffer_offsets);
    free(p->buffer_bytes);
    free(p->offsets);
    free(p->bytes);
    free(p->wanted);
    free(p->groups);
    free(p);
    *parameters = NULL;
}

enum tuff_status tuff_parameters_read(struct tuff_parameters *p, size_t index, float *values)
{
    return tuff_device_read(p->target, p->values, p->offsets[index], values, p->bytes[index]);
}

enum tuff_status tuff_parameters_read_gradient(struct tuff_parameters *p, size_t index, float *values)
{
    struct tuff_buffer *from =
        p->sums != NULL && p->offsets[index] < p->trained_bytes ? p->sums : p->gradients;
    return tuff_device_read(p->target, from, p->offsets[index], values, p->bytes[index]);
}

enum tuff_status tuff_parameters_read_average(struct tuff_parameters *p, size_t index, float *values)
{
    struct tuff_buffer *from = p->averages != NULL ? p->averages : p->values;
    return tuff_device_read(p->target, from, p->offsets[index], values, p->bytes[index]);
}

static enum tuff_status clear_gap(struct tuff_parameters *p, struct tuff_buffer *arena, size_t index)
{
    const uint64_t gap = aligned(p, p->bytes[index]) - p->bytes[index];
    if (arena == NULL || gap == 0)
        return TUFF_OK;
    return tuff_device_clear(p->target, arena, p->offsets[index] + p->bytes[index], gap);
}

enum tuff_status tuff_parameters_write(struct tuff_parameters *p, size_t index, const float *values)
{
    enum tuff_status status =
        tuff_device_write(p->target, p->values, p->offsets[index], values, p->bytes[index]);
    if (status == TUFF_OK)
        status = clear_gap(p, p->gradients, index);
    if (status == TUFF_OK && p->offsets[index] < p->trained_bytes)
        status = clear_gap(p, p->sums, index);
    if (status == TUFF_OK && p->averages != NULL)
        status = tuff_device_write(p->target, p->averages, p->offsets[index], values, p->bytes[index]);
    return status;
}

enum tuff_status tuff_parameters_read_buffer(struct tuff_parameters *p, size_t index, float *values)
{
    return tuff_device_read(p->target, p->buffers, p->buffer_offsets[index], values, p->buffer_bytes[index]);
}

enum tuff_status tuff_parameters_write_buffer(struct tuff_parameters *p, size_t index, const float *values)
{
    return tuff_device_write(p->target, p->buffers, p->buffer_offsets[index], values, p->buffer_bytes[index]);
}
