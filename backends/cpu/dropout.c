// Dropout. Backward is forward of the gradients.
#include "elementwise.h"
#include "ops.h"

// Of one element, in plain operations: ten rounds of Philox.
enum { DROPOUT_WEIGHT = 160, POSITION_BAND = CPU_ELEMENTS_PER_CHUNK / TUFF_BATCH16_LANES };

struct job {
    const struct lanes_table *lanes;
    struct lanes_dropout dropout;
    float *out;
    const float *in;
    uint64_t elements;
    uint64_t batch, features; // of one sample
    uint64_t bands;           // of features, per block
};

static void row_major_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    uint64_t count;
    const uint64_t begin = cpu_elements_of_chunk(job->elements, chunk, &count);
    job->lanes->dropout(&job->dropout, job->out + begin, job->in + begin, (uint32_t)begin, TUFF_BATCH16_LANES,
                        1, TUFF_BATCH16_LANES, count);
}

// A chunk is a band of one block's features, so that all of it has the same samples in its lanes.
static void batch16_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const uint64_t block = chunk / job->bands, begin = chunk % job->bands * POSITION_BAND;
    const uint64_t rest = job->features - begin, samples = job->batch - block * TUFF_BATCH16_LANES;
    const uint64_t at = (block * job->features + begin) * TUFF_BATCH16_LANES;
    job->lanes->dropout(&job->dropout, job->out + at, job->in + at,
                        (uint32_t)(block * TUFF_BATCH16_LANES * job->features + begin), 1,
                        (uint32_t)job->features,
                        samples < TUFF_BATCH16_LANES ? (uint32_t)samples : TUFF_BATCH16_LANES,
                        (rest < POSITION_BAND ? rest : POSITION_BAND) * TUFF_BATCH16_LANES);
}

static void drop(struct tuff_device *device, const struct tuff_dropout_params *params,
                 const struct tuff_tensor *out, const struct tuff_tensor *in,
                 const struct tuff_tensor *state_tensor)
{
    const struct tuff_step_state *state = cpu_data(state_tensor);
    struct job job = {
        .lanes = device->lanes,
        .dropout =
            {
                .seed_low = params->seed_low,
                .seed_high = params->seed_high,
                .layer = params->layer,
                .step = state->row.step,
                .probability = params->probability,
                .scale = (float)(1 / (1 - (double)params->probability)),
            },
        .out = cpu_f32(out),
        .in = cpu_f32(in),
        .elements = tuff_tensor_stored_elements(in),
        .batch = in->dims[0],
        .features = tuff_tensor_elements(in) / in->dims[0],
    };
    if (in->layout == TUFF_LAYOUT_ROW_MAJOR) {
        cpu_elementwise(device, job.elements, DROPOUT_WEIGHT, row_major_chunk, &job);
        return;
    }
    job.bands = (job.features + POSITION_BAND - 1) / POSITION_BAND;
    cpu_parallel(device, job.elements / TUFF_BATCH16_LANES * DROPOUT_WEIGHT,
                 (uint64_t)cpu_blocks(in) * job.bands, batch16_chunk, &job);
}

void cpu_dropout_forward(struct tuff_device *device, const struct tuff_dropout_forward_args *args)
{
    drop(device, args->params, args->y, args->x, args->state);
}

void cpu_dropout_backward(struct tuff_device *device, const struct tuff_dropout_backward_args *args)
{
    drop(device, args->params, args->dx, args->dy, args->state);
}
