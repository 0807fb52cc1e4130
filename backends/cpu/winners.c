// The fused convolution's gradients from the winners of its windows, half a block of samples at a time. A
// convolution's gradients read three zeros for each gradient behind a pooling of 2 x 2, and as many again
// behind a ReLU: here none is multiplied. It takes few channels, whose weights and images stay in the cache
// while samples go by one at a time.
#include <string.h>

#include "conv2d_relu_max_pool2d.h"

// What winners_input keeps of the weights, and eight images, in floats; beyond them the parts are faster.
enum { MOST_WEIGHTS = 1 << 14, MOST_IMAGES = 1 << 16, MOST_WINDOWS = 1 << 12 };

enum { SPLIT_BLOCKS = 4 }; // of 16 samples; fewer are cut into halves for the threads

static uint64_t round_up(uint64_t floats)
{
    const uint64_t line = CPU_BUFFER_ALIGNMENT / sizeof(float);
    return (floats + line - 1) / line * line;
}

static struct lanes_half half_of(const struct cpu_conv2d *conv)
{
    struct lanes_half half = {
        .channels = conv->channels,
        .height = conv->height,
        .width = conv->width,
        .pad_top = conv->pad_top,
        .pad_left = conv->pad_left,
        .padded_height = conv->height + conv->pad_top + conv->pad_bottom,
        .padded_width = conv->width + conv->pad_left + conv->pad_right,
    };
    half.image =
        (ptrdiff_t)round_up((uint64_t)(half.padded_height * half.padded_width * half.channels + LANES_SLACK));
    return half;
}

static int takes(const struct cpu_pooled_conv *op)
{
    const struct cpu_conv2d *conv = &op->conv;
    const struct lanes_window_pool *pool = &op->pool;
    return op->z.layout == TUFF_LAYOUT_BATCH16 && conv->groups == 1 && conv->stride_h == 1 &&
           conv->stride_w == 1 && conv->dilation_h == 1 && conv->dilation_w == 1 && pool->kernel_h == 2 &&
           pool->kernel_w == 2 && pool->stride_h == 2 && pool->stride_w == 2 &&
           !cpu_conv2d_needs_padded_image(&op->params) && half_of(conv).image * LANES_HALF <= MOST_IMAGES &&
           op->pooled <= MOST_WINDOWS;
}

static ptrdiff_t weights_size(const struct tuff_device *device, const struct cpu_conv2d *conv)
{
    return device->lanes->winners_weights_size(conv->outputs, conv->channels, conv->kernel_h, conv->kernel_w);
}

int cpu_winners_take_input(const struct tuff_device *device, const struct cpu_pooled_conv *op)
{
    return takes(op) && weights_size(device, &op->conv) <= MOST_WEIGHTS;
}

int cpu_winners_take_weight(const struct tuff_device *device, const struct cpu_pooled_conv *op)
{
    (void)device;
    return takes(op);
}

struct winners_job {
    const struct lanes_table *lanes;
    const struct cpu_pooled_conv *op;
    struct lanes_half half;
    const float *dy;
    const uint8_t *winner;
    float *x;            // or dx
    const float *weight; // (K,C,KH,KW)
    float *weights;      // as winners_input reads them, of one half or of all
    uint64_t weight_floats;
    float *scratch; // of worker 0: images, then entries
    float *images;  // of all halves, where each is a chunk of its own
    uint64_t worker_floats, entries;
    float *parts; // dw and db of each part of the batch
    uint64_t part, part_count, halves;
    int with_bias;
};

