// Batch normalization of planes: one channel of one sample, or of one block of 16. Each plane leaves its sums
// in the workspace; those of a channel are then put together in double, in the order of the batch.
//
// With many channels a chunk is a channel: its planes are still in the cache when they are read again. With
// few, planes are chunks, or there would not be enough of them to go round.
#include <math.h>
#include <string.h>

#include "ops.h"

struct job {
    const struct lanes_table *lanes;
    const float *x, *dy;
    const float *forward_y;    // NULL: there was no ReLU
    float *out;                // y or dx
    size_t plane;              // floats
    ptrdiff_t channels, batch; // batch: in samples, or in blocks
    uint32_t valid, is_batch16;
    int relu;       // behind forward
    float *partial; // two floats per plane
    float *mean, *inverse, *running_mean, *running_variance;
    const float *weight, *bias; // NULL: 1 and 0
    float *dweight, *dbias;
    float epsilon, momentum;
    cpu_task *sums, *totals, *results; // of a plane, a channel and a plane, where chunks are channels
};

enum { LEAST_CHANNELS = 16 };

static struct job job_of(const struct tuff_device *device, const struct tuff_tensor *x, uint32_t valid)
{
    const uint32_t is_batch16 = x->layout == TUFF_LAYOUT_BATCH16;
    return (struct job){
        .lanes = device->lanes,
        .x = cpu_f32(x),
        .plane = (size_t)x->dims[2] * x->dims[3] * (is_batch16 ? TUFF_BATCH16_LANES : 1),
        .channels = x->dims[1],
        .batch = is_batch16 ? cpu_blocks(x) : (ptrdiff_t)x->dims[0],
        .valid = valid,
        .is_batch16 = is_batch16,
    };
}

static uint32_t valid_of(const struct tuff_tensor *state)
{
    const struct tuff_step_state *s = cpu_data(state);
    return s->row.valid;
}

static const float *optional(const struct tuff_tensor *tensor)
{
    return tensor ? cpu_f32(tensor) : NULL;
}

// How many lanes of each 16 floats of the sample or block number n are there: 0 to 16.
static uint32_t present_of(const struct job *job, ptrdiff_t n)
{
    if (!job->is_batch16)
        return n < (ptrdiff_t)job->valid ? TUFF_BATCH16_LANES : 0;
    const ptrdiff_t left = (ptrdiff_t)job->valid - n * TUFF_BATCH16_LANES;
    return left <= 0 ? 0 : left < TUFF_BATCH16_LANES ? (uint32_t)left : TUFF_BATCH16_LANES;
}

// How many elements that is in a plane.
static double elements_of(const struct job *job, uint32_t present)
{
    return (double)job->plane * present / TUFF_BATCH16_LANES;
}

// The channel's first element, of sample 0, which is always there: near enough to all others.
static float shift_of(const struct job *job, ptrdiff_t channel)
{
    return job->x[(size_t)channel * job->plane];
}

static double elements_of_channel(const struct job *job)
{
    return (double)job->valid * (double)job->plane / (job->is_batch16 ? TUFF_BATCH16_LANES : 1);
}

static void run_planes(struct tuff_device *device, struct job *job, uint64_t weight, cpu_task *task)
{
    const uint64_t planes = (uint64_t)(job->batch * job->channels);
    cpu_parallel(device, planes * (job->plane / TUFF_BATCH16_LANES + 1) * weight, planes, task, job);
}

static void channel_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    const struct job *job = context;
    const uint64_t channels = (uint64_t)job->channels, batch = (uint64_t)job->batch;
    for (uint64_t n = 0; n < batch; n++)
        job->sums(context, n * channels + chunk, worker);
    job->totals(context, chunk, worker);
    // From the last that was read, which is the likeliest to be in the cache.
    for (uint64_t n = batch; n > 0; n--)
        job->results(context, (n - 1) * channels + chunk, worker);
}

static void run_channels(struct tuff_device *device, struct job *job, cpu_task *task)
{
    cpu_parallel(device, (uint64_t)(job->batch * job->channels), (uint64_t)job->channels, task, job);
}

// Sums of each plane, totals of each channel, results of each plane.
static void run_passes(struct tuff_device *device, struct job *job, cpu_task *sums, cpu_task *totals,
                       cpu_task *results)
{
    if (job->channels >= LEAST_CHANNELS) {
        job->sums = sums;
        job->totals = totals;
        job->results = results;
        const uint64_t planes = (uint64_t)(job->batch * job->channels);
        cpu_parallel(device, planes * (job->plane / TUFF_BATCH16_LANES + 1) * 4, (uint64_t)job->channels,
                     channel_chunk, job);
        return;
    }
    run_planes(device, job, 2, sums);
    run_channels(device, job, totals);
    run_planes(device, job, 2, results);
}

static uint64_t workspace_of(const struct tuff_tensor *x)
{
    const uint64_t batch = x->layout == TUFF_LAYOUT_BATCH16 ? (uint64_t)cpu_blocks(x) : x->dims[0];
    return batch * x->dims[1] * 2 * sizeof(float);
}

// -- Forward.

