// Fully connected layer with the batch in the vector lanes.
#include <string.h>

#include "linear.h"

// Blocks that one chunk covers: enough to use each weight several times, few enough to leave chunks.
enum { BLOCKS_PER_CHUNK = 8 };

struct product_job {
    const struct lanes_table *lanes;
    struct lanes_product base;
    uint64_t outputs, tiles;
    ptrdiff_t bands; // of blocks
};

static void product_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct product_job *job = context;
    const uint64_t tile = chunk % job->tiles;
    const ptrdiff_t band = (ptrdiff_t)(chunk / job->tiles);
    struct lanes_product p = job->base;
    const ptrdiff_t begin = job->base.blocks * band / job->bands,
                    end = job->base.blocks * (band + 1) / job->bands;
    p.x += begin * p.x_block;
    p.y += begin * p.y_block;
    p.blocks = end - begin;
    job->lanes->product(&p, (ptrdiff_t)(job->outputs * tile / job->tiles),
                        (ptrdiff_t)(job->outputs * (tile + 1) / job->tiles));
}

static void run_product(struct tuff_device *device, struct lanes_product base, ptrdiff_t outputs)
{
    const uint64_t tile = (uint64_t)device->lanes->product_outputs;
    struct product_job job = {
        .lanes = device->lanes,
        .base = base,
        .outputs = (uint64_t)outputs,
        .tiles = ((uint64_t)outputs + tile - 1) / tile,
        .bands = (base.blocks + BLOCKS_PER_CHUNK - 1) / BLOCKS_PER_CHUNK,
    };
    cpu_parallel(device, (uint64_t)(base.blocks * base.inputs) * (uint64_t)outputs,
                 job.tiles * (uint64_t)job.bands, product_chunk, &job);
}

void cpu_linear_forward_batch16(struct tuff_device *device, const struct tuff_linear_forward_args *args,
                                int relu)
{
    const ptrdiff_t outputs = args->weight->dims[0], inputs = args->weight->dims[1];
    const struct lanes_product p = {
        .x = cpu_f32(args->x),
        .w = cpu_f32(args->weight),
        .bias = args->bias ? cpu_f32(args->bias) : NULL,
        .y = cpu_f32(args->y),
        .blocks = cpu_blocks(args->x),
        .inputs = inputs,
        .x_block = inputs * TUFF_BATCH16_LANES,
        .y_block = outputs * TUFF_BATCH16_LANES,
        .w_out = inputs,
        .w_in = 1,
        .relu = relu,
    };
    run_product(device, p, outputs);
}

// -- Gradient of the input.

// With several blocks of samples, chunks copy the weights of a group of dx's channels, a few of dy's at a
// time, to a place of their own, where those that are used together lie side by side: in the weight they lie
// pages apart.
enum {
    PACKED_INPUTS = 128,     // the weights of which stay in the second-level cache, with the inputs
    PACKED_TILES = 16,       // outputs of a group, in tiles
    PACKED_BLOCKS = 16,      // most blocks of a chunk
    PACKED_LEAST_BLOCKS = 2, // that this is worth it for
};

struct packed_job {
    const struct lanes_table *lanes;
    struct lanes_product base;
    float *packed; // `slot` floats per worker
    ptrdiff_t slot;
    ptrdiff_t outputs, groups, bands;
};

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static ptrdiff_t group_outputs(const struct tuff_device *device)
{
    return PACKED_TILES * device->lanes->correlation_outputs;
}

static ptrdiff_t packed_slot(const struct tuff_device *device, ptrdiff_t inputs)
{
    const ptrdiff_t floats = smaller(inputs, PACKED_INPUTS) * group_outputs(device);
    return (floats + TUFF_BATCH16_LANES - 1) / TUFF_BATCH16_LANES * TUFF_BATCH16_LANES;
}

static uint64_t packed_workspace(const struct tuff_device *device, ptrdiff_t inputs)
{
    return (uint64_t)packed_slot(device, inputs) * cpu_pool_threads(device->pool) * sizeof(float);
}

