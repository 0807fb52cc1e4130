// Gradient of a convolution's weight and bias with the batch in the vector lanes: how it is cut into chunks.
// The loops are in lanes/weight_gradient.c.
#include <string.h>

#include "conv2d.h"

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
    const uint64_t wanted = cpu_chunks(plan.work / 2, rows * pieces) / pieces;
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

// Chunks are numbered group, tile, split; the last fastest.
static void gradient_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct gradient_job *job = context;
    const struct cpu_conv2d *conv = job->conv;
    const uint64_t split = chunk % job->plan.splits;
    chunk /= job->plan.splits;
    const uint64_t tile = chunk % job->plan.tiles;
    const ptrdiff_t group = (ptrdiff_t)(chunk / job->plan.tiles);
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
        .dw_row = conv->taps,
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
    if (cpu_conv2d_has_weight_windows(&conv)) {
        cpu_conv2d_weight_windows(device, &conv, args);
        return;
    }
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
    if (cpu_conv2d_has_weight_windows(&conv))
        return cpu_conv2d_weight_windows_workspace(device, &conv);
    const struct gradient_plan plan = plan_gradient(device, &conv);
    const uint64_t parts = plan.splits > 1 ? plan.splits * plan.part : 0;
    return (plan.padded + parts) * sizeof(float);
}
