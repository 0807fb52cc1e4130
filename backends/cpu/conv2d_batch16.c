// Convolution with the batch in the vector lanes: how it is cut into chunks. The loops are in lanes/.
#include <string.h>

#include "conv2d.h"

// One dimension of the convolution: image size, outputs, kernel, stride, dilation and the padding before.
struct dimension {
    ptrdiff_t in, out, kernel, stride, dilation, pad;
};

// y[i] = sum over r of x[i*stride + r*dilation - pad] * w[r]
static struct lanes_axis forward_axis(const struct dimension *d)
{
    return (struct lanes_axis){
        .out_step = 1,
        .out_count = d->out,
        .tap_step = 1,
        .tap_count = d->kernel,
        .in_first = -d->pad,
        .in_step = d->stride,
        .in_tap_step = d->dilation,
        .in_size = d->in,
    };
}

// dx[h] = sum over r of dy[(h + pad - r*dilation) / stride] * w[r], for the r at which that divides. Of the h
// with (h + pad) % stride == phase, every one has the same such r, evenly spaced: a correlation of its own.
static struct lanes_axis backward_axis(const struct dimension *d, ptrdiff_t phase)
{
    const ptrdiff_t first = (phase + d->stride - d->pad % d->stride) % d->stride;
    struct lanes_axis axis = {
        .out_first = first,
        .out_step = d->stride,
        .out_count = first < d->in ? (d->in - 1 - first) / d->stride + 1 : 0,
        .in_step = 1,
        .in_size = d->out,
    };
    ptrdiff_t r = 0;
    while (r < d->kernel && r * d->dilation % d->stride != phase)
        r++;
    if (r == d->kernel)
        return axis; // no tap ever meets these
    axis.tap_first = r;
    axis.tap_step = 1;
    while (axis.tap_step * d->dilation % d->stride != 0)
        axis.tap_step++;
    axis.tap_count = (d->kernel - 1 - r) / axis.tap_step + 1;
    axis.in_first = (first + d->pad - r * d->dilation) / d->stride; // exact
    axis.in_tap_step = -(axis.tap_step * d->dilation / d->stride);
    return axis;
}