static void packed_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    const struct packed_job *job = context;
    const struct lanes_product *base = &job->base;
    const ptrdiff_t group = (ptrdiff_t)chunk % job->groups, band = (ptrdiff_t)chunk / job->groups;
    const ptrdiff_t o_begin = job->outputs * group / job->groups;
    const ptrdiff_t outputs = job->outputs * (group + 1) / job->groups - o_begin;
    const ptrdiff_t block = base->blocks * band / job->bands;
    float *packed = job->packed + (ptrdiff_t)worker * job->slot;
    struct lanes_packed_product p = {
        .w = packed,
        .y = base->y + block * base->y_block + o_begin * TUFF_BATCH16_LANES,
        .blocks = base->blocks * (band + 1) / job->bands - block,
        .x_block = base->x_block,
        .y_block = base->y_block,
        .w_in = outputs,
    };
    for (ptrdiff_t i = 0; i < base->inputs; i += PACKED_INPUTS) {
        const float *w = base->w + o_begin + i * base->w_in;
        p.inputs = smaller(base->inputs - i, PACKED_INPUTS);
        p.x = base->x + block * base->x_block + i * TUFF_BATCH16_LANES;
        for (ptrdiff_t k = 0; k < p.inputs; k++)
            memcpy(packed + k * outputs, w + k * base->w_in, (size_t)outputs * sizeof *packed);
        job->lanes->product_packed(&p, outputs);
        p.adds = 1;
    }
}

static void run_packed_product(struct tuff_device *device, struct lanes_product base, ptrdiff_t outputs,
                               float *workspace)
{
    const ptrdiff_t most = group_outputs(device);
    struct packed_job job = {
        .lanes = device->lanes,
        .base = base,
        .packed = workspace,
        .slot = packed_slot(device, base.inputs),
        .outputs = outputs,
        .groups = (outputs + most - 1) / most,
        .bands = (base.blocks + PACKED_BLOCKS - 1) / PACKED_BLOCKS,
    };
    cpu_parallel(device, (uint64_t)(base.blocks * base.inputs) * (uint64_t)outputs,
                 (uint64_t)(job.groups * job.bands), packed_chunk, &job);
}

void cpu_linear_backward_input_batch16(struct tuff_device *device,
                                       const struct tuff_linear_backward_input_args *args)
{
    const ptrdiff_t outputs = args->weight->dims[0], inputs = args->weight->dims[1];
    const struct lanes_product p = {
        .x = cpu_f32(args->dy),
        .w = cpu_f32(args->weight),
        .y = cpu_f32(args->dx),
        .blocks = cpu_blocks(args->dy),
        .inputs = outputs,
        .x_block = outputs * TUFF_BATCH16_LANES,
        .y_block = inputs * TUFF_BATCH16_LANES,
        .w_out = 1,
        .w_in = inputs,
    };
    if (p.blocks >= PACKED_LEAST_BLOCKS)
        run_packed_product(device, p, inputs, cpu_f32(args->workspace));
    else
        run_product(device, p, inputs);
}

uint64_t cpu_linear_backward_input_workspace_batch16(const struct tuff_device *device,
                                                     const struct tuff_linear_backward_input_args *args)
{
    return cpu_blocks(args->dy) >= PACKED_LEAST_BLOCKS ? packed_workspace(device, args->weight->dims[0]) : 0;
}

// -- Weight gradient: x transposed in the workspace to panels of 16 inputs, [i/16][n][i%16], then an outer
// product with lanes along i.

struct gradient_job {
    const struct lanes_table *lanes;
    const float *x;
    float *xt;
    struct lanes_outer_product product;
    float *dbias;
    uint64_t outputs, tiles;
    uint64_t bands; // of inputs in the transposition, per block
};

static ptrdiff_t panels_of(ptrdiff_t inputs)
{
    return (inputs + TUFF_BATCH16_LANES - 1) / TUFF_BATCH16_LANES;
}

enum { PANELS_PER_CHUNK = 32 };

