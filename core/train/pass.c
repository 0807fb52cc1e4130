#include "pass.h"

#include <stdlib.h>

#include "device_memory.h"
#include "pass_state.h"

uint64_t tuff_pass_sample_bytes(const struct tuff_pass *pass)
{
    return (uint64_t)pass->data->channels * pass->data->height * pass->data->width;
}

uint64_t tuff_pass_image_bytes(const struct tuff_pass *pass)
{
    return pass->data->count * tuff_pass_sample_bytes(pass);
}

uint32_t tuff_pass_batch_size(const struct tuff_pass *pass)
{
    return pass->batch_size;
}

static uint64_t external_bytes(const struct tuff_pass *pass, enum external external)
{
    const struct tuff_dataset *data = pass->data;
    switch (external) {
    case EXTERNAL_STATE:
        return sizeof(struct tuff_step_state);
    case EXTERNAL_ROWS:
        return (uint64_t)pass->part_count * sizeof(struct tuff_step_row);
    case EXTERNAL_METRICS:
        return (uint64_t)pass->part_count * TUFF_PASS_METRICS_WORDS * sizeof(uint32_t);
    case EXTERNAL_INDEX:
    case EXTERNAL_LABELS:
        return (uint64_t)data->count * sizeof(uint32_t);
    case EXTERNAL_SLOTS:
        return pass->chunks.samples == 0 ? 0 : (uint64_t)data->count * sizeof(uint32_t);
    case EXTERNAL_IMAGES: // two chunks are no single buffer
        return pass->chunks.samples == 0 ? tuff_pass_image_bytes(pass) : 0;
    case EXTERNAL_OUTPUTS:
        return pass->options.outputs ? (uint64_t)pass->part_size * pass->classes * sizeof(float) : 0;
    default:
        return 0;
    }
}

bool tuff_pass_streams(const struct tuff_pass *pass)
{
    return pass->chunks.samples != 0;
}

uint64_t tuff_pass_data_bytes(const struct tuff_pass *pass)
{
    uint64_t bytes = 2 * pass->chunks.samples * tuff_pass_sample_bytes(pass);
    for (enum external e = 0; e < EXTERNAL_OWN_COUNT; e++)
        bytes += external_bytes(pass, e);
    return bytes;
}

enum tuff_status tuff_pass_stream(struct tuff_pass *pass, uint32_t samples)
{
    pass->chunks.samples = samples;
    return tuff_pass_build_and_plan(pass);
}

static uint32_t parts_of(uint32_t samples, uint32_t part)
{
    return samples / part + (samples % part != 0);
}

enum tuff_status tuff_pass_create(const struct tuff_target *target, const struct tuff_model *model,
                                  const struct tuff_dataset *data, const struct tuff_parameters *parameters,
                                  const struct tuff_pass_options *options, struct tuff_pass **pass)
{
    struct tuff_pass *made = calloc(1, sizeof *made);
    *pass = NULL;
    if (made == NULL)
        return tuff_fail(target->log, TUFF_ERROR_MEMORY, "out of memory");
    made->target = target;
    made->model = model;
    made->data = data;
    made->parameters = parameters;
    made->options = *options;
    made->batch_size = options->batch_size;
    made->classes = tuff_model_classes(model);
    made->part_size = options->part_size == 0 ? options->batch_size : options->part_size;
    made->parts = made->batch_size / made->part_size;
    made->part_count = parts_of(data->count, made->part_size);
    made->steps = parts_of(data->count, made->batch_size);
    enum tuff_status status = tuff_pass_build_and_plan(made);
    if (status != TUFF_OK)
        tuff_pass_destroy(&made);
    *pass = made;
    return status;
}

void tuff_pass_destroy(struct tuff_pass **pass)
{
    struct tuff_pass *p = *pass;
    if (p == NULL)
        return;
    for (int i = 0; i < PROGRAM_COUNT; i++)
        for (int chunk = 0; chunk < 2; chunk++)
            tuff_runner_destroy(&p->programs[i].runners[chunk]);
    tuff_pass_release_chunks(p);
    tuff_device_release(p->target, &p->images);
    tuff_device_release(p->target, &p->records);
    for (int i = 0; i < PROGRAM_COUNT; i++) {
        tuff_plan_destroy(&p->programs[i].plan);
        tuff_graph_destroy(&p->programs[i].graph);
    }
    free(p);
    *pass = NULL;
}

uint32_t tuff_pass_steps(const struct tuff_pass *pass)
{
    return pass->steps;
}

