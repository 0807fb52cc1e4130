// The batch out of the data set, with random changes to each picture.
#include <string.h>

#include "ops.h"

enum { AUGMENT_PURPOSE = 6 }; // TUFF_RANDOM_AUGMENT of tuff/random.h

_Static_assert((int)LANES_BORDER_ZEROS == (int)TUFF_PADDING_ZEROS &&
                   (int)LANES_BORDER_REFLECT == (int)TUFF_PADDING_REFLECT &&
                   (int)LANES_BORDER_REPLICATE == (int)TUFF_PADDING_REPLICATE,
               "the crop's mode is handed on as a number");
_Static_assert((int)LANES_MAX_CHANNELS >= (int)TUFF_MAX_IMAGE_CHANNELS, "channels");

struct job {
    const struct lanes_table *lanes;
    const struct tuff_gather_augmented_images_params *params;
    float *x;
    const uint8_t *images;
    const uint32_t *index; // of the batch's first sample
    uint32_t begin, valid, step;
    ptrdiff_t channels, height, width;
    ptrdiff_t bands, band_rows; // of each block
};

// A Philox4x32-10 block (Salmon, Moraes, Dror & Shaw, SC'11).
static void philox(uint32_t key0, uint32_t key1, uint32_t counter[4])
{
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = UINT64_C(0xD2511F53) * counter[0], p1 = UINT64_C(0xCD9E8D57) * counter[2];
        counter[0] = (uint32_t)(p1 >> 32) ^ counter[1] ^ key0;
        counter[1] = (uint32_t)p1;
        counter[2] = (uint32_t)(p0 >> 32) ^ counter[3] ^ key1;
        counter[3] = (uint32_t)p0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
}

// Uniform below m.
static int32_t below(uint32_t word, uint32_t m)
{
    return (int32_t)((uint64_t)word * m >> 32);
}

// Uniform from -reach to reach.
static int32_t around_zero(uint32_t word, uint32_t reach)
{
    return below(word, 2 * reach + 1) - (int32_t)reach;
}

// How the samples from `first` of the batch on are changed, a lane each; first < valid.
static void draw_changes(const struct job *job, uint32_t first, uint32_t lanes, struct lanes_augment *a)
{
    const struct tuff_gather_augmented_images_params *p = job->params;
    const uint32_t rest = job->valid - first;
    *a = (struct lanes_augment){
        .channels = job->channels,
        .height = job->height,
        .width = job->width,
        .scale = p->scale,
        .shift = p->shift,
        .border = (enum lanes_border)p->crop_mode,
        .cutout = p->cutout,
        .valid = rest < lanes ? rest : lanes,
    };
    for (uint32_t lane = 0; lane < lanes; lane++) {
        // An absent sample reads the first one, times zero.
        const uint32_t n = first + (lane < a->valid ? lane : 0);
        a->images[lane] = job->images + (ptrdiff_t)job->index[n] * job->channels * job->height * job->width;
        if (p->flip > 0 || p->crop_y > 0 || p->crop_x > 0) {
            uint32_t words[4] = {job->begin + n, 0, job->step, AUGMENT_PURPOSE};
            philox(p->seed_low, p->seed_high, words);
            a->flip[lane] = words[0] >> 8 < p->flip;
            a->crop_y[lane] = around_zero(words[1], p->crop_y);
            a->crop_x[lane] = around_zero(words[2], p->crop_x);
        }
        if (p->translate_y > 0 || p->translate_x > 0 || p->cutout > 0) {
            uint32_t words[4] = {job->begin + n, 1, job->step, AUGMENT_PURPOSE};
            philox(p->seed_low, p->seed_high, words);
            a->translate_y[lane] = around_zero(words[0], p->translate_y);
            a->translate_x[lane] = around_zero(words[1], p->translate_x);
            a->cut_y[lane] = below(words[2], (uint32_t)job->height) - (int32_t)(p->cutout / 2);
            a->cut_x[lane] = below(words[3], (uint32_t)job->width) - (int32_t)(p->cutout / 2);
        }
    }
}

// Chunks: bands of rows of blocks of 16 samples, in all channels.
static void batch16_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t block = (ptrdiff_t)chunk / job->bands,
                    row = (ptrdiff_t)chunk % job->bands * job->band_rows;
    const ptrdiff_t rest = job->height - row, rows = rest < job->band_rows ? rest : job->band_rows;
    const ptrdiff_t row_floats = job->width * TUFF_BATCH16_LANES, first = block * TUFF_BATCH16_LANES;
    float *x = job->x + block * job->channels * job->height * row_floats;
    if (first >= (ptrdiff_t)job->valid) {
        for (ptrdiff_t c = 0; c < job->channels; c++)
            memset(x + (c * job->height + row) * row_floats, 0, (size_t)(rows * row_floats) * sizeof *x);
        return;
    }
    struct lanes_augment a;
    draw_changes(job, (uint32_t)first, TUFF_BATCH16_LANES, &a);
    job->lanes->augment_block(&a, row, row + rows, x);
}

// Chunks: samples.
static void row_major_chunk(void *context, uint64_t chunk, uint32_t worker)
{
    (void)worker;
    const struct job *job = context;
    const ptrdiff_t elements = job->channels * job->height * job->width;
    float *x = job->x + (ptrdiff_t)chunk * elements;
    if (chunk >= job->valid) {
        memset(x, 0, (size_t)elements * sizeof *x);
        return;
    }
    struct lanes_augment a;
    draw_changes(job, (uint32_t)chunk, 1, &a);
    job->lanes->augment_sample(&a, x);
}

void cpu_gather_augmented_images(struct tuff_device *device,
                                 const struct tuff_gather_augmented_images_args *args)
{
    const struct tuff_step_state *state = cpu_data(args->state);
    struct job job = {
        .lanes = device->lanes,
        .params = args->params,
        .x = cpu_f32(args->x),
        .images = cpu_data(args->images),
        .index = cpu_u32(args->index) + state->row.begin,
        .begin = state->row.begin,
        .valid = state->row.valid,
        .step = state->row.step,
        .channels = args->x->dims[1],
        .height = args->x->dims[2],
        .width = args->x->dims[3],
    };
    const uint64_t work = tuff_tensor_stored_elements(args->x) / TUFF_BATCH16_LANES * 8;
    if (args->x->layout == TUFF_LAYOUT_ROW_MAJOR) {
        cpu_parallel(device, work, args->x->dims[0], row_major_chunk, &job);
        return;
    }
    // Each band draws its samples' changes anew, so bands are cut only out of large pictures.
    const uint64_t blocks = (uint64_t)cpu_blocks(args->x);
    const uint64_t bands = cpu_chunks(work / blocks / 8, args->x->dims[2]);
    job.band_rows = (ptrdiff_t)((args->x->dims[2] + bands - 1) / bands);
    job.bands = (job.height + job.band_rows - 1) / job.band_rows;
    cpu_parallel(device, work, blocks * (uint64_t)job.bands, batch16_chunk, &job);
}
