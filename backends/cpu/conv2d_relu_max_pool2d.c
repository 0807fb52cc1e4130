// Convolution, ReLU and max pooling in one.
//
// Forward, with the batch in the lanes, convolves the rows of a few windows into memory that stays in the
// cache and pools from there. Elsewhere, and backward where winners.c does not take it, the parts run one
// after the other, with z or dz in the workspace.
#include "conv2d_relu_max_pool2d.h"

#include <math.h>
#include <string.h>

#include "ops.h"

struct cpu_pooled_conv cpu_pooled_conv_of(const struct tuff_conv2d_relu_max_pool2d_params *p,
                                          const struct tuff_tensor *x, const struct tuff_tensor *weight,
                                          const struct tuff_tensor *pooled,
                                          const struct tuff_tensor *workspace)
{
    struct cpu_pooled_conv op = {
        .params = tuff_conv2d_relu_max_pool2d_conv2d(p),
        .z = *pooled,
    };
    op.z.dtype = TUFF_F32;
    op.z.dims[2] =
        (x->dims[2] + p->pad_top + p->pad_bottom - p->dilation_h * (weight->dims[2] - 1) - 1) / p->stride_h +
        1;
    op.z.dims[3] =
        (x->dims[3] + p->pad_left + p->pad_right - p->dilation_w * (weight->dims[3] - 1) - 1) / p->stride_w +
        1;
    op.z.buffer = NULL;
    op.z_bytes =
        (tuff_tensor_bytes(&op.z) + CPU_BUFFER_ALIGNMENT - 1) / CPU_BUFFER_ALIGNMENT * CPU_BUFFER_ALIGNMENT;
    if (workspace) {
        op.z.buffer = workspace->buffer;
        op.z.offset = workspace->offset;
        op.workspace = *workspace;
        op.workspace.offset += op.z_bytes;
    }
    op.conv = cpu_conv2d_sizes(&op.params, x, &op.z, weight);
    op.pool = (struct lanes_window_pool){
        .width = op.conv.out_w,
        .out_w = pooled->dims[3],
        .kernel_h = p->pool_h,
        .kernel_w = p->pool_w,
        .stride_w = p->pool_stride_w,
        .stride_h = p->pool_stride_h,
        .height = op.conv.out_h,
        .out_h = pooled->dims[2],
    };
    op.pooled = (ptrdiff_t)pooled->dims[2] * (ptrdiff_t)pooled->dims[3];
    return op;
}

// -- Forward: pooling of z, a plane (one filter of one sample, or of a block) a chunk.

struct pool_job {
    const struct lanes_table *lanes;
    const struct cpu_pooled_conv *op;
    const float *z;
    float *y;
    uint8_t *winner; // NULL: not wanted
};

static void pool_batch16_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct pool_job *job = context;
    const struct lanes_window_pool *pool = &job->op->pool;
    const ptrdiff_t plane = (ptrdiff_t)chunk;
    const float *z = job->z + plane * pool->height * pool->width * TUFF_BATCH16_LANES;
    for (ptrdiff_t ph = 0; ph < pool->out_h; ph++) {
        const ptrdiff_t at = (plane * pool->out_h + ph) * pool->out_w * TUFF_BATCH16_LANES;
        job->lanes->relu_max_pool(pool, z + ph * pool->stride_h * pool->width * TUFF_BATCH16_LANES,
                                  job->y + at, job->winner ? job->winner + at : NULL);
    }
}

static void pool_row_major_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct pool_job *job = context;
    const struct lanes_window_pool *pool = &job->op->pool;
    const ptrdiff_t plane = (ptrdiff_t)chunk;
    const float *z = job->z + plane * pool->height * pool->width;
    ptrdiff_t at = plane * pool->out_h * pool->out_w;
    for (ptrdiff_t ph = 0; ph < pool->out_h; ph++) {
        for (ptrdiff_t pw = 0; pw < pool->out_w; pw++, at++) {
            const float *window = z + ph * pool->stride_h * pool->width + pw * pool->stride_w;
            float best = window[0];
            ptrdiff_t where = 0;
            for (ptrdiff_t r = 0; r < pool->kernel_h; r++) {
                for (ptrdiff_t s = 0; s < pool->kernel_w; s++) {
                    const float value = window[r * pool->width + s];
                    if (!(value <= best) && !isnan(best)) {
                        best = value;
                        where = r * pool->kernel_w + s;
                    }
                }
            }
            job->y[at] = best <= 0 ? 0 : best;
            if (job->winner)
                job->winner[at] = (uint8_t)(best > 0 ? where : TUFF_NO_WINNER);
        }
    }
}

