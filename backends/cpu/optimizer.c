// adam, sgd, gradient_norm, gradient_clip, moving_average, gradient_accumulate
#include <float.h>
#include <math.h>

#include "elementwise.h"
#include "ops.h"

struct adam_job {
    const struct lanes_table *lanes;
    struct lanes_adam settings;
    float *parameters, *m, *v;
    const float *gradients;
    uint64_t elements;
};

static void adam_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct adam_job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->adam(&job->settings, job->parameters + begin, job->m + begin, job->v + begin,
                     job->gradients + begin, count);
}

void cpu_adam(struct tuff_device *device, const struct tuff_adam_args *args)
{
    const struct tuff_step_state *state = cpu_data(args->state);
    const struct tuff_adam_params *params = args->params;
    const uint64_t elements = tuff_tensor_elements(args->parameters);
    const float learning_rate = state->row.learning_rate * tuff_rate_factor(params->rate_factor);
    struct adam_job job = {
        .lanes = device->lanes,
        .settings =
            {
                .beta1 = (float)params->beta1,
                .one_minus_beta1 = (float)(1.0 - params->beta1),
                .beta2 = (float)params->beta2,
                .one_minus_beta2 = (float)(1.0 - params->beta2),
                .step_size = learning_rate / state->row.bias_correction1,
                .reciprocal_correction2_sqrt = 1.0f / state->row.bias_correction2_sqrt,
                .epsilon = (float)params->epsilon,
                .weight_decay = params->decoupled ? 0.0f : (float)params->weight_decay,
                .decay = params->decoupled ? (float)((double)learning_rate * params->weight_decay) : 0.0f,
            },
        .parameters = cpu_f32(args->parameters),
        .m = cpu_f32(args->moments),
        .v = cpu_f32(args->moments) + elements,
        .gradients = cpu_f32(args->gradients),
        .elements = elements,
    };
    if (state->skip == 0)
        cpu_elementwise(device, elements, 8, adam_chunk, &job);
}

struct sgd_job {
    const struct lanes_table *lanes;
    struct lanes_sgd settings;
    float *parameters;
    float *velocity; // NULL: no momentum
    const float *gradients;
    uint64_t elements;
};

static void sgd_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct sgd_job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->sgd(&job->settings, job->parameters + begin, job->velocity ? job->velocity + begin : NULL,
                    job->gradients + begin, count);
}

void cpu_sgd(struct tuff_device *device, const struct tuff_sgd_args *args)
{
    const struct tuff_step_state *state = cpu_data(args->state);
    const struct tuff_sgd_params *params = args->params;
    struct sgd_job job = {
        .lanes = device->lanes,
        .settings =
            {
                .learning_rate = state->row.learning_rate * tuff_rate_factor(params->rate_factor),
                .momentum = (float)params->momentum,
                .weight_decay = (float)params->weight_decay,
                .nesterov = params->nesterov != 0,
            },
        .parameters = cpu_f32(args->parameters),
        .velocity = args->velocity ? cpu_f32(args->velocity) : NULL,
        .gradients = cpu_f32(args->gradients),
        .elements = tuff_tensor_elements(args->parameters),
    };
    if (state->skip == 0)
        cpu_elementwise(device, job.elements, 4, sgd_chunk, &job);
}

// -- Clipping.

// So few squares are summed in float32 that its rounding stays within a few units in the last place; sums of
// more are double.
enum { SQUARES_IN_FLOAT = 1024 };

struct norm_job {
    const struct lanes_table *lanes;
    const float *gradients;
    double *sums; // of squares, one per chunk
    uint64_t elements;
};

static void norm_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct norm_job *job = context;
    uint64_t count;
    const float *gradients = job->gradients + cpu_elements_of_chunk(job->elements, chunk, &count);
    double sum = 0;
    for (uint64_t i = 0; i < count; i += SQUARES_IN_FLOAT) {
        const uint64_t rest = count - i;
        sum += (double)job->lanes->sum_of_squares(gradients + i,
                                                  rest < SQUARES_IN_FLOAT ? rest : SQUARES_IN_FLOAT);
    }
    job->sums[chunk] = sum;
}

static uint64_t norm_chunks(const struct tuff_tensor *gradients)
{
    return (tuff_tensor_elements(gradients) + CPU_ELEMENTS_PER_CHUNK - 1) / CPU_ELEMENTS_PER_CHUNK;
}

uint64_t cpu_gradient_norm_workspace(struct tuff_device *device, const struct tuff_gradient_norm_args *args)
{
    (void)device;
    return norm_chunks(args->gradients) * sizeof(double);
}

void cpu_gradient_norm(struct tuff_device *device, const struct tuff_gradient_norm_args *args)
{
    struct norm_job job = {
        .lanes = device->lanes,
        .gradients = cpu_f32(args->gradients),
        .sums = cpu_data(args->workspace),
        .elements = tuff_tensor_elements(args->gradients),
    };
    cpu_elementwise(device, job.elements, 1, norm_chunk, &job);
    double sum = 0;
    for (uint64_t chunk = 0; chunk < norm_chunks(args->gradients); chunk++)
        sum += job.sums[chunk];
    *cpu_f32(args->norm) = sum > (double)FLT_MAX ? INFINITY : (float)sqrt(sum);
}

struct clip_job {
    const struct lanes_table *lanes;
    float *gradients;
    float scale;
    uint64_t elements;
};

static void clip_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct clip_job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->scale(job->gradients + begin, job->scale, count);
}

void cpu_gradient_clip(struct tuff_device *device, const struct tuff_gradient_clip_args *args)
{
    struct clip_job job = {
        .lanes = device->lanes,
        .gradients = cpu_f32(args->gradients),
        .scale = args->params->max_norm / (*cpu_f32(args->norm) + 1e-6f),
        .elements = tuff_tensor_elements(args->gradients),
    };
    if (!(job.scale >= 1)) // NaN goes on
        cpu_elementwise(device, job.elements, 1, clip_chunk, &job);
}

struct average_job {
    const struct lanes_table *lanes;
    float *average;
    const float *parameters;
    float decay;
    uint64_t elements;
};

static void average_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct average_job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->moving_average(job->average + begin, job->parameters + begin, job->decay, count);
}

void cpu_moving_average(struct tuff_device *device, const struct tuff_moving_average_args *args)
{
    const struct tuff_step_state *state = cpu_data(args->state);
    struct average_job job = {
        .lanes = device->lanes,
        .average = cpu_f32(args->average),
        .parameters = cpu_f32(args->parameters),
        .decay = state->row.average_decay,
        .elements = tuff_tensor_elements(args->average),
    };
    if (state->skip == 0)
        cpu_elementwise(device, job.elements, 2, average_chunk, &job);
}

struct accumulate_job {
    const struct lanes_table *lanes;
    float *sum;
    const float *gradients;
    float part;
    int first; // 1: of the batch
    uint64_t elements;
};

static void accumulate_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct accumulate_job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->accumulate(job->sum + begin, job->gradients + begin, job->part, job->first, count);
}

void cpu_gradient_accumulate(struct tuff_device *device, const struct tuff_gradient_accumulate_args *args)
{
    const struct tuff_step_state *state = cpu_data(args->state);
    struct accumulate_job job = {
        .lanes = device->lanes,
        .sum = cpu_f32(args->sum),
        .gradients = cpu_f32(args->gradients),
        .part = tuff_gradient_part(args->params, state->row.begin, state->row.valid),
        .first = state->row.begin % args->params->batch == 0,
        .elements = tuff_tensor_elements(args->sum),
    };
    cpu_elementwise(device, job.elements, 2, accumulate_chunk, &job);
}