struct correlation_job {
    const struct lanes_table *lanes;
    struct lanes_correlation base; // of block 0 and group 0; axes of forward
    int backward;
    struct dimension rows, columns;
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
        c.rows = backward_axis(&job->rows, phase_h);
        c.columns = backward_axis(&job->columns, phase_w);
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

static struct dimension row_dimension(const struct cpu_conv2d *conv)
{
    return (struct dimension){conv->height,   conv->out_h,      conv->kernel_h,
                              conv->stride_h, conv->dilation_h, conv->pad_top};
}

static struct dimension column_dimension(const struct cpu_conv2d *conv)
{
    return (struct dimension){conv->width,    conv->out_w,      conv->kernel_w,
                              conv->stride_w, conv->dilation_w, conv->pad_left};
}

void cpu_conv2d_forward_batch16(struct tuff_device *device, const struct tuff_conv2d_forward_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->x, args->y, args->weight);
    const ptrdiff_t image = conv.height * conv.width * TUFF_BATCH16_LANES;
    const ptrdiff_t out_image = conv.out_h * conv.out_w * TUFF_BATCH16_LANES;
    struct correlation_job job = {
        .rows = row_dimension(&conv),
        .columns = column_dimension(&conv),
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
    job.base = (struct lanes_correlation){
        .x = cpu_f32(args->x),
        .w = cpu_f32(args->weight),
        .bias = args->bias ? cpu_f32(args->bias) : NULL,
        .y = cpu_f32(args->y),
        .channels = conv.group_channels,
        .x_channel = image,
        .x_row = conv.width * TUFF_BATCH16_LANES,
        .w_out = conv.taps,
        .w_channel = conv.kernel_h * conv.kernel_w,
        .w_row = conv.kernel_w,
        .y_out = out_image,
        .y_row = conv.out_w * TUFF_BATCH16_LANES,
        .rows = forward_axis(&job.rows),
        .columns = forward_axis(&job.columns),
    };
    correlate(device, &conv, &job);
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
    struct correlation_job job = {
        .backward = 1,
        .rows = row_dimension(&conv),
        .columns = column_dimension(&conv),
        .x_block = conv.outputs * out_image,
        .x_group = conv.group_outputs * out_image,
        .w_group = conv.group_outputs * conv.taps,
        .y_block = conv.channels * image,
        .y_group = conv.group_channels * image,
        .group_outputs = conv.group_channels,
        .phases_h = conv.stride_h,
        .phases_w = conv.stride_w,
    };
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

uint64_t cpu_conv2d_backward_input_workspace_batch16(const struct tuff_conv2d_backward_input_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->dx, args->dy, args->weight);
    return is_packed(&conv) ? (uint64_t)(conv.outputs * conv.taps) * sizeof(float) : 0;
}

// -- Weight gradient.

// How it is cut, and what lies where in the workspace.
struct gradient_plan {
    uint64_t work;
    uint64_t tiles;  // of a group's outputs
    uint64_t splits; // of the positions summed over; each makes a gradient of its own, summed at the end
    uint64_t part;   // floats of one of those: weight, then bias
    ptrdiff_t padded_h, padded_w; // x with its padding
    uint64_t padded;              // floats of that; 0: x has none and is used as it is
};

// A split is worth a partial result of its own only if it sums over many times what that takes.
enum { GRADIENT_SPLIT_WORK = 4 };

static struct gradient_plan plan_gradient(const struct tuff_device *device, const struct cpu_conv2d *conv)
{
    struct gradient_plan plan = {.work = cpu_conv2d_work(conv)};
    plan.padded_h = conv->height + conv->pad_top + conv->pad_bottom;
    plan.padded_w = conv->width + conv->pad_left + conv->pad_right;
    if (plan.padded_h != conv->height || plan.padded_w != conv->width)
        plan.padded =
            (uint64_t)(conv->blocks * conv->channels * plan.padded_h * plan.padded_w) * TUFF_BATCH16_LANES;
    plan.part = (uint64_t)(conv->outputs * conv->taps + conv->outputs + 15) / 16 * 16;
    const struct lanes_table *lanes = device->lanes;
    const int span3 = conv->kernel_w == 3 && conv->dilation_w == 1;
    const uint64_t tile = (uint64_t)(span3 ? lanes->gradient_outputs_span3 : lanes->gradient_outputs);
    plan.tiles = ((uint64_t)conv->group_outputs + tile - 1) / tile;
    // As many chunks as the work is worth, by splitting the rows where there are too few tiles; but a split's
    // partial result must stay small beside the work that went into it.
    const uint64_t rows = (uint64_t)(conv->blocks * conv->out_h);
    const uint64_t pieces = (uint64_t)conv->groups * plan.tiles;
    const uint64_t wanted = cpu_chunks(plan.work, rows * pieces) / pieces;
    const uint64_t affordable = plan.work / (GRADIENT_SPLIT_WORK * plan.part);
    plan.splits = wanted < affordable ? wanted : affordable;
    if (plan.splits > rows)
        plan.splits = rows;
    if (plan.splits > 64)
        plan.splits = 64;
    if (plan.splits < 1)
        plan.splits = 1;
    return plan;
}

struct gradient_job {
    const struct lanes_table *lanes;
    const struct cpu_conv2d *conv;
    struct gradient_plan plan;
    const float *x; // with padding
    const float *unpadded;
    const float *dy;
    float *padded;
    float *parts; // NULL: one split, straight into the outputs
    float *dweight, *dbias;
};

// One channel of one block: its rows between the padding's zeros.
static void pad_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct gradient_job *job = context;
    const struct cpu_conv2d *conv = job->conv;
    const size_t position = TUFF_BATCH16_LANES * sizeof(float);
    const ptrdiff_t width = job->plan.padded_w;
    float *to = job->padded + (ptrdiff_t)chunk * job->plan.padded_h * width * TUFF_BATCH16_LANES;
    const float *from = job->unpadded + (ptrdiff_t)chunk * conv->height * conv->width * TUFF_BATCH16_LANES;
    memset(to, 0, (size_t)(conv->pad_top * width) * position);
    to += conv->pad_top * width * TUFF_BATCH16_LANES;
    for (ptrdiff_t h = 0; h < conv->height; h++) {
        memset(to, 0, (size_t)conv->pad_left * position);
        memcpy(to + conv->pad_left * TUFF_BATCH16_LANES, from, (size_t)conv->width * position);
        memset(to + (conv->pad_left + conv->width) * TUFF_BATCH16_LANES, 0,
               (size_t)conv->pad_right * position);
        to += width * TUFF_BATCH16_LANES;
        from += conv->width * TUFF_BATCH16_LANES;
    }
    memset(to, 0, (size_t)(conv->pad_bottom * width) * position);
}