static void pool_all(struct tuff_device *device, const struct cpu_pooled_conv *op,
                     const struct tuff_conv2d_relu_max_pool2d_forward_args *args)
{
    const int is_batch16 = args->x->layout == TUFF_LAYOUT_BATCH16;
    const uint64_t planes =
        (uint64_t)(is_batch16 ? op->conv.blocks : op->conv.batch) * (uint64_t)op->conv.outputs;
    const struct pool_job job = {
        .lanes = device->lanes,
        .op = op,
        .z = cpu_f32(&op->z),
        .y = cpu_f32(args->y),
        .winner = args->winner ? cpu_data(args->winner) : NULL,
    };
    const uint64_t work =
        planes * (uint64_t)op->pooled * (uint64_t)(op->pool.kernel_h * op->pool.kernel_w + 2);
    cpu_parallel(device, work, planes, is_batch16 ? pool_batch16_chunk : pool_row_major_chunk,
                 (void *)(uintptr_t)&job);
}

// -- Forward: a few filters' rows of windows at a time.

struct band_job {
    const struct lanes_table *lanes;
    const struct cpu_pooled_conv *op;
    struct lanes_correlation base; // of block 0 and group 0
    float *scratch;                // of worker 0
    ptrdiff_t scratch_worker;      // floats of each worker
    float *y;
    uint8_t *winner;
    uint64_t tiles, bands; // of a group's filters; of the rows of windows
};

// Chunks are numbered block, group, tile, band; the last fastest.
static void band_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    const struct band_job *job = context;
    const struct cpu_conv2d *conv = &job->op->conv;
    const struct lanes_window_pool *pool = &job->op->pool;
    const uint64_t band = chunk % job->bands;
    chunk /= job->bands;
    const uint64_t tile = chunk % job->tiles;
    chunk /= job->tiles;
    const ptrdiff_t group = (ptrdiff_t)(chunk % (uint64_t)conv->groups);
    const ptrdiff_t block = (ptrdiff_t)(chunk / (uint64_t)conv->groups);
    const ptrdiff_t image = conv->height * conv->width * TUFF_BATCH16_LANES;
    const ptrdiff_t o_begin = (ptrdiff_t)((uint64_t)conv->group_outputs * tile / job->tiles);
    const ptrdiff_t o_end = (ptrdiff_t)((uint64_t)conv->group_outputs * (tile + 1) / job->tiles);
    float *scratch = job->scratch + worker * job->scratch_worker;

    struct lanes_correlation c = job->base;
    c.x += (block * conv->channels + group * conv->group_channels) * image;
    c.w += group * conv->group_outputs * conv->taps;
    if (c.bias)
        c.bias += group * conv->group_outputs;
    c.y = scratch;
    const ptrdiff_t first =
        block * conv->outputs + group * conv->group_outputs; // plane of the group's filter 0
    for (ptrdiff_t ph = (ptrdiff_t)((uint64_t)pool->out_h * band / job->bands);
         ph < (ptrdiff_t)((uint64_t)pool->out_h * (band + 1) / job->bands); ph++) {
        const ptrdiff_t row = ph * pool->stride_h;
        c.y_begin = o_begin * c.y_out + row * c.y_row;
        job->lanes->correlate(&c, o_begin, o_end, row, row + pool->kernel_h);
        for (ptrdiff_t o = o_begin; o < o_end; o++) {
            const ptrdiff_t at = ((first + o) * pool->out_h + ph) * pool->out_w * TUFF_BATCH16_LANES;
            job->lanes->relu_max_pool(pool, scratch + (o - o_begin) * c.y_out, job->y + at,
                                      job->winner ? job->winner + at : NULL);
        }
    }
}

// Windows that share rows would have those computed twice; and with many channels the convolution takes far
// longer than the way of z to memory and back.
static int is_banded(const struct cpu_pooled_conv *op, uint32_t layout)
{
    return layout == TUFF_LAYOUT_BATCH16 && !cpu_conv2d_is_packed(&op->conv, 0) &&
           op->pool.stride_h >= op->pool.kernel_h && !cpu_conv2d_needs_padded_image(&op->params);
}