// Some panels of one block of samples.
static void transpose_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct gradient_job *job = context;
    const ptrdiff_t lanes = TUFF_BATCH16_LANES, inputs = job->product.inputs;
    const ptrdiff_t block = (ptrdiff_t)(chunk / job->bands);
    const ptrdiff_t begin = (ptrdiff_t)(chunk % job->bands) * PANELS_PER_CHUNK;
    const ptrdiff_t end = smaller(begin + PANELS_PER_CHUNK, panels_of(inputs));
    for (ptrdiff_t panel = begin; panel < end; panel++) {
        const ptrdiff_t count = smaller(inputs - panel * lanes, lanes);
        float *to = job->xt + panel * job->product.xt_panel + block * lanes * lanes;
        job->lanes->transpose(job->x + (block * inputs + panel * lanes) * lanes, lanes, count, lanes, to,
                              lanes);
        // The rest of the last panel is multiplied too, though its products are not kept.
        for (ptrdiff_t n = 0; count < lanes && n < lanes; n++) {
            for (ptrdiff_t i = count; i < lanes; i++)
                to[n * lanes + i] = 0.0f;
        }
    }
}

static void outer_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct gradient_job *job = context;
    const ptrdiff_t begin = (ptrdiff_t)(job->outputs * chunk / job->tiles);
    const ptrdiff_t end = (ptrdiff_t)(job->outputs * (chunk + 1) / job->tiles);
    job->lanes->outer_product(&job->product, begin, end);
    if (job->dbias)
        job->lanes->sum_lanes(job->product.dy, job->product.samples / TUFF_BATCH16_LANES,
                              job->product.dy_block, job->dbias, begin, end);
}

enum { OUTER_TILES_PER_CHUNK = 8, OUTER_LEAST_CHUNKS = 16 };

void cpu_linear_backward_weight_batch16(struct tuff_device *device,
                                        const struct tuff_linear_backward_weight_args *args)
{
    const ptrdiff_t outputs = args->dweight->dims[0], inputs = args->dweight->dims[1];
    const ptrdiff_t blocks = cpu_blocks(args->x);
    struct gradient_job job = {
        .lanes = device->lanes,
        .x = cpu_f32(args->x),
        .xt = cpu_f32(args->workspace),
        .dbias = args->dbias ? cpu_f32(args->dbias) : NULL,
        .outputs = (uint64_t)outputs,
        .bands = (uint64_t)(panels_of(inputs) + PANELS_PER_CHUNK - 1) / PANELS_PER_CHUNK,
    };
    job.product = (struct lanes_outer_product){
        .dy = cpu_f32(args->dy),
        .xt = job.xt,
        .dw = cpu_f32(args->dweight),
        .samples = blocks * TUFF_BATCH16_LANES,
        .inputs = inputs,
        .dy_block = outputs * TUFF_BATCH16_LANES,
        .xt_panel = blocks * TUFF_BATCH16_LANES * TUFF_BATCH16_LANES,
    };
    cpu_parallel(device, (uint64_t)(blocks * inputs), (uint64_t)blocks * job.bands, transpose_chunk, &job);

    const uint64_t work = (uint64_t)(blocks * inputs) * (uint64_t)outputs;
    const uint64_t tile = (uint64_t)device->lanes->outer_outputs;
    // Tiles of one chunk share the loads of a panel; but there must be chunks enough to go round.
    job.tiles = (job.outputs + OUTER_TILES_PER_CHUNK * tile - 1) / (OUTER_TILES_PER_CHUNK * tile);
    if (job.tiles < OUTER_LEAST_CHUNKS)
        job.tiles = (uint64_t)smaller(OUTER_LEAST_CHUNKS, (ptrdiff_t)((job.outputs + tile - 1) / tile));
    job.tiles = cpu_chunks(work, job.tiles);
    cpu_parallel(device, work, job.tiles, outer_chunk, &job);
}

uint64_t cpu_linear_backward_weight_workspace_batch16(const struct tuff_linear_backward_weight_args *args)
{
    return (uint64_t)(cpu_blocks(args->x) * panels_of(args->dweight->dims[1])) * TUFF_BATCH16_LANES *
           TUFF_BATCH16_LANES * sizeof(float);
}