// Chunks are numbered split, group, tile; the last fastest.
static void gradient_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct gradient_job *job = context;
    const struct cpu_conv2d *conv = job->conv;
    const uint64_t tile = chunk % job->plan.tiles;
    chunk /= job->plan.tiles;
    const ptrdiff_t group = (ptrdiff_t)(chunk % (uint64_t)conv->groups);
    const uint64_t split = chunk / (uint64_t)conv->groups;
    const uint64_t rows = (uint64_t)(conv->blocks * conv->out_h), outputs = (uint64_t)conv->group_outputs;

    const ptrdiff_t image = job->plan.padded_h * job->plan.padded_w * TUFF_BATCH16_LANES;
    const ptrdiff_t out_image = conv->out_h * conv->out_w * TUFF_BATCH16_LANES;
    const struct lanes_weight_gradient g = {
        .x = job->x + group * conv->group_channels * image,
        .dy = job->dy + group * conv->group_outputs * out_image,
        .x_block = conv->channels * image,
        .x_channel = image,
        .x_row = job->plan.padded_w * TUFF_BATCH16_LANES,
        .dy_block = conv->outputs * out_image,
        .dy_channel = out_image,
        .dy_row = conv->out_w * TUFF_BATCH16_LANES,
        .channels = conv->group_channels,
        .kernel_h = conv->kernel_h,
        .kernel_w = conv->kernel_w,
        .stride_h = conv->stride_h,
        .stride_w = conv->stride_w,
        .dilation_h = conv->dilation_h,
        .dilation_w = conv->dilation_w,
        .out_h = conv->out_h,
        .out_w = conv->out_w,
    };
    float *dweight = job->dweight, *dbias = job->dbias;
    if (job->parts) {
        dweight = job->parts + split * job->plan.part;
        dbias = dbias ? dweight + conv->outputs * conv->taps : NULL;
    }
    const ptrdiff_t first = group * conv->group_outputs;
    job->lanes->weight_gradient(&g, (ptrdiff_t)(outputs * tile / job->plan.tiles),
                                (ptrdiff_t)(outputs * (tile + 1) / job->plan.tiles),
                                (ptrdiff_t)(rows * split / job->plan.splits),
                                (ptrdiff_t)(rows * (split + 1) / job->plan.splits),
                                dweight + first * conv->taps, dbias ? dbias + first : NULL);
}

enum { SUM_CHUNK = 4096 };

static void sum_splits_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct gradient_job *job = context;
    const uint64_t total = (uint64_t)(job->conv->outputs * job->conv->taps), begin = chunk * SUM_CHUNK;
    const uint64_t count = total - begin < SUM_CHUNK ? total - begin : SUM_CHUNK;
    job->lanes->sum_parts(job->dweight + begin, job->parts + begin, (ptrdiff_t)job->plan.part,
                          job->plan.splits, count);
    if (chunk == 0 && job->dbias)
        job->lanes->sum_parts(job->dbias, job->parts + total, (ptrdiff_t)job->plan.part, job->plan.splits,
                              (size_t)job->conv->outputs);
}

void cpu_conv2d_backward_weight_batch16(struct tuff_device *device,
                                        const struct tuff_conv2d_backward_weight_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->x, args->dy, args->dweight);
    struct gradient_job job = {
        .lanes = device->lanes,
        .conv = &conv,
        .plan = plan_gradient(device, &conv),
        .x = cpu_f32(args->x),
        .unpadded = cpu_f32(args->x),
        .dy = cpu_f32(args->dy),
        .dweight = cpu_f32(args->dweight),
        .dbias = args->dbias ? cpu_f32(args->dbias) : NULL,
    };
    if (job.plan.padded > 0) {
        job.padded = cpu_f32(args->workspace);
        job.x = job.padded;
        cpu_parallel(device, job.plan.padded / TUFF_BATCH16_LANES, (uint64_t)(conv.blocks * conv.channels),
                     pad_chunk, &job);
    }
    if (job.plan.splits > 1)
        job.parts = cpu_f32(args->workspace) + job.plan.padded;
    cpu_parallel(device, job.plan.work, job.plan.splits * (uint64_t)conv.groups * job.plan.tiles,
                 gradient_chunk, &job);
    if (job.plan.splits > 1) {
        const uint64_t total = (uint64_t)(conv.outputs * conv.taps);
        cpu_parallel(device, total * job.plan.splits / TUFF_BATCH16_LANES,
                     (total + SUM_CHUNK - 1) / SUM_CHUNK, sum_splits_chunk, &job);
    }
}

uint64_t cpu_conv2d_backward_weight_workspace_batch16(struct tuff_device *device,
                                                      const struct tuff_conv2d_backward_weight_args *args)
{
    const struct cpu_conv2d conv = cpu_conv2d_sizes(args->params, args->x, args->dy, args->dweight);
    const struct gradient_plan plan = plan_gradient(device, &conv);
    const uint64_t parts = plan.splits > 1 ? plan.splits * plan.part : 0;
    return (plan.padded + parts) * sizeof(float);
}