static ptrdiff_t scratch_floats(const struct tuff_device *device, const struct cpu_pooled_conv *op)
{
    return device->lanes->correlation_outputs * op->pool.kernel_h * op->conv.out_w * TUFF_BATCH16_LANES;
}

static void forward_banded(struct tuff_device *device, const struct cpu_pooled_conv *op,
                           const struct tuff_conv2d_relu_max_pool2d_forward_args *args)
{
    const struct cpu_conv2d *conv = &op->conv;
    const uint64_t tile = (uint64_t)device->lanes->correlation_outputs, work = cpu_conv2d_work(conv);
    struct band_job job = {
        .lanes = device->lanes,
        .op = op,
        .base = cpu_conv2d_correlation(conv, cpu_f32(args->x), cpu_f32(args->weight),
                                       args->bias ? cpu_f32(args->bias) : NULL),
        .scratch = cpu_f32(args->workspace),
        .scratch_worker = scratch_floats(device, op),
        .y = cpu_f32(args->y),
        .winner = args->winner ? cpu_data(args->winner) : NULL,
        .tiles = ((uint64_t)conv->group_outputs + tile - 1) / tile,
    };
    job.base.y_row = conv->out_w * TUFF_BATCH16_LANES;
    job.base.y_out = op->pool.kernel_h * job.base.y_row;
    const uint64_t pieces = (uint64_t)(conv->blocks * conv->groups) * job.tiles;
    job.bands = (cpu_chunks(work, pieces * (uint64_t)op->pool.out_h) + pieces - 1) / pieces;
    cpu_parallel(device, work, pieces * job.bands, band_chunk, &job);
}

// -- Forward: windows in registers.

struct window_job {
    const struct cpu_pooled_conv *op;
    lanes_pooled_conv_function *run;
    struct lanes_pooled_conv base; // of block 0
    ptrdiff_t x_block, y_block;
    uint64_t tiles; // of the filters
};

// Chunks are numbered block, row of windows, tile; the last fastest.
static void window_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct window_job *job = context;
    const uint64_t outputs = (uint64_t)job->op->conv.outputs, tile = chunk % job->tiles;
    chunk /= job->tiles;
    const ptrdiff_t ph = (ptrdiff_t)(chunk % (uint64_t)job->op->pool.out_h);
    const ptrdiff_t block = (ptrdiff_t)(chunk / (uint64_t)job->op->pool.out_h);
    struct lanes_pooled_conv p = job->base;
    p.x += block * job->x_block;
    p.y += block * job->y_block;
    if (p.winner)
        p.winner += block * job->y_block;
    job->run(&p, (ptrdiff_t)(outputs * tile / job->tiles), (ptrdiff_t)(outputs * (tile + 1) / job->tiles),
             ph);
}

enum { WINDOW_BYTES = 1 << 16 };

// The function for kernels of this size, if what it leaves out is not there.
static lanes_pooled_conv_function *window_function(const struct tuff_device *device,
                                                   const struct cpu_pooled_conv *op, uint32_t layout)
{
    const struct cpu_conv2d *conv = &op->conv;
    const struct lanes_window_pool *pool = &op->pool;
    const int plain = conv->groups == 1 && conv->stride_h == 1 && conv->stride_w == 1 &&
                      conv->dilation_h == 1 && conv->dilation_w == 1 && conv->pad_top == 0 &&
                      conv->pad_bottom == 0 && conv->pad_left == 0 && conv->pad_right == 0 &&
                      pool->kernel_h == 2 && pool->kernel_w == 2 && pool->stride_h == 2 &&
                      pool->stride_w == 2;
    // The rows that a row of windows sees, which are read again for each tile of filters.
    const ptrdiff_t seen =
        (conv->kernel_h + 1) * conv->width * conv->channels * TUFF_BATCH16_LANES * (ptrdiff_t)sizeof(float);
    return layout == TUFF_LAYOUT_BATCH16 && plain && seen <= WINDOW_BYTES
               ? device->lanes->pooled_conv(conv->kernel_h, conv->kernel_w)
               : NULL;
}

