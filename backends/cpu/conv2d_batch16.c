// Convolution with the batch in the vector lanes, forward and the gradient of the input: how it is cut into
// chunks. The loops are in lanes/correlation.c.
#include "conv2d.h"
#include "conv2d_axis.h"

struct correlation_job {
    const struct lanes_table *lanes;
    struct lanes_correlation base; // of block 0 and group 0; axes of forward
    int backward;
    struct cpu_conv2d_dimension rows, columns;
    ptrdiff_t x_block, y_block, x_group, w_group, y_group, bias_group; // strides
    ptrdiff_t groups, group_outputs;
    ptrdiff_t phases_h, phases_w;
    uint64_t tiles, bands; // of a group's outputs; of an axis's rows
};

// Chunks are numbered block, group, tile, row phase, column phase, band; the last fastest.
static void correlation_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct correlation_job *job = context;
    const uint64_t band = chunk % job->bands;
    chunk /= job->bands;
    const ptrdiff_t phase_w = (ptrdiff_t)(chunk % (uint64_t)job->phases_w);
    chunk /= (uint64_t)job->phases_w;
    const ptrdiff_t phase_h = (ptrdiff_t)(chunk % (uint64_t)job->phases_h);
    chunk /= (uint64_t)job->phases_h;
    const uint64_t tile = chunk % job->tiles;
    chunk /= job->tiles;
    const ptrdiff_t group = (ptrdiff_t)(chunk % (uint64_t)job->groups);
    const ptrdiff_t block = (ptrdiff_t)(chunk / (uint64_t)job->groups);

    struct lanes_correlation c = job->base;
    if (job->backward) {
        c.rows = cpu_conv2d_backward_axis(&job->rows, phase_h);
        c.columns = cpu_conv2d_backward_axis(&job->columns, phase_w);
    }
    c.x += block * job->x_block + group * job->x_group;
    c.w += group * job->w_group;
    if (c.bias)
        c.bias += group * job->bias_group;
    c.y += block * job->y_block + group * job->y_group;
    const uint64_t outputs = (uint64_t)job->group_outputs, rows = (uint64_t)c.rows.out_count;
    job->lanes->correlate(&c, (ptrdiff_t)(outputs * tile / job->tiles),
                          (ptrdiff_t)(outputs * (tile + 1) / job->tiles),
                          (ptrdiff_t)(rows * band / job->bands), (ptrdiff_t)(rows * (band + 1) / job->bands));
}

static void correlate(struct tuff_device *device, const struct cpu_conv2d *conv, struct correlation_job *job)
{
    const uint64_t work = cpu_conv2d_work(conv), tile = (uint64_t)device->lanes->correlation_outputs;
    const uint64_t phases = (uint64_t)job->phases_h * (uint64_t)job->phases_w;
    job->lanes = device->lanes;
    job->groups = conv->groups;
    job->tiles = ((uint64_t)job->group_outputs + tile - 1) / tile;
    const uint64_t pieces = (uint64_t)conv->blocks * (uint64_t)conv->groups * job->tiles * phases;
    const ptrdiff_t rows = job->backward ? (job->rows.in - 1) / job->rows.stride + 1 : job->rows.out;
    job->bands = (cpu_chunks(work, pieces * (uint64_t)rows) + pieces - 1) / pieces;
    cpu_parallel(device, work, pieces * job->bands, correlation_chunk, job);
}

struct lanes_correlation cpu_conv2d_correlation(const struct cpu_conv2d *conv, const float *x, const float *w,
                                                const float *bias)
{
    const struct cpu_conv2d_dimension rows = cpu_conv2d_rows(conv), columns = cpu_conv2d_columns(conv);
    return (struct lanes_correlation){
        .x = x,
        .w = w,
        .bias = bias,
        .channels = conv->group_channels,
        .x_channel = conv->height * conv->width * TUFF_BATCH16_LANES,
        .x_row = conv->width * TUFF_BATCH16_LANES,
        .w_out = conv->taps,
        .w_channel = conv->kernel_h * conv->kernel_w,
        .w_row = conv->kernel_w,
        .rows = cpu_conv2d_forward_axis(&rows),
        .columns = cpu_conv2d_forward_axis(&columns),
    };
}

void cpu_conv2d_forward_batch16(struct tuff_device *device, const struct tuff_conv2d_forward_args *args,
                                int relu)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->x, args->y, args->weight);
    const ptrdiff_t image = conv.height * conv.width * TUFF_BATCH16_LANES;
    const ptrdiff_t out_image = conv.out_h * conv.out_w * TUFF_BATCH16_LANES;
    if (cpu_conv2d_is_packed(&conv, 0)) {
        const struct cpu_conv2d_batch16_tensors tensors = {
            .x = cpu_f32(args->x),
            .w = cpu_f32(args->weight),
            .bias = args->bias ? cpu_f32(args->bias) : NULL,
            .y = cpu_f32(args->y),
            .x_block = conv.channels * image,
            .x_channel = image,
            .x_row = conv.width * TUFF_BATCH16_LANES,
            .y_block = conv.outputs * out_image,
            .y_channel = out_image,
            .y_row = conv.out_w * TUFF_BATCH16_LANES,
            .relu = relu,
        };
        cpu_conv2d_packed(device, &conv, 0, &tensors, cpu_f32(args->workspace));
        return;
    }
    struct correlation_job job = {
        .base = cpu_conv2d_correlation(&conv, cpu_f32(args->x), cpu_f32(args->weight),
                                       args->bias ? cpu_f32(args->bias) : NULL),
        .rows = cpu_conv2d_rows(&conv),
        .columns = cpu_conv2d_columns(&conv),
        .x_block = conv.channels * image,
        .x_group = conv.group_channels * image,
        .w_group = conv.group_outputs * conv.taps,
        .bias_group = conv.group_outputs,
        .y_block = conv.outputs * out_image,
        .y_group = conv.group_outputs * out_image,
        .group_outputs = conv.group_outputs,
        .phases_h = 1,
        .phases_w = 1,
    };
    job.base.y = cpu_f32(args->y);
    job.base.y_out = out_image;
    job.base.y_row = conv.out_w * TUFF_BATCH16_LANES;
    job.base.relu = relu;
    correlate(device, &conv, &job);
}