// The memory that is the pass's own, but for chunks of a set that is streamed.
static enum tuff_status take_memory(struct tuff_pass *pass)
{
    const struct tuff_target *target = pass->target;
    const uint64_t alignment = target->info.buffer_alignment < 64 ? 64 : target->info.buffer_alignment;
    uint64_t bytes = 0;
    for (enum external e = 0; e < EXTERNAL_OWN_COUNT; e++) {
        if (e == EXTERNAL_IMAGES)
            continue;
        pass->offsets[e] = bytes;
        bytes += (external_bytes(pass, e) + alignment - 1) / alignment * alignment;
    }
    enum tuff_status status = tuff_device_zeroed(target, "the steps of a pass", bytes, &pass->records);
    if (status == TUFF_OK)
        status = tuff_device_write(target, pass->records, pass->offsets[EXTERNAL_LABELS], pass->data->labels,
                                   external_bytes(pass, EXTERNAL_LABELS));
    if (status == TUFF_OK)
        status = tuff_device_upload(target, "the data set", pass->data->images,
                                    external_bytes(pass, EXTERNAL_IMAGES), &pass->images);
    return status;
}

enum tuff_status tuff_pass_create_runners(struct tuff_pass *pass, const struct tuff_bindings *bindings,
                                          uint32_t chunk)
{
    enum tuff_status status = TUFF_OK;
    for (int i = 0; status == TUFF_OK && i < PROGRAM_COUNT; i++)
        if (pass->programs[i].graph != NULL)
            status = tuff_runner_create(pass->target, pass->programs[i].graph, pass->programs[i].plan,
                                        bindings, &pass->programs[i].runners[chunk]);
    return status;
}

// places: room for EXTERNAL_COUNT, the model's buffers, and the groups.
static enum tuff_status bind_places(struct tuff_pass *pass, struct tuff_buffer *activations,
                                    struct tuff_place *places)
{
    const struct tuff_parameters *parameters = pass->parameters;
    enum tuff_status status = take_memory(pass);
    places[EXTERNAL_ROUNDED].buffer = parameters->rounded;
    places[EXTERNAL_PARAMETERS].buffer = parameters->values;
    places[EXTERNAL_GRADIENTS].buffer = parameters->gradients;
    places[EXTERNAL_SUMS].buffer = parameters->sums;
    places[EXTERNAL_MOMENTS].buffer = parameters->moments;
    places[EXTERNAL_AVERAGES].buffer = parameters->averages;
    for (size_t i = 0; i < parameters->buffer_count; i++)
        places[EXTERNAL_BUFFERS + i] =
            (struct tuff_place){parameters->buffers, parameters->buffer_offsets[i]};
    // What is evaluated are the averages, where they are kept.
    struct tuff_buffer *values = pass->options.training == NULL && parameters->averages != NULL
                                     ? parameters->averages
                                     : parameters->values;
    places[EXTERNAL_ARENA].buffer = values;
    for (size_t g = 0; g < parameters->group_count; g++) {
        struct tuff_place *of = places + tuff_pass_group_external(parameters, g);
        const uint64_t offset = parameters->groups[g].offset;
        of[0] = (struct tuff_place){parameters->values, offset};
        of[1] = (struct tuff_place){pass->parts > 1 ? parameters->sums : parameters->gradients, offset};
        of[2] = (struct tuff_place){parameters->moments, parameters->moment_count * offset};
    }
    for (enum external e = 0; e < EXTERNAL_OWN_COUNT; e++)
        places[e] = e == EXTERNAL_IMAGES ? (struct tuff_place){pass->images, 0}
                                         : (struct tuff_place){pass->records, pass->offsets[e]};
    struct tuff_bindings bindings = {
        .activations = activations,
        .parameters = values,
        .rounded = parameters->rounded,
        .gradients = parameters->gradients,
        .parameter_offsets = parameters->offsets,
        .externals = places,
    };
    if (status != TUFF_OK)
        return status;
    if (pass->chunks.samples != 0)
        return tuff_pass_bind_chunks(pass, places, &bindings);
    return tuff_pass_create_runners(pass, &bindings, 0);
}

enum tuff_status tuff_pass_bind(struct tuff_pass *pass, struct tuff_buffer *activations)
{
    struct tuff_place *places =
        calloc(tuff_pass_group_external(pass->parameters, pass->parameters->group_count), sizeof *places);
    if (places == NULL)
        return tuff_fail(pass->target->log, TUFF_ERROR_MEMORY, "out of memory");
    enum tuff_status status = bind_places(pass, activations, places);
    free(places);
    return status;
}
