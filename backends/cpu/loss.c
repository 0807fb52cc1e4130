// Logarithm of softmax, and the mean squared error.
#include <math.h>
#include <string.h>

#include "ops.h"

struct job {
    const struct lanes_table *lanes;
    const float *first, *second;
    float *out;
    uint32_t valid;            // of the batch
    ptrdiff_t batch, features; // features: of one sample
};

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

static ptrdiff_t features_of(const struct tuff_tensor *t)
{
    return (ptrdiff_t)(tuff_tensor_elements(t) / t->dims[0]);
}

static uint32_t valid_of(const struct tuff_tensor *state)
{
    const struct tuff_step_state *s = cpu_data(state);
    return s->row.valid;
}

// How many of a block's lanes hold valid samples.
static uint32_t valid_lanes(const struct job *job, ptrdiff_t block)
{
    const ptrdiff_t left = (ptrdiff_t)job->valid - block * TUFF_BATCH16_LANES;
    return left <= 0 ? 0 : (uint32_t)smaller(left, TUFF_BATCH16_LANES);
}

// -- Logarithm of softmax.

// Chunks are blocks. The exponentials of a plain loop cost more than those of the vectors.
static void run_softmax(struct tuff_device *device, const struct tuff_tensor *x, struct job *job,
                        cpu_task *batch16, cpu_task *row_major)
{
    const uint64_t blocks = (uint64_t)cpu_blocks(x);
    const int is_batch16 = x->layout == TUFF_LAYOUT_BATCH16;
    const uint64_t work = blocks * x->dims[1] * 16 * (is_batch16 ? 2 : TUFF_BATCH16_LANES);
    cpu_parallel(device, work, blocks, is_batch16 ? batch16 : row_major, job);
}

static void log_softmax_batch16_chunk(void *context, uint64_t block, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t at = (ptrdiff_t)block * TUFF_BATCH16_LANES * job->features;
    job->lanes->log_softmax_forward(job->out + at, job->first + at, job->features);
}

static void log_softmax_row_major_chunk(void *context, uint64_t block, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t begin = (ptrdiff_t)block * TUFF_BATCH16_LANES;
    const ptrdiff_t end = smaller(begin + TUFF_BATCH16_LANES, job->batch);
    for (ptrdiff_t n = begin; n < end; n++) {
        const float *x = job->first + n * job->features;
        float *y = job->out + n * job->features;
        float greatest = x[0], sum = 0.0f;
        for (ptrdiff_t k = 1; k < job->features; k++)
            greatest = x[k] > greatest ? x[k] : greatest; // a NaN makes the sum NaN
        for (ptrdiff_t k = 0; k < job->features; k++)
            sum += expf(x[k] - greatest);
        const float log_of_sum = logf(sum);
        for (ptrdiff_t k = 0; k < job->features; k++)
            y[k] = (x[k] - greatest) - log_of_sum;
    }
}

void cpu_log_softmax_forward(struct tuff_device *device, const struct tuff_log_softmax_forward_args *args)
{
    struct job job = {
        .lanes = device->lanes,
        .first = cpu_f32(args->x),
        .out = cpu_f32(args->y),
        .batch = args->x->dims[0],
        .features = args->x->dims[1],
    };
    run_softmax(device, args->x, &job, log_softmax_batch16_chunk, log_softmax_row_major_chunk);
}

static void log_softmax_backward_batch16_chunk(void *context, uint64_t block, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t at = (ptrdiff_t)block * TUFF_BATCH16_LANES * job->features;
    job->lanes->log_softmax_backward(job->out + at, job->first + at, job->second + at, job->features);
}

static void log_softmax_backward_row_major_chunk(void *context, uint64_t block, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t begin = (ptrdiff_t)block * TUFF_BATCH16_LANES;
    const ptrdiff_t end = smaller(begin + TUFF_BATCH16_LANES, job->batch);
    for (ptrdiff_t n = begin; n < end; n++) {
        const float *dy = job->first + n * job->features, *y = job->second + n * job->features;
        float *dx = job->out + n * job->features;
        const float sum = job->lanes->sum(dy, (size_t)job->features);
        for (ptrdiff_t k = 0; k < job->features; k++)
            dx[k] = dy[k] - expf(y[k]) * sum;
    }
}