static struct lanes_winners winners_of(const struct winners_job *job, uint64_t half, float *images)
{
    const struct cpu_conv2d *conv = &job->op->conv;
    const ptrdiff_t first = (ptrdiff_t)(half / 2) * conv->outputs * job->op->pooled * TUFF_BATCH16_LANES +
                            (ptrdiff_t)(half % 2) * LANES_HALF;
    return (struct lanes_winners){
        .dy = job->dy + first,
        .winner = job->winner + first,
        .images = images,
        .image = job->half.image,
        .height = job->half.padded_height,
        .width = job->half.padded_width,
        .channels = conv->channels,
        .outputs = conv->outputs,
        .pooled_h = job->op->pool.out_h,
        .pooled_w = job->op->pool.out_w,
        .kernel_h = conv->kernel_h,
        .kernel_w = conv->kernel_w,
    };
}

// A worker's images; its entries lie behind them.
static float *images_of(const struct winners_job *job, uint32_t worker, struct lanes_entries *entries)
{
    float *images = job->scratch + worker * job->worker_floats;
    entries->gradients = images + job->half.image * LANES_HALF;
    entries->places = (int32_t *)(void *)(entries->gradients + job->entries);
    return images;
}

// The half's samples; at most 0 in one that only fills up a block.
static ptrdiff_t samples_of(const struct winners_job *job, uint64_t half)
{
    const ptrdiff_t left = job->op->conv.batch - (ptrdiff_t)half * LANES_HALF;
    return left < LANES_HALF ? left : LANES_HALF;
}

static float *x_of(const struct winners_job *job, uint64_t half)
{
    const struct cpu_conv2d *conv = &job->op->conv;
    return job->x + (ptrdiff_t)(half / 2) * conv->channels * conv->height * conv->width * TUFF_BATCH16_LANES +
           (ptrdiff_t)(half % 2) * LANES_HALF;
}

static uint64_t worker_floats(const struct cpu_conv2d *conv, uint64_t entries)
{
    return (uint64_t)half_of(conv).image * LANES_HALF + 2 * entries;
}

// Multiply-adds in vectors of 16, if every window has a winner.
static uint64_t work_of(const struct cpu_pooled_conv *op)
{
    return (uint64_t)(op->conv.blocks * op->conv.outputs * op->pooled * op->conv.taps);
}

// -- Gradient of x.

static uint64_t input_entries(const struct cpu_conv2d *conv)
{
    return round_up((uint64_t)(LANES_HALF * (conv->outputs + LANES_HALF)));
}

// With few blocks, each half is a chunk of its own. Both write the same lines of dx, so that this is left to
// a second round, whose chunks are rows: a line that two processors write in turns takes longer than all that
// is computed here.
static int is_split(const struct cpu_conv2d *conv)
{
    return conv->blocks < SPLIT_BLOCKS;
}

static uint64_t all_weights(const struct tuff_device *device, const struct cpu_conv2d *conv)
{
    return round_up((uint64_t)weights_size(device, conv)) * (is_split(conv) ? 2 * (uint64_t)conv->blocks : 1);
}

static float *half_images(const struct winners_job *job, uint64_t half)
{
    return job->images + half * (uint64_t)(job->half.image * LANES_HALF);
}

static void make_weights(const struct winners_job *job, float *weights)
{
    const struct cpu_conv2d *conv = &job->op->conv;
    job->lanes->winners_weights(job->weight, conv->outputs, conv->channels, conv->kernel_h, conv->kernel_w,
                                weights);
}

static void input_half(const struct winners_job *job, uint64_t half, const float *weights, float *images,
                       const struct lanes_entries *entries)
{
    const struct lanes_winners w = winners_of(job, half, images);
    memset(images, 0, (size_t)(job->half.image * LANES_HALF) * sizeof *images);
    job->lanes->winners_input(&w, weights, samples_of(job, half), entries);
}

static void input_half_chunk(void *context, uint64_t half, uint32_t worker)
{
    const struct winners_job *job = context;
    struct lanes_entries entries;
    images_of(job, worker, &entries);
    // Of its own: to make them takes less time than to have them from another processor's cache.
    float *weights = job->weights + half * job->weight_floats;
    make_weights(job, weights);
    input_half(job, half, weights, half_images(job, half), &entries);
}

