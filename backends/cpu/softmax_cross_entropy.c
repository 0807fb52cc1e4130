// Softmax cross-entropy. Chunks are blocks of 16 samples in either layout.
#include <math.h>

#include "ops.h"

struct job {
    const struct lanes_table *lanes;
    struct lanes_smoothing smoothing;
    const float *logits;
    const uint32_t *labels;
    uint32_t valid;   // of the batch
    ptrdiff_t stored; // elements of loss and correct that are stored
    ptrdiff_t batch, classes;
    float *loss;
    uint32_t *correct;
    float *dlogits;
    float scale; // of dlogits
};

static struct lanes_smoothing smoothing_of(const struct tuff_softmax_cross_entropy_params *params,
                                           const struct tuff_tensor *logits)
{
    const double smoothing = (double)params->label_smoothing;
    return (struct lanes_smoothing){(float)(1 - smoothing), (float)(smoothing / logits->dims[1])};
}

// How many of a block's lanes hold valid samples.
static uint32_t valid_lanes(const struct job *job, uint64_t block)
{
    const uint64_t first = block * TUFF_BATCH16_LANES;
    if (job->valid <= first)
        return 0;
    return job->valid - first < TUFF_BATCH16_LANES ? (uint32_t)(job->valid - first) : TUFF_BATCH16_LANES;
}

static ptrdiff_t smaller(ptrdiff_t a, ptrdiff_t b)
{
    return a < b ? a : b;
}

// The greatest logit; NaN if one is, and then it equals none.
static float greatest(const float *logits, ptrdiff_t classes)
{
    float best = logits[0];
    for (ptrdiff_t k = 1; k < classes; k++) {
        if (!(logits[k] <= best) && !isnan(best))
            best = logits[k];
    }
    return best;
}

static float sum_of_distances(const float *logits, ptrdiff_t classes, float best)
{
    float sum = 0.0f;
    for (ptrdiff_t k = 0; k < classes; k++)
        sum += logits[k] - best;
    return sum;
}

static void run(struct tuff_device *device, const struct tuff_tensor *logits, const struct job *job,
                cpu_task *batch16, cpu_task *row_major)
{
    const uint64_t blocks = (uint64_t)cpu_blocks(logits);
    const int is_batch16 = logits->layout == TUFF_LAYOUT_BATCH16;
    const uint64_t work = blocks * logits->dims[1] * 16 * (is_batch16 ? 2 : TUFF_BATCH16_LANES);
    cpu_parallel(device, work, blocks, is_batch16 ? batch16 : row_major, (void *)(uintptr_t)job);
}

// -- Forward.

static void forward_batch16_chunk(void *context, uint64_t block, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t first = (ptrdiff_t)block * TUFF_BATCH16_LANES;
    float loss[TUFF_BATCH16_LANES];
    uint32_t correct[TUFF_BATCH16_LANES];
    job->lanes->cross_entropy_forward(job->logits + first * job->classes, job->labels + first, job->classes,
                                      valid_lanes(job, block), &job->smoothing, loss, correct);
    const ptrdiff_t end = smaller(job->stored - first, TUFF_BATCH16_LANES);
    for (ptrdiff_t lane = 0; lane < end; lane++) {
        job->loss[first + lane] = loss[lane];
        job->correct[first + lane] = correct[lane];
    }
}

static void forward_row_major_chunk(void *context, uint64_t block, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t first = (ptrdiff_t)block * TUFF_BATCH16_LANES;
    const ptrdiff_t end = smaller(first + TUFF_BATCH16_LANES, job->stored);
    for (ptrdiff_t n = first; n < end; n++) {
        job->loss[n] = 0.0f;
        job->correct[n] = 0;
        if (n >= job->valid)
            continue;
        const float *z = job->logits + n * job->classes;
        const float m = greatest(z, job->classes);
        float sum = 0.0f;
        ptrdiff_t guess = -1;
        for (ptrdiff_t k = 0; k < job->classes; k++) {
            sum += expf(z[k] - m);
            if (guess < 0 && z[k] == m)
                guess = k;
        }
        const float label_distance = z[job->labels[n]] - m;
        if (job->smoothing.share != 0)
            job->loss[n] = logf(sum) - job->smoothing.rest * label_distance -
                           job->smoothing.share * sum_of_distances(z, job->classes, m);
        else
            job->loss[n] = logf(sum) - label_distance;
        job->correct[n] = guess == (ptrdiff_t)job->labels[n];
    }
}

void cpu_softmax_cross_entropy_forward(struct tuff_device *device,
                                       const struct tuff_softmax_cross_entropy_forward_args *args)
{
    const struct tuff_step_state *state = cpu_data(args->state);
    const struct job job = {
        .lanes = device->lanes,
        .smoothing = smoothing_of(args->params, args->logits),
        .logits = cpu_f32(args->logits),
        .labels = cpu_u32(args->labels),
        .valid = state->row.valid,
        .stored = (ptrdiff_t)tuff_tensor_stored_elements(args->loss),
        .batch = args->logits->dims[0],
        .classes = args->logits->dims[1],
        .loss = cpu_f32(args->loss),
        .correct = cpu_u32(args->correct),
    };
    run(device, args->logits, &job, forward_batch16_chunk, forward_row_major_chunk);
}

// -- Backward.

static void backward_batch16_chunk(void *context, uint64_t block, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t first = (ptrdiff_t)block * TUFF_BATCH16_LANES;
    job->lanes->cross_entropy_backward(job->logits + first * job->classes, job->labels + first, job->classes,
                                       valid_lanes(job, block), &job->smoothing, job->scale,
                                       job->dlogits + first * job->classes);
}

static void backward_row_major_chunk(void *context, uint64_t block, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t first = (ptrdiff_t)block * TUFF_BATCH16_LANES;
    const ptrdiff_t end = smaller(first + TUFF_BATCH16_LANES, job->batch);
    const float at_label = job->smoothing.rest + job->smoothing.share;
    for (ptrdiff_t n = first; n < end; n++) {
        const float *z = job->logits + n * job->classes;
        float *d = job->dlogits + n * job->classes;
        const float m = greatest(z, job->classes);
        float sum = 0.0f;
        for (ptrdiff_t k = 0; k < job->classes; k++) {
            d[k] = expf(z[k] - m);
            sum += d[k];
        }
        for (ptrdiff_t k = 0; k < job->classes; k++) {
            const float target =
                n < job->valid && k == (ptrdiff_t)job->labels[n] ? at_label : job->smoothing.share;
            d[k] = n < job->valid ? (d[k] / sum - target) * job->scale : 0.0f;
        }
    }
}

void cpu_softmax_cross_entropy_backward(struct tuff_device *device,
                                        const struct tuff_softmax_cross_entropy_backward_args *args)
{
    const struct tuff_step_state *state = cpu_data(args->state);
    const struct job job = {
        .lanes = device->lanes,
        .smoothing = smoothing_of(args->params, args->logits),
        .logits = cpu_f32(args->logits),
        .labels = cpu_u32(args->labels),
        .valid = state->row.valid,
        .batch = args->logits->dims[0],
        .classes = args->logits->dims[1],
        .dlogits = cpu_f32(args->dlogits),
        .scale = tuff_step_loss_scale(state) / (float)state->row.valid,
    };
    run(device, args->logits, &job, backward_batch16_chunk, backward_row_major_chunk);
}
