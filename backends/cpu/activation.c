// Pointwise activations.
#include "elementwise.h"
#include "ops.h"

_Static_assert((int)TUFF_ACTIVATION_TANH + 1 == (int)LANES_ACTIVATIONS, "one kernel per activation");

// Of one element, in plain operations: an exponential and a division or two.
enum { ACTIVATION_WEIGHT = 24 };

struct job {
    const struct lanes_table *lanes;
    uint32_t kind;
    float slope;
    uint64_t elements;
    float *out;
    const float *dy, *x;
};

static void forward_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->activation_forward[job->kind](job->out + begin, job->x + begin, job->slope, count);
}

void cpu_activation_forward(struct tuff_device *device, const struct tuff_activation_forward_args *args)
{
    struct job job = {
        .lanes = device->lanes,
        .kind = args->params->kind,
        .slope = args->params->slope,
        .elements = tuff_tensor_stored_elements(args->y),
        .out = cpu_f32(args->y),
        .x = cpu_f32(args->x),
    };
    cpu_elementwise(device, job.elements, ACTIVATION_WEIGHT, forward_chunk, &job);
}

static void backward_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->activation_backward[job->kind](job->out + begin, job->dy + begin, job->x + begin, job->slope,
                                               count);
}

void cpu_activation_backward(struct tuff_device *device, const struct tuff_activation_backward_args *args)
{
    struct job job = {
        .lanes = device->lanes,
        .kind = args->params->kind,
        .slope = args->params->slope,
        .elements = tuff_tensor_stored_elements(args->dx),
        .out = cpu_f32(args->dx),
        .dy = cpu_f32(args->dy),
        .x = cpu_f32(args->x),
    };
    cpu_elementwise(device, job.elements, ACTIVATION_WEIGHT, backward_chunk, &job);
}