static void forward_windows(struct tuff_device *device, const struct cpu_pooled_conv *op,
                            lanes_pooled_conv_function *run,
                            const struct tuff_conv2d_relu_max_pool2d_forward_args *args)
{
    const struct cpu_conv2d *conv = &op->conv;
    const ptrdiff_t image = conv->height * conv->width * TUFF_BATCH16_LANES;
    const uint64_t tile = (uint64_t)device->lanes->pooled_outputs;
    struct window_job job = {
        .op = op,
        .run = run,
        .base =
            {
                .x = cpu_f32(args->x),
                .w = cpu_f32(args->weight),
                .bias = args->bias ? cpu_f32(args->bias) : NULL,
                .y = cpu_f32(args->y),
                .winner = args->winner ? cpu_data(args->winner) : NULL,
                .channels = conv->channels,
                .pooled_w = op->pool.out_w,
                .x_channel = image,
                .x_row = conv->width * TUFF_BATCH16_LANES,
                .w_out = conv->taps,
                .y_out = op->pooled * TUFF_BATCH16_LANES,
            },
        .x_block = conv->channels * image,
        .y_block = conv->outputs * op->pooled * TUFF_BATCH16_LANES,
        .tiles = ((uint64_t)conv->outputs + tile - 1) / tile,
    };
    cpu_parallel(device, cpu_conv2d_work(conv), (uint64_t)(conv->blocks * op->pool.out_h) * job.tiles,
                 window_chunk, &job);
}

// -- Forward.

void cpu_conv2d_relu_max_pool2d_forward(struct tuff_device *device,
                                        const struct tuff_conv2d_relu_max_pool2d_forward_args *args)
{
    const struct cpu_pooled_conv op =
        cpu_pooled_conv_of(args->params, args->x, args->weight, args->y, args->workspace);
    lanes_pooled_conv_function *windows = window_function(device, &op, args->x->layout);
    if (windows) {
        forward_windows(device, &op, windows, args);
        return;
    }
    if (is_banded(&op, args->x->layout)) {
        forward_banded(device, &op, args);
        return;
    }
    const struct tuff_conv2d_forward_args conv = {
        .size = sizeof conv,
        .params = &op.params,
        .workspace = &op.workspace,
        .y = &op.z,
        .x = args->x,
        .weight = args->weight,
        .bias = args->bias,
    };
    cpu_conv2d_forward(device, &conv);
    pool_all(device, &op, args);
}

uint64_t
cpu_conv2d_relu_max_pool2d_forward_workspace(struct tuff_device *device,
                                             const struct tuff_conv2d_relu_max_pool2d_forward_args *args)
{
    const struct cpu_pooled_conv op = cpu_pooled_conv_of(args->params, args->x, args->weight, args->y, NULL);
    if (window_function(device, &op, args->x->layout))
        return 0;
    if (is_banded(&op, args->x->layout))
        return cpu_pool_threads(device->pool) * (uint64_t)scratch_floats(device, &op) * sizeof(float);
    const struct tuff_conv2d_forward_args conv = {.size = sizeof conv,
                                                  .params = &op.params,
                                                  .y = &op.z,
                                                  .x = args->x,
                                                  .weight = args->weight,
                                                  .bias = args->bias};
    return op.z_bytes + cpu_conv2d_forward_workspace(device, &conv);
}

// -- Backward by parts: dz from dy and the winners, a plane a chunk.

struct spread_job {
    const struct cpu_pooled_conv *op;
    const float *dy;
    const uint8_t *winner;
    float *dz;
    ptrdiff_t lanes; // of a position
};

static void spread_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct spread_job *job = context;
    const struct lanes_window_pool *pool = &job->op->pool;
    const ptrdiff_t plane = (ptrdiff_t)chunk, lanes = job->lanes, image = pool->height * pool->width * lanes;
    float *dz = job->dz + plane * image;
    const float *dy = job->dy + plane * job->op->pooled * lanes;
    const uint8_t *winner = job->winner + plane * job->op->pooled * lanes;
    memset(dz, 0, (size_t)image * sizeof *dz);
    for (ptrdiff_t ph = 0; ph < pool->out_h; ph++) {
        for (ptrdiff_t pw = 0; pw < pool->out_w; pw++, dy += lanes, winner += lanes) {
            float *window = dz + (ph * pool->stride_h * pool->width + pw * pool->stride_w) * lanes;
            for (ptrdiff_t lane = 0; lane < lanes; lane++) {
                const ptrdiff_t where = winner[lane];
                if (where != TUFF_NO_WINNER)
                    window[(where / pool->kernel_w * pool->width + where % pool->kernel_w) * lanes + lane] +=
                        dy[lane];
            }
        }
    }
}