// Chunks are numbered block, row; the last fastest.
static void input_row_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct winners_job *job = context;
    const uint64_t height = (uint64_t)job->op->conv.height, block = chunk / height;
    const ptrdiff_t row = (ptrdiff_t)(chunk % height);
    for (uint64_t half = 2 * block; half < 2 * block + 2; half++)
        job->lanes->scatter_half(half_images(job, half), &job->half, row, row + 1, x_of(job, half));
}

static void input_block_chunk(void *context, uint64_t block, uint32_t worker)
{
    const struct winners_job *job = context;
    struct lanes_entries entries;
    float *images = images_of(job, worker, &entries);
    for (uint64_t half = 2 * block; half < 2 * block + 2; half++) {
        input_half(job, half, job->weights, images, &entries);
        job->lanes->scatter_half(images, &job->half, 0, job->op->conv.height, x_of(job, half));
    }
}

void cpu_winners_backward_input(struct tuff_device *device, const struct cpu_pooled_conv *op,
                                const struct tuff_conv2d_relu_max_pool2d_backward_input_args *args)
{
    const struct cpu_conv2d *conv = &op->conv;
    struct winners_job job = {
        .lanes = device->lanes,
        .op = op,
        .half = half_of(conv),
        .dy = cpu_f32(args->dy),
        .winner = cpu_data(args->winner),
        .x = cpu_f32(args->dx),
        .weight = cpu_f32(args->weight),
        .weights = cpu_f32(args->workspace),
        .weight_floats = round_up((uint64_t)weights_size(device, conv)),
        .scratch = cpu_f32(args->workspace) + all_weights(device, conv),
        .worker_floats = worker_floats(conv, input_entries(conv)),
        .entries = input_entries(conv),
    };
    job.images = job.scratch + cpu_pool_threads(device->pool) * job.worker_floats;
    if (is_split(conv)) {
        cpu_parallel(device, work_of(op), 2 * (uint64_t)conv->blocks, input_half_chunk, &job);
        cpu_parallel(device, (uint64_t)(conv->blocks * conv->channels * conv->height * conv->width),
                     (uint64_t)(conv->blocks * conv->height), input_row_chunk, &job);
    } else {
        make_weights(&job, job.weights);
        cpu_parallel(device, work_of(op), (uint64_t)conv->blocks, input_block_chunk, &job);
    }
}

uint64_t cpu_winners_input_workspace(struct tuff_device *device, const struct cpu_pooled_conv *op)
{
    const struct cpu_conv2d *conv = &op->conv;
    const uint64_t images =
        is_split(conv) ? (uint64_t)(2 * conv->blocks * half_of(conv).image * LANES_HALF) : 0;
    return (all_weights(device, conv) +
            cpu_pool_threads(device->pool) * worker_floats(conv, input_entries(conv)) + images) *
           sizeof(float);
}

// -- Gradients of weight and bias.

enum { MOST_PARTS = 32 }; // of the batch, each with sums of its own

static uint64_t weight_entries(const struct cpu_pooled_conv *op)
{
    return round_up((uint64_t)(LANES_HALF * (op->pooled + 1)));
}

static uint64_t part_floats(const struct cpu_conv2d *conv)
{
    return round_up((uint64_t)(conv->outputs * (conv->taps + 1)));
}

static uint64_t halves_of(const struct cpu_conv2d *conv)
{
    return ((uint64_t)conv->batch + LANES_HALF - 1) / LANES_HALF;
}

// Whether the lanes stay samples (winners_plane.c).
static int is_plane(const struct lanes_table *lanes, const struct cpu_conv2d *conv)
{
    return lanes->winners_plane && conv->channels == 1 && conv->kernel_h == 3 && conv->kernel_w == 3 &&
           (conv->pad_top | conv->pad_bottom | conv->pad_left | conv->pad_right) == 0;
}

