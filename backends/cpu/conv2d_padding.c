// Convolution's paddings that are not zeros: images that have them around them, and back. Planes (one channel
// of one sample, or of one block of 16) are chunks.
#include <string.h>

#include "conv2d.h"

int cpu_conv2d_needs_padded_image(const struct tuff_conv2d_params *params)
{
    return params->padding_mode != TUFF_PADDING_ZEROS &&
           (params->pad_top | params->pad_bottom | params->pad_left | params->pad_right) != 0;
}

struct cpu_padded_image cpu_conv2d_padded_image(const struct tuff_conv2d_params *params,
                                                const struct tuff_tensor *x,
                                                const struct tuff_tensor *workspace)
{
    const int is_batch16 = x->layout == TUFF_LAYOUT_BATCH16;
    struct cpu_padded_image padded = {
        .params = *params,
        .image = *x,
        .height = x->dims[2],
        .width = x->dims[3],
        .planes = (is_batch16 ? cpu_blocks(x) : (ptrdiff_t)x->dims[0]) * (ptrdiff_t)x->dims[1],
        .lanes = is_batch16 ? TUFF_BATCH16_LANES : 1,
        .top = params->pad_top,
        .left = params->pad_left,
        .mode = params->padding_mode,
    };
    padded.image.dims[2] += params->pad_top + params->pad_bottom;
    padded.image.dims[3] += params->pad_left + params->pad_right;
    padded.padded_height = padded.image.dims[2];
    padded.padded_width = padded.image.dims[3];
    padded.params.padding_mode = TUFF_PADDING_ZEROS;
    padded.params.pad_top = padded.params.pad_bottom = 0;
    padded.params.pad_left = padded.params.pad_right = 0;
    const uint64_t alignment = CPU_BUFFER_ALIGNMENT;
    padded.bytes = (tuff_tensor_bytes(&padded.image) + alignment - 1) / alignment * alignment;
    if (workspace) {
        padded.image.buffer = workspace->buffer;
        padded.image.offset = workspace->offset;
        padded.workspace = *workspace;
        padded.workspace.offset += padded.bytes;
    }
    return padded;
}

// Which of `size` elements is seen at position i, counted from the first element.
static ptrdiff_t seen(uint32_t mode, ptrdiff_t i, ptrdiff_t size)
{
    if (i >= 0 && i < size)
        return i;
    if (mode == TUFF_PADDING_REFLECT)
        return i < 0 ? -i : 2 * (size - 1) - i;
    if (mode == TUFF_PADDING_CIRCULAR)
        return i < 0 ? i + size : i - size;
    return i < 0 ? 0 : size - 1;
}

struct job {
    const struct lanes_table *lanes;
    const struct cpu_padded_image *padded;
    float *image, *x;
};

static void pad_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const struct cpu_padded_image *p = job->padded;
    const ptrdiff_t right = p->left + p->width;
    const size_t position = (size_t)p->lanes * sizeof(float);
    const float *x = job->x + (ptrdiff_t)chunk * p->height * p->width * p->lanes;
    float *to = job->image + (ptrdiff_t)chunk * p->padded_height * p->padded_width * p->lanes;
    for (ptrdiff_t h = 0; h < p->padded_height; h++, to += p->padded_width * p->lanes) {
        const float *from = x + seen(p->mode, h - p->top, p->height) * p->width * p->lanes;
        memcpy(to + p->left * p->lanes, from, (size_t)p->width * position);
        for (ptrdiff_t w = 0; w < p->left; w++)
            memcpy(to + w * p->lanes, from + seen(p->mode, w - p->left, p->width) * p->lanes, position);
        for (ptrdiff_t w = right; w < p->padded_width; w++)
            memcpy(to + w * p->lanes, from + seen(p->mode, w - p->left, p->width) * p->lanes, position);
    }
}

void cpu_conv2d_pad(struct tuff_device *device, const struct cpu_padded_image *padded,
                    const struct tuff_tensor *x)
{
    struct job job = {.padded = padded, .image = cpu_f32(&padded->image), .x = cpu_f32(x)};
    cpu_parallel(device, tuff_tensor_stored_elements(&padded->image) / TUFF_BATCH16_LANES,
                 (uint64_t)padded->planes, pad_chunk, &job);
}

static void fold_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const struct cpu_padded_image *p = job->padded;
    const ptrdiff_t right = p->left + p->width, row = p->width * p->lanes;
    const float *from = job->image + (ptrdiff_t)chunk * p->padded_height * p->padded_width * p->lanes;
    float *dx = job->x + (ptrdiff_t)chunk * p->height * row;
    memset(dx, 0, (size_t)(p->height * row) * sizeof *dx);
    for (ptrdiff_t h = 0; h < p->padded_height; h++, from += p->padded_width * p->lanes) {
        float *to = dx + seen(p->mode, h - p->top, p->height) * row;
        for (ptrdiff_t w = 0; w < p->left; w++) {
            float *at = to + seen(p->mode, w - p->left, p->width) * p->lanes;
            job->lanes->add(at, at, from + w * p->lanes, (size_t)p->lanes);
        }
        job->lanes->add(to, to, from + p->left * p->lanes, (size_t)row);
        for (ptrdiff_t w = right; w < p->padded_width; w++) {
            float *at = to + seen(p->mode, w - p->left, p->width) * p->lanes;
            job->lanes->add(at, at, from + w * p->lanes, (size_t)p->lanes);
        }
    }
}

void cpu_conv2d_fold(struct tuff_device *device, const struct cpu_padded_image *padded,
                     const struct tuff_tensor *dx)
{
    struct job job = {
        .lanes = device->lanes, .padded = padded, .image = cpu_f32(&padded->image), .x = cpu_f32(dx)};
    cpu_parallel(device, tuff_tensor_stored_elements(&padded->image) / TUFF_BATCH16_LANES * 2,
                 (uint64_t)padded->planes, fold_chunk, &job);
}
