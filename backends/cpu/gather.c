// The batch out of the data set.
#include <string.h>

#include "ops.h"

struct images_job {
    const struct lanes_table *lanes;
    const struct tuff_gather_images_params *params;
    float *x;
    const uint8_t *images;
    const uint32_t *index; // of the batch's first sample
    uint32_t valid;
    ptrdiff_t channels, pixels;
};

// Chunks: channels of blocks of 16 samples.
static void images_batch16_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct images_job *job = context;
    const ptrdiff_t channel = (ptrdiff_t)chunk % job->channels;
    const uint64_t first = chunk / (uint64_t)job->channels * TUFF_BATCH16_LANES;
    float *x = job->x + (ptrdiff_t)chunk * job->pixels * TUFF_BATCH16_LANES;
    if (first >= job->valid) {
        memset(x, 0, (size_t)(job->pixels * TUFF_BATCH16_LANES) * sizeof *x);
        return;
    }
    const uint8_t *images[TUFF_BATCH16_LANES];
    float scale[TUFF_BATCH16_LANES], shift[TUFF_BATCH16_LANES];
    for (uint64_t lane = 0; lane < TUFF_BATCH16_LANES; lane++) {
        const int present = first + lane < job->valid;
        // An absent sample reads the block's first, times zero.
        const ptrdiff_t image = job->index[first + (present ? lane : 0)];
        images[lane] = job->images + (image * job->channels + channel) * job->pixels;
        scale[lane] = present ? job->params->scale[channel] : 0.0f;
        shift[lane] = present ? job->params->shift[channel] : 0.0f;
    }
    job->lanes->gather_bytes(images, job->pixels, scale, shift, x);
}

// Chunks: channels of samples.
static void images_row_major_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct images_job *job = context;
    const ptrdiff_t channel = (ptrdiff_t)chunk % job->channels, n = (ptrdiff_t)chunk / job->channels;
    float *x = job->x + (ptrdiff_t)chunk * job->pixels;
    if (n >= job->valid) {
        memset(x, 0, (size_t)job->pixels * sizeof *x);
        return;
    }
    const uint8_t *image = job->images + ((ptrdiff_t)job->index[n] * job->channels + channel) * job->pixels;
    const float scale = job->params->scale[channel], shift = job->params->shift[channel];
    job->lanes->scale_bytes(image, (size_t)job->pixels, scale, shift, x);
}

void cpu_gather_images(struct tuff_device *device, const struct tuff_gather_images_args *args)
{
    const struct tuff_step_state *state = cpu_data(args->state);
    struct images_job job = {
        .lanes = device->lanes,
        .params = args->params,
        .x = cpu_f32(args->x),
        .images = cpu_data(args->images),
        .index = cpu_u32(args->index) + state->row.begin,
        .valid = state->row.valid,
        .channels = args->x->dims[1],
        .pixels = (ptrdiff_t)args->x->dims[2] * args->x->dims[3],
    };
    const int is_batch16 = args->x->layout == TUFF_LAYOUT_BATCH16;
    const uint64_t planes =
        (is_batch16 ? (uint64_t)cpu_blocks(args->x) : args->x->dims[0]) * args->x->dims[1];
    const uint64_t work = tuff_tensor_stored_elements(args->x) / TUFF_BATCH16_LANES * 8;
    cpu_parallel(device, work, planes, is_batch16 ? images_batch16_chunk : images_row_major_chunk, &job);
}

void cpu_gather_labels(struct tuff_device *device, const struct tuff_gather_labels_args *args)
{
    (void)device;
    const struct tuff_step_state *state = cpu_data(args->state);
    const uint32_t *index = cpu_u32(args->index) + state->row.begin, *set_labels = cpu_u32(args->set_labels);
    uint32_t *labels = cpu_u32(args->labels);
    const uint64_t stored = tuff_tensor_stored_elements(args->labels);
    for (uint64_t n = 0; n < stored; n++)
        labels[n] = n < state->row.valid ? set_labels[index[n]] : 0;
}