uint64_t cpu_conv2d_forward_workspace_batch16(const struct tuff_device *device,
                                              const struct tuff_conv2d_forward_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->x, args->y, args->weight);
    return cpu_conv2d_is_packed(&conv, 0) ? cpu_conv2d_packed_workspace(device, &conv, 0) : 0;
}

// -- Gradient of the input. The roles of channels and outputs are swapped: dx's channels are what is
// computed, dy's are summed over.

// With this many positions per weight it pays to have the weights in the order in which they are then used.
enum { PACK_POSITIONS = 256 };

static int is_packed(const struct cpu_conv2d *conv)
{
    return conv->blocks * conv->out_h * conv->out_w >= PACK_POSITIONS;
}

struct pack_job {
    const struct cpu_conv2d *conv;
    const float *weight;
    float *packed;
};

// packed[g][c][k][taps] = weight[g][k][c][taps], for one c of one g.
static void pack_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct pack_job *job = context;
    const struct cpu_conv2d *conv = job->conv;
    const ptrdiff_t group = (ptrdiff_t)chunk / conv->group_channels,
                    c = (ptrdiff_t)chunk % conv->group_channels;
    const ptrdiff_t taps = conv->kernel_h * conv->kernel_w;
    const float *from = job->weight + group * conv->group_outputs * conv->taps + c * taps;
    float *to = job->packed + (ptrdiff_t)chunk * conv->group_outputs * taps;
    for (ptrdiff_t k = 0; k < conv->group_outputs; k++) {
        for (ptrdiff_t i = 0; i < taps; i++)
            to[i] = from[i];
        from += conv->taps;
        to += taps;
    }
}

void cpu_conv2d_backward_input_batch16(struct tuff_device *device,
                                       const struct tuff_conv2d_backward_input_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->dx, args->dy, args->weight);
    const ptrdiff_t image = conv.height * conv.width * TUFF_BATCH16_LANES;
    const ptrdiff_t out_image = conv.out_h * conv.out_w * TUFF_BATCH16_LANES;
    if (cpu_conv2d_is_packed(&conv, 1)) {
        const struct cpu_conv2d_batch16_tensors tensors = {
            .x = cpu_f32(args->dy),
            .w = cpu_f32(args->weight),
            .y = cpu_f32(args->dx),
            .x_block = conv.outputs * out_image,
            .x_channel = out_image,
            .x_row = conv.out_w * TUFF_BATCH16_LANES,
            .y_block = conv.channels * image,
            .y_channel = image,
            .y_row = conv.width * TUFF_BATCH16_LANES,
        };
        cpu_conv2d_packed(device, &conv, 1, &tensors, cpu_f32(args->workspace));
        return;
    }
    struct correlation_job job = {
        .backward = 1,
        .rows = cpu_conv2d_rows(&conv),
        .columns = cpu_conv2d_columns(&conv),
        .x_block = conv.outputs * out_image,
        .x_group = conv.group_outputs * out_image,
        .w_group = conv.group_outputs * conv.taps,
        .y_block = conv.channels * image,
        .y_group = conv.group_channels * image,
        .group_outputs = conv.group_channels,
    };
    job.phases_h = cpu_conv2d_phases(&job.rows);
    job.phases_w = cpu_conv2d_phases(&job.columns);
    job.base = (struct lanes_correlation){
        .x = cpu_f32(args->dy),
        .w = cpu_f32(args->weight),
        .y = cpu_f32(args->dx),
        .channels = conv.group_outputs,
        .x_channel = out_image,
        .x_row = conv.out_w * TUFF_BATCH16_LANES,
        .w_out = conv.kernel_h * conv.kernel_w,
        .w_channel = conv.taps,
        .w_row = conv.kernel_w,
        .y_out = image,
        .y_row = conv.width * TUFF_BATCH16_LANES,
    };
    if (is_packed(&conv)) {
        struct pack_job pack = {
            .conv = &conv, .weight = cpu_f32(args->weight), .packed = cpu_f32(args->workspace)};
        cpu_parallel(device, (uint64_t)(conv.outputs * conv.taps) / 4, (uint64_t)conv.channels, pack_chunk,
                     &pack);
        job.base.w = pack.packed;
        job.base.w_out = conv.group_outputs * conv.kernel_h * conv.kernel_w;
        job.base.w_channel = conv.kernel_h * conv.kernel_w;
    }
    correlate(device, &conv, &job);
}

uint64_t cpu_conv2d_backward_input_workspace_batch16(const struct tuff_device *device,
                                                     const struct tuff_conv2d_backward_input_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->dx, args->dy, args->weight);
    if (cpu_conv2d_is_packed(&conv, 1))
        return cpu_conv2d_packed_workspace(device, &conv, 1);
    return is_packed(&conv) ? (uint64_t)(conv.outputs * conv.taps) * sizeof(float) : 0;
}