static void moments_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const uint32_t present = present_of(job, (ptrdiff_t)chunk / job->channels);
    if (present)
        job->lanes->moments(job->x + chunk * job->plane, job->plane, present,
                            shift_of(job, (ptrdiff_t)chunk % job->channels), job->partial + 2 * chunk,
                            job->partial + 2 * chunk + 1);
}

// The squared deviations from the channel's mean are those from each plane's own mean, and those of the
// planes' means.
static void statistics_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t c = (ptrdiff_t)chunk;
    const double count = elements_of_channel(job), momentum = (double)job->momentum;
    double mean = 0, squares = 0;
    for (ptrdiff_t n = 0; n < job->batch; n++) {
        const uint32_t present = present_of(job, n);
        if (present)
            mean += elements_of(job, present) * (double)job->partial[2 * (n * job->channels + c)];
    }
    mean /= count; // of x - shift
    for (ptrdiff_t n = 0; n < job->batch; n++) {
        const uint32_t present = present_of(job, n);
        if (!present)
            continue;
        const float *partial = job->partial + 2 * (n * job->channels + c);
        const double distance = (double)partial[0] - mean;
        squares += (double)partial[1] + elements_of(job, present) * distance * distance;
    }
    mean += (double)shift_of(job, c);
    const double variance = squares / count;
    job->mean[c] = (float)mean;
    job->inverse[c] = (float)(1 / sqrt(variance + (double)job->epsilon));
    const double unbiased = count > 1 ? squares / (count - 1) : 0;
    if (!isfinite((float)mean) || !isfinite((float)unbiased))
        return;
    job->running_mean[c] = (float)((1 - momentum) * (double)job->running_mean[c] + momentum * mean);
    if (count > 1)
        job->running_variance[c] =
            (float)((1 - momentum) * (double)job->running_variance[c] + momentum * unbiased);
}

static void normalize_plane(const struct job *job, uint64_t chunk, float mean, float inverse)
{
    const ptrdiff_t c = (ptrdiff_t)chunk % job->channels;
    const uint32_t present = present_of(job, (ptrdiff_t)chunk / job->channels);
    float *y = job->out + chunk * job->plane;
    if (!present) {
        memset(y, 0, job->plane * sizeof *y);
        return;
    }
    const struct lanes_normalize normalize = {
        .mean = mean,
        .scale = job->weight ? inverse * job->weight[c] : inverse,
        .offset = job->bias ? job->bias[c] : 0.0f,
        .relu = job->relu,
    };
    job->lanes->normalize(y, job->x + chunk * job->plane, job->plane, present, &normalize);
}

static void train_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t c = (ptrdiff_t)chunk % job->channels;
    normalize_plane(job, chunk, job->mean[c], job->inverse[c]);
}

static void train(struct tuff_device *device, const struct tuff_batch_norm2d_train_args *args, int relu)
{
    struct job job = job_of(device, args->x, valid_of(args->state));
    job.relu = relu;
    job.out = cpu_f32(args->y);
    job.partial = cpu_f32(args->workspace);
    job.mean = cpu_f32(args->mean);
    job.inverse = cpu_f32(args->inverse);
    job.running_mean = cpu_f32(args->running_mean);
    job.running_variance = cpu_f32(args->running_variance);
    job.weight = optional(args->weight);
    job.bias = optional(args->bias);
    job.epsilon = args->params->epsilon;
    job.momentum = args->params->momentum;
    run_passes(device, &job, moments_chunk, statistics_chunk, train_chunk);
}

void cpu_batch_norm2d_train(struct tuff_device *device, const struct tuff_batch_norm2d_train_args *args)
{
    train(device, args, 0);
}

uint64_t cpu_batch_norm2d_train_workspace(struct tuff_device *device,
                                          const struct tuff_batch_norm2d_train_args *args)
{
    (void)device;
    return workspace_of(args->x);
}

void cpu_batch_norm2d_relu_train(struct tuff_device *device,
                                 const struct tuff_batch_norm2d_relu_train_args *args)
{
    const struct tuff_batch_norm2d_train_args norm = {
        .size = sizeof norm,
        .params = args->params,
        .workspace = args->workspace,
        .y = args->y,
        .mean = args->mean,
        .inverse = args->inverse,
        .running_mean = args->running_mean,
        .running_variance = args->running_variance,
        .x = args->x,
        .weight = args->weight,
        .bias = args->bias,
        .state = args->state,
    };
    train(device, &norm, 1);
}

uint64_t cpu_batch_norm2d_relu_train_workspace(struct tuff_device *device,
                                               const struct tuff_batch_norm2d_relu_train_args *args)
{
    (void)device;
    return workspace_of(args->x);
}

static void eval_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t c = (ptrdiff_t)chunk % job->channels;
    normalize_plane(job, chunk, job->running_mean[c], 1.0f / sqrtf(job->running_variance[c] + job->epsilon));
}

