// Rectified linear unit.
#include "elementwise.h"
#include "ops.h"

struct job {
    const struct lanes_table *lanes;
    uint64_t elements;
    float *out;
    const float *first, *second;
};

static void forward_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->relu_forward(job->out + begin, job->first + begin, count);
}

void cpu_relu_forward(struct tuff_device *device, const struct tuff_relu_forward_args *args)
{
    struct job job = {
        .lanes = device->lanes,
        .elements = tuff_tensor_stored_elements(args->y),
        .out = cpu_f32(args->y),
        .first = cpu_f32(args->x),
    };
    cpu_elementwise(device, job.elements, 2, forward_chunk, &job);
}

static void backward_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->relu_backward(job->out + begin, job->first + begin, job->second + begin, count);
}

void cpu_relu_backward(struct tuff_device *device, const struct tuff_relu_backward_args *args)
{
    struct job job = {
        .lanes = device->lanes,
        .elements = tuff_tensor_stored_elements(args->dx),
        .out = cpu_f32(args->dx),
        .first = cpu_f32(args->dy),
        .second = cpu_f32(args->y),
    };
    cpu_elementwise(device, job.elements, 2, backward_chunk, &job);
}
