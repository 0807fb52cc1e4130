// Products of tensors, and concatenation of channels.
#include <string.h>

#include "elementwise.h"
#include "ops.h"

// -- Multiply.

struct multiply_job {
    const struct lanes_table *lanes;
    float *y;
    const float *a, *b;
    uint64_t elements;
};

static void multiply_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct multiply_job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->multiply(job->y + begin, job->a + begin, job->b + begin, count);
}

void cpu_multiply(struct tuff_device *device, const struct tuff_multiply_args *args)
{
    struct multiply_job job = {
        .lanes = device->lanes,
        .y = cpu_f32(args->y),
        .a = cpu_f32(args->a),
        .b = cpu_f32(args->b),
        .elements = tuff_tensor_stored_elements(args->y),
    };
    cpu_elementwise(device, job.elements, 2, multiply_chunk, &job);
}

// -- Concatenation. In either layout the whole is rows (samples, or blocks of 16) of a's channels, then b's.

struct concat_job {
    float *whole, *a, *b;
    uint64_t a_row, b_row; // floats
    uint64_t elements;     // of the whole
    int backward;
};

// Chunks are of the whole, and so of equal work; one may hold parts of several rows.
static void concat_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct concat_job *job = context;
    uint64_t count;
    uint64_t at = cpu_elements_of_chunk(job->elements, chunk, &count);
    const uint64_t end = at + count, whole_row = job->a_row + job->b_row;
    while (at < end) {
        const uint64_t row = at / whole_row, place = at % whole_row;
        const int in_a = place < job->a_row;
        const uint64_t rest = (in_a ? job->a_row : whole_row) - place;
        const uint64_t length = rest < end - at ? rest : end - at;
        float *part =
            in_a ? job->a + row * job->a_row + place : job->b + row * job->b_row + (place - job->a_row);
        if (job->backward)
            memcpy(part, job->whole + at, length * sizeof *part);
        else
            memcpy(job->whole + at, part, length * sizeof *part);
        at += length;
    }
}

static void concat(struct tuff_device *device, const struct tuff_tensor *whole, const struct tuff_tensor *a,
                   const struct tuff_tensor *b, int backward)
{
    const uint64_t rows = whole->layout == TUFF_LAYOUT_BATCH16 ? (uint64_t)cpu_blocks(whole) : whole->dims[0];
    struct concat_job job = {
        .whole = cpu_f32(whole),
        .a = cpu_f32(a),
        .b = cpu_f32(b),
        .a_row = tuff_tensor_stored_elements(a) / rows,
        .b_row = tuff_tensor_stored_elements(b) / rows,
        .elements = tuff_tensor_stored_elements(whole),
        .backward = backward,
    };
    cpu_elementwise(device, job.elements, 1, concat_chunk, &job);
}

void cpu_concat_forward(struct tuff_device *device, const struct tuff_concat_forward_args *args)
{
    concat(device, args->y, args->a, args->b, 0);
}

void cpu_concat_backward(struct tuff_device *device, const struct tuff_concat_backward_args *args)
{
    concat(device, args->dy, args->da, args->db, 1);
}