static void eval(struct tuff_device *device, const struct tuff_batch_norm2d_eval_args *args, int relu)
{
    // Padding lanes are computed like samples, so none is absent.
    struct job job = job_of(device, args->x, 0);
    job.relu = relu;
    job.valid = (uint32_t)job.batch * (job.is_batch16 ? TUFF_BATCH16_LANES : 1);
    job.out = cpu_f32(args->y); // may be x
    job.running_mean = cpu_f32(args->running_mean);
    job.running_variance = cpu_f32(args->running_variance);
    job.weight = optional(args->weight);
    job.bias = optional(args->bias);
    job.epsilon = args->params->epsilon;
    run_planes(device, &job, 2, eval_chunk);
}

void cpu_batch_norm2d_eval(struct tuff_device *device, const struct tuff_batch_norm2d_eval_args *args)
{
    eval(device, args, 0);
}

void cpu_batch_norm2d_relu_eval(struct tuff_device *device,
                                const struct tuff_batch_norm2d_relu_eval_args *args)
{
    const struct tuff_batch_norm2d_eval_args norm = {
        .size = sizeof norm,
        .params = args->params,
        .y = args->y,
        .x = args->x,
        .running_mean = args->running_mean,
        .running_variance = args->running_variance,
        .weight = args->weight,
        .bias = args->bias,
    };
    eval(device, &norm, 1);
}

// -- Backward.

// What the plane's ReLU let through, NULL if it has none.
static const float *rectified_plane(const struct job *job, uint64_t chunk)
{
    return job->forward_y ? job->forward_y + chunk * job->plane : NULL;
}

static void gradient_sums_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const uint32_t present = present_of(job, (ptrdiff_t)chunk / job->channels);
    if (present)
        job->lanes->normalize_sums(job->dy + chunk * job->plane, job->x + chunk * job->plane, job->plane,
                                   present, job->mean[(ptrdiff_t)chunk % job->channels],
                                   rectified_plane(job, chunk), job->partial + 2 * chunk,
                                   job->partial + 2 * chunk + 1);
}

static void gradient_totals_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t c = (ptrdiff_t)chunk;
    double sum = 0, product = 0;
    for (ptrdiff_t n = 0; n < job->batch && present_of(job, n); n++) {
        sum += (double)job->partial[2 * (n * job->channels + c)];
        product += (double)job->partial[2 * (n * job->channels + c) + 1];
    }
    job->dbias[c] = (float)sum;
    job->dweight[c] = (float)(product * (double)job->inverse[c]);
}

static void backward_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t c = (ptrdiff_t)chunk % job->channels;
    const uint32_t present = present_of(job, (ptrdiff_t)chunk / job->channels);
    float *dx = job->out + chunk * job->plane;
    if (!present) {
        memset(dx, 0, job->plane * sizeof *dx);
        return;
    }
    const float count = (float)elements_of_channel(job);
    const struct lanes_normalize_backward normalize = {
        .mean = job->mean[c],
        .scale = job->weight ? job->weight[c] * job->inverse[c] : job->inverse[c],
        .offset = job->dbias[c] / count,
        .slope = job->inverse[c] * (job->dweight[c] / count),
    };
    job->lanes->normalize_backward(dx, job->dy + chunk * job->plane, job->x + chunk * job->plane, job->plane,
                                   present, rectified_plane(job, chunk), &normalize);
}

static void backward(struct tuff_device *device, const struct tuff_batch_norm2d_backward_args *args,
                     const float *forward_y)
{
    struct job job = job_of(device, args->x, valid_of(args->state));
    job.forward_y = forward_y;
    job.dy = cpu_f32(args->dy);
    job.out = cpu_f32(args->dx);
    job.partial = cpu_f32(args->workspace);
    job.mean = cpu_f32(args->mean);
    job.inverse = cpu_f32(args->inverse);
    job.weight = optional(args->weight);
    job.dweight = cpu_f32(args->dweight);
    job.dbias = cpu_f32(args->dbias);
    run_passes(device, &job, gradient_sums_chunk, gradient_totals_chunk, backward_chunk);
}

void cpu_batch_norm2d_backward(struct tuff_device *device, const struct tuff_batch_norm2d_backward_args *args)
{
    backward(device, args, NULL);
}

uint64_t cpu_batch_norm2d_backward_workspace(struct tuff_device *device,
                                             const struct tuff_batch_norm2d_backward_args *args)
{
    (void)device;
    return workspace_of(args->x);
}

void cpu_batch_norm2d_relu_backward(struct tuff_device *device,
                                    const struct tuff_batch_norm2d_relu_backward_args *args)
{
    const struct tuff_batch_norm2d_backward_args norm = {
        .size = sizeof norm,
        .workspace = args->workspace,
        .dx = args->dx,
        .dweight = args->dweight,
        .dbias = args->dbias,
        .dy = args->dy,
        .x = args->x,
        .mean = args->mean,
        .inverse = args->inverse,
        .weight = args->weight,
        .state = args->state,
    };
    backward(device, &norm, cpu_f32(args->y));
}

uint64_t cpu_batch_norm2d_relu_backward_workspace(struct tuff_device *device,
                                                  const struct tuff_batch_norm2d_relu_backward_args *args)
{
    (void)device;
    return workspace_of(args->x);
}