static void spread(struct tuff_device *device, const struct cpu_pooled_conv *op, const struct tuff_tensor *dy,
                   const struct tuff_tensor *winner)
{
    const int is_batch16 = dy->layout == TUFF_LAYOUT_BATCH16;
    const struct spread_job job = {
        .op = op,
        .dy = cpu_f32(dy),
        .winner = cpu_data(winner),
        .dz = cpu_f32(&op->z),
        .lanes = is_batch16 ? TUFF_BATCH16_LANES : 1,
    };
    const uint64_t planes =
        (uint64_t)(is_batch16 ? op->conv.blocks : op->conv.batch) * (uint64_t)op->conv.outputs;
    cpu_parallel(device, planes * (uint64_t)(op->pooled * job.lanes), planes, spread_chunk,
                 (void *)(uintptr_t)&job);
}

// -- Gradient of x.

void cpu_conv2d_relu_max_pool2d_backward_input(
    struct tuff_device *device, const struct tuff_conv2d_relu_max_pool2d_backward_input_args *args)
{
    const struct cpu_pooled_conv op =
        cpu_pooled_conv_of(args->params, args->dx, args->weight, args->dy, args->workspace);
    if (cpu_winners_take_input(device, &op)) {
        cpu_winners_backward_input(device, &op, args);
        return;
    }
    spread(device, &op, args->dy, args->winner);
    const struct tuff_conv2d_backward_input_args conv = {
        .size = sizeof conv,
        .params = &op.params,
        .workspace = &op.workspace,
        .dx = args->dx,
        .dy = &op.z,
        .weight = args->weight,
    };
    cpu_conv2d_backward_input(device, &conv);
}

uint64_t cpu_conv2d_relu_max_pool2d_backward_input_workspace(
    struct tuff_device *device, const struct tuff_conv2d_relu_max_pool2d_backward_input_args *args)
{
    const struct cpu_pooled_conv op =
        cpu_pooled_conv_of(args->params, args->dx, args->weight, args->dy, NULL);
    if (cpu_winners_take_input(device, &op))
        return cpu_winners_input_workspace(device, &op);
    const struct tuff_conv2d_backward_input_args conv = {
        .size = sizeof conv, .params = &op.params, .dx = args->dx, .dy = &op.z, .weight = args->weight};
    return op.z_bytes + cpu_conv2d_backward_input_workspace(device, &conv);
}

// -- Gradients of weight and bias.

void cpu_conv2d_relu_max_pool2d_backward_weight(
    struct tuff_device *device, const struct tuff_conv2d_relu_max_pool2d_backward_weight_args *args)
{
    const struct cpu_pooled_conv op =
        cpu_pooled_conv_of(args->params, args->x, args->dweight, args->dy, args->workspace);
    if (cpu_winners_take_weight(device, &op)) {
        cpu_winners_backward_weight(device, &op, args);
        return;
    }
    spread(device, &op, args->dy, args->winner);
    const struct tuff_conv2d_backward_weight_args conv = {
        .size = sizeof conv,
        .params = &op.params,
        .workspace = &op.workspace,
        .dweight = args->dweight,
        .dbias = args->dbias,
        .dy = &op.z,
        .x = args->x,
    };
    cpu_conv2d_backward_weight(device, &conv);
}

uint64_t cpu_conv2d_relu_max_pool2d_backward_weight_workspace(
    struct tuff_device *device, const struct tuff_conv2d_relu_max_pool2d_backward_weight_args *args)
{
    const struct cpu_pooled_conv op =
        cpu_pooled_conv_of(args->params, args->x, args->dweight, args->dy, NULL);
    if (cpu_winners_take_weight(device, &op))
        return cpu_winners_weight_workspace(device, &op);
    const struct tuff_conv2d_backward_weight_args conv = {.size = sizeof conv,
                                                          .params = &op.params,
                                                          .dweight = args->dweight,
                                                          .dbias = args->dbias,
                                                          .dy = &op.z,
                                                          .x = args->x};
    return op.z_bytes + cpu_conv2d_backward_weight_workspace(device, &conv);
}