static uint64_t parts_of(const struct lanes_table *lanes, const struct cpu_conv2d *conv)
{
    const uint64_t pieces = is_plane(lanes, conv) ? (uint64_t)conv->blocks : halves_of(conv);
    return pieces < MOST_PARTS ? pieces : MOST_PARTS;
}

static void weight_chunk(void *context, uint64_t part, uint32_t worker)
{
    const struct winners_job *job = context;
    const struct cpu_conv2d *conv = &job->op->conv;
    struct lanes_entries entries;
    float *images = images_of(job, worker, &entries), *dw = job->parts + part * job->part;
    memset(dw, 0, job->part * sizeof *dw);
    for (uint64_t half = job->halves * part / job->part_count;
         half < job->halves * (part + 1) / job->part_count; half++) {
        const struct lanes_winners w = winners_of(job, half, images);
        job->lanes->gather_half(x_of(job, half), &job->half, images);
        job->lanes->winners_weight(&w, samples_of(job, half), &entries, dw,
                                   job->with_bias ? dw + conv->outputs * conv->taps : NULL);
    }
}

static void plane_chunk(void *context, uint64_t part, uint32_t worker)
{
    (void)worker;
    const struct winners_job *job = context;
    const struct cpu_conv2d *conv = &job->op->conv;
    float *dw = job->parts + part * job->part;
    memset(dw, 0, job->part * sizeof *dw);
    const uint64_t blocks = (uint64_t)conv->blocks;
    for (uint64_t block = blocks * part / job->part_count; block < blocks * (part + 1) / job->part_count;
         block++) {
        const struct lanes_winners whole = winners_of(job, 2 * block, NULL);
        job->lanes->winners_plane(
            &(struct lanes_plane){
                .x = x_of(job, 2 * block),
                .dy = whole.dy,
                .winner = whole.winner,
                .width = conv->width,
                .outputs = conv->outputs,
                .pooled_h = whole.pooled_h,
                .pooled_w = whole.pooled_w,
            },
            dw, job->with_bias ? dw + conv->outputs * conv->taps : NULL);
    }
}

void cpu_winners_backward_weight(struct tuff_device *device, const struct cpu_pooled_conv *op,
                                 const struct tuff_conv2d_relu_max_pool2d_backward_weight_args *args)
{
    const struct cpu_conv2d *conv = &op->conv;
    struct winners_job job = {
        .lanes = device->lanes,
        .op = op,
        .half = half_of(conv),
        .dy = cpu_f32(args->dy),
        .winner = cpu_data(args->winner),
        .x = cpu_f32(args->x),
        .worker_floats = worker_floats(conv, weight_entries(op)),
        .entries = weight_entries(op),
        .parts = cpu_f32(args->workspace),
        .part = part_floats(conv),
        .part_count = parts_of(device->lanes, conv),
        .halves = halves_of(conv),
        .with_bias = args->dbias != NULL,
    };
    job.scratch = job.parts + job.part_count * job.part;
    cpu_parallel(device, work_of(op), job.part_count,
                 is_plane(device->lanes, conv) ? plane_chunk : weight_chunk, &job);
    const size_t weights = (size_t)(conv->outputs * conv->taps);
    device->lanes->sum_parts(cpu_f32(args->dweight), job.parts, (ptrdiff_t)job.part, job.part_count, weights);
    if (args->dbias)
        device->lanes->sum_parts(cpu_f32(args->dbias), job.parts + weights, (ptrdiff_t)job.part,
                                 job.part_count, (size_t)conv->outputs);
}

uint64_t cpu_winners_weight_workspace(struct tuff_device *device, const struct cpu_pooled_conv *op)
{
    return (parts_of(device->lanes, &op->conv) * part_floats(&op->conv) +
            cpu_pool_threads(device->pool) * worker_floats(&op->conv, weight_entries(op))) *
           sizeof(float);
}
