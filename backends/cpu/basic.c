// Fill, copy and add.
#include <string.h>

#include "elementwise.h"
#include "ops.h"

// -- Fill.

struct fill_job {
    uint32_t *words;
    uint64_t elements;
    uint32_t bits;
};

static void fill_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct fill_job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    for (uint64_t i = begin; i < begin + count; i++)
        job->words[i] = job->bits;
}

void cpu_fill(struct tuff_device *device, const struct tuff_fill_args *args)
{
    if (args->y->dtype == TUFF_U8) {
        memset(cpu_data(args->y), (int)(args->params->bits & 0xff), tuff_tensor_bytes(args->y));
        return;
    }
    struct fill_job job = {
        .words = cpu_u32(args->y),
        .elements = tuff_tensor_stored_elements(args->y),
        .bits = args->params->bits,
    };
    cpu_elementwise(device, job.elements, 1, fill_chunk, &job);
}

// -- Copy. Elements are 32 bits wide, and moved as bits whatever they are.

struct copy_job {
    const struct lanes_table *lanes;
    float *y;
    const float *x;
    ptrdiff_t batch, features; // of one sample
    uint64_t bands;            // of features, per block
    uint64_t elements;         // of a plain copy
};

enum { FEATURE_BAND = 2048 };

static ptrdiff_t band_begin(const struct copy_job *job, uint64_t chunk, ptrdiff_t *count)
{
    const ptrdiff_t begin = (ptrdiff_t)(chunk % job->bands) * FEATURE_BAND;
    *count = job->features - begin < FEATURE_BAND ? job->features - begin : FEATURE_BAND;
    return begin;
}

// Samples of block `block` that there are.
static ptrdiff_t samples_of(const struct copy_job *job, ptrdiff_t block)
{
    const ptrdiff_t rest = job->batch - block * TUFF_BATCH16_LANES;
    return rest < TUFF_BATCH16_LANES ? rest : TUFF_BATCH16_LANES;
}

static void to_batch16_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct copy_job *job = context;
    const ptrdiff_t block = (ptrdiff_t)(chunk / job->bands), first = block * TUFF_BATCH16_LANES;
    ptrdiff_t count;
    const ptrdiff_t begin = band_begin(job, chunk, &count), samples = samples_of(job, block);
    float *y = job->y + (block * job->features + begin) * TUFF_BATCH16_LANES;
    if (samples < TUFF_BATCH16_LANES)
        memset(y, 0, (size_t)(count * TUFF_BATCH16_LANES) * sizeof *y);
    job->lanes->transpose(job->x + first * job->features + begin, job->features, samples, count, y,
                          TUFF_BATCH16_LANES);
}

static void to_row_major_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct copy_job *job = context;
    const ptrdiff_t block = (ptrdiff_t)(chunk / job->bands), first = block * TUFF_BATCH16_LANES;
    ptrdiff_t count;
    const ptrdiff_t begin = band_begin(job, chunk, &count);
    job->lanes->transpose(job->x + (block * job->features + begin) * TUFF_BATCH16_LANES, TUFF_BATCH16_LANES,
                          count, samples_of(job, block), job->y + first * job->features + begin,
                          job->features);
}

static void plain_copy_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct copy_job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    memcpy(job->y + begin, job->x + begin, count * sizeof *job->y);
}

void cpu_copy(struct tuff_device *device, const struct tuff_copy_args *args)
{
    const uint64_t elements = tuff_tensor_stored_elements(args->y);
    struct copy_job job = {
        .lanes = device->lanes,
        .y = cpu_f32(args->y),
        .x = cpu_f32(args->x),
        .batch = args->x->dims[0],
        .features = (ptrdiff_t)(tuff_tensor_elements(args->x) / args->x->dims[0]),
        .elements = elements,
    };
    if (args->x->layout == args->y->layout) {
        cpu_elementwise(device, elements, 1, plain_copy_chunk, &job);
        return;
    }
    job.bands = ((uint64_t)job.features + FEATURE_BAND - 1) / FEATURE_BAND;
    cpu_parallel(device, elements / TUFF_BATCH16_LANES * 4, (uint64_t)cpu_blocks(args->x) * job.bands,
                 args->y->layout == TUFF_LAYOUT_BATCH16 ? to_batch16_chunk : to_row_major_chunk, &job);
}

// -- Add.

struct add_job {
    const struct lanes_table *lanes;
    float *y;
    const float *a, *b;
    uint64_t elements;
};

static void add_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct add_job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->add(job->y + begin, job->a + begin, job->b + begin, count);
}

void cpu_add(struct tuff_device *device, const struct tuff_add_args *args)
{
    struct add_job job = {
        .lanes = device->lanes,
        .y = cpu_f32(args->y),
        .a = cpu_f32(args->a),
        .b = cpu_f32(args->b),
        .elements = tuff_tensor_stored_elements(args->y),
    };
    cpu_elementwise(device, job.elements, 2, add_chunk, &job);
}
