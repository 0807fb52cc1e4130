// Fully connected layer with the batch in the vector lanes.
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

void cpu_linear_forward_batch16(struct tuff_device *device, const struct tuff_linear_forward_args *args)
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
    };
    run_product(device, p, outputs);
}

// -- Gradient of the input.

// A large weight is transposed first if enough blocks then use it: a column's elements lie pages apart.
enum { TRANSPOSE_BLOCKS = 8, TRANSPOSE_WEIGHTS = 1 << 20 };

static int is_weight_transposed(ptrdiff_t blocks, const struct tuff_tensor *weight)
{
    return blocks >= TRANSPOSE_BLOCKS && tuff_tensor_elements(weight) >= TRANSPOSE_WEIGHTS;
}

struct transpose_job {
    const struct lanes_table *lanes;
    const float *weight;
    float *transposed;
    ptrdiff_t outputs, inputs;
};

enum { TRANSPOSE_ROWS = 64 }; // of the transposed weight, per chunk

static void transpose_weight_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct transpose_job *job = context;
    const ptrdiff_t begin = (ptrdiff_t)chunk * TRANSPOSE_ROWS, rest = job->inputs - begin;
    job->lanes->transpose(job->weight + begin, job->inputs, job->outputs,
                          rest < TRANSPOSE_ROWS ? rest : TRANSPOSE_ROWS,
                          job->transposed + begin * job->outputs, job->outputs);
}

void cpu_linear_backward_input_batch16(struct tuff_device *device,
                                       const struct tuff_linear_backward_input_args *args)
{
    const ptrdiff_t outputs = args->weight->dims[0], inputs = args->weight->dims[1];
    struct lanes_product p = {
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
    if (is_weight_transposed(p.blocks, args->weight)) {
        struct transpose_job job = {device->lanes, p.w, cpu_f32(args->workspace), outputs, inputs};
        cpu_parallel(device, (uint64_t)(outputs * inputs) / 8,
                     ((uint64_t)inputs + TRANSPOSE_ROWS - 1) / TRANSPOSE_ROWS, transpose_weight_chunk, &job);
        p.w = job.transposed;
        p.w_out = outputs;
        p.w_in = 1;
    }
    run_product(device, p, inputs);
}

uint64_t cpu_linear_backward_input_workspace_batch16(const struct tuff_linear_backward_input_args *args)
{
    return is_weight_transposed(cpu_blocks(args->dy), args->weight) ? tuff_tensor_bytes(args->weight) : 0;
}

// -- Weight gradient: x transposed to [n][i] in the workspace, then an outer product with lanes along i.

struct gradient_job {
    const struct lanes_table *lanes;
    const float *x;
    float *xt;
    struct lanes_outer_product product;
    float *dbias;
    uint64_t outputs, tiles;
    uint64_t bands; // of inputs in the transposition, per block
};

// Floats from one row of the transposed x to the next: whole vectors.
static uint64_t transposed_row(uint64_t inputs)
{
    return (inputs + TUFF_BATCH16_LANES - 1) / TUFF_BATCH16_LANES * TUFF_BATCH16_LANES;
}

enum { TRANSPOSE_BAND = 512 }; // inputs

static void transpose_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct gradient_job *job = context;
    const ptrdiff_t inputs = job->product.inputs, row = job->product.xt_row;
    const ptrdiff_t block = (ptrdiff_t)(chunk / job->bands);
    const ptrdiff_t begin = (ptrdiff_t)(chunk % job->bands) * TRANSPOSE_BAND;
    const ptrdiff_t count = inputs - begin < TRANSPOSE_BAND ? inputs - begin : TRANSPOSE_BAND;
    float *to = job->xt + block * TUFF_BATCH16_LANES * row + begin;
    job->lanes->transpose(job->x + (block * inputs + begin) * TUFF_BATCH16_LANES, TUFF_BATCH16_LANES, count,
                          TUFF_BATCH16_LANES, to, row);
    if (begin + count < inputs)
        return;
    // The rest of the last vector is multiplied too, though its products are not kept.
    for (ptrdiff_t n = 0; n < TUFF_BATCH16_LANES; n++) {
        for (ptrdiff_t i = inputs; i < row; i++)
            job->xt[(block * TUFF_BATCH16_LANES + n) * row + i] = 0.0f;
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
        .bands = ((uint64_t)inputs + TRANSPOSE_BAND - 1) / TRANSPOSE_BAND,
    };
    job.product = (struct lanes_outer_product){
        .dy = cpu_f32(args->dy),
        .xt = job.xt,
        .dw = cpu_f32(args->dweight),
        .samples = blocks * TUFF_BATCH16_LANES,
        .inputs = inputs,
        .dy_block = outputs * TUFF_BATCH16_LANES,
        .xt_row = (ptrdiff_t)transposed_row((uint64_t)inputs),
    };
    cpu_parallel(device, (uint64_t)(blocks * inputs), (uint64_t)blocks * job.bands, transpose_chunk, &job);

    const uint64_t work = (uint64_t)(blocks * inputs) * (uint64_t)outputs;
    const uint64_t tile = (uint64_t)device->lanes->outer_outputs;
    job.tiles = cpu_chunks(work, (job.outputs + tile - 1) / tile);
    cpu_parallel(device, work, job.tiles, outer_chunk, &job);
}

uint64_t cpu_linear_backward_weight_workspace_batch16(const struct tuff_linear_backward_weight_args *args)
{
    return (uint64_t)cpu_blocks(args->x) * TUFF_BATCH16_LANES * transposed_row(args->dweight->dims[1]) *
           sizeof(float);
}