void cpu_log_softmax_backward(struct tuff_device *device, const struct tuff_log_softmax_backward_args *args)
{
    struct job job = {
        .lanes = device->lanes,
        .first = cpu_f32(args->dy),
        .second = cpu_f32(args->y),
        .out = cpu_f32(args->dx),
        .batch = args->dx->dims[0],
        .features = args->dx->dims[1],
    };
    run_softmax(device, args->dx, &job, log_softmax_backward_batch16_chunk,
                log_softmax_backward_row_major_chunk);
}

// -- Mean squared error. Chunks are blocks in BATCH16, samples in row-major order.

static void run_squared_error(struct tuff_device *device, const struct tuff_tensor *y, struct job *job,
                              cpu_task *batch16, cpu_task *row_major)
{
    const int is_batch16 = y->layout == TUFF_LAYOUT_BATCH16;
    cpu_parallel(device, tuff_tensor_stored_elements(y) / TUFF_BATCH16_LANES * 2,
                 is_batch16 ? (uint64_t)cpu_blocks(y) : y->dims[0], is_batch16 ? batch16 : row_major, job);
}

static void squared_error_batch16_chunk(void *context, uint64_t block, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t begin = (ptrdiff_t)block * TUFF_BATCH16_LANES, at = begin * job->features;
    float sums[TUFF_BATCH16_LANES];
    job->lanes->squared_distance_lanes(job->first + at, job->second + at, job->features, sums);
    const ptrdiff_t valid = valid_lanes(job, (ptrdiff_t)block);
    for (ptrdiff_t lane = 0; lane < TUFF_BATCH16_LANES && begin + lane < job->batch; lane++)
        job->out[begin + lane] = lane < valid ? sums[lane] / (float)job->features : 0.0f;
}

static void squared_error_row_major_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t n = (ptrdiff_t)chunk, at = n * job->features;
    job->out[n] = 0.0f;
    if (chunk < job->valid)
        job->out[n] = job->lanes->squared_distance(job->first + at, job->second + at, (size_t)job->features) /
                      (float)job->features;
}

void cpu_mean_squared_error_forward(struct tuff_device *device,
                                    const struct tuff_mean_squared_error_forward_args *args)
{
    struct job job = {
        .lanes = device->lanes,
        .first = cpu_f32(args->y),
        .second = cpu_f32(args->target),
        .out = cpu_f32(args->loss),
        .valid = valid_of(args->state),
        .batch = args->y->dims[0],
        .features = features_of(args->y),
    };
    run_squared_error(device, args->y, &job, squared_error_batch16_chunk, squared_error_row_major_chunk);
}

// A run of whole samples: all of a block's, or one.
static void difference(const struct job *job, ptrdiff_t at, ptrdiff_t count, uint32_t present)
{
    const float scale = (float)(2.0 / ((double)job->features * job->valid));
    if (present)
        job->lanes->scaled_difference(job->out + at, job->first + at, job->second + at, scale, (size_t)count,
                                      present);
    else
        memset(job->out + at, 0, (size_t)count * sizeof *job->out);
}

static void squared_error_backward_batch16_chunk(void *context, uint64_t block, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t count = TUFF_BATCH16_LANES * job->features;
    difference(job, (ptrdiff_t)block * count, count, valid_lanes(job, (ptrdiff_t)block));
}

static void squared_error_backward_row_major_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    difference(job, (ptrdiff_t)chunk * job->features, job->features,
               chunk < job->valid ? TUFF_BATCH16_LANES : 0);
}

void cpu_mean_squared_error_backward(struct tuff_device *device,
                                     const struct tuff_mean_squared_error_backward_args *args)
{
    struct job job = {
        .lanes = device->lanes,
        .first = cpu_f32(args->y),
        .second = cpu_f32(args->target),
        .out = cpu_f32(args->dy),
        .valid = valid_of(args->state),
        .batch = args->y->dims[0],
        .features = features_of(args->y),
    };
    run_squared_error(device, args->y, &job, squared_error_backward_batch16_chunk,
                      squared_error_backward_row_major_chunk);
}
