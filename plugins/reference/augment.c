// Batches out of a data set of S samples that lies in device memory, with random changes to each picture.
#include "element.h"
#include "kernels.h"
#include "philox.h"

#include <stdbool.h>

enum { AUGMENT_PURPOSE = 6 }; // TUFF_RANDOM_AUGMENT of tuff/random.h

// What happens to one sample's picture, in pixels.
struct change {
    bool flip;
    int64_t crop_y, crop_x, translate_y, translate_x;
    int64_t cut_top, cut_left; // of the square that is cut out; may lie outside
};

// Uniform below m.
static int64_t below(uint32_t word, uint32_t m)
{
    return (int64_t)((uint64_t)word * m >> 32);
}

// Uniform from -reach to reach.
static int64_t around_zero(uint32_t word, uint32_t reach)
{
    return below(word, 2 * reach + 1) - (int64_t)reach;
}

// position: of the sample in the index.
static struct change drawn(const struct tuff_gather_augmented_images_params *params, uint32_t position,
                           uint32_t step, uint32_t height, uint32_t width)
{
    const struct ref_words first =
        ref_philox(params->seed_low, params->seed_high, position, 0, step, AUGMENT_PURPOSE);
    const struct ref_words second =
        ref_philox(params->seed_low, params->seed_high, position, 1, step, AUGMENT_PURPOSE);
    return (struct change){
        .flip = first.word[0] >> 8 < params->flip,
        .crop_y = around_zero(first.word[1], params->crop_y),
        .crop_x = around_zero(first.word[2], params->crop_x),
        .translate_y = around_zero(second.word[0], params->translate_y),
        .translate_x = around_zero(second.word[1], params->translate_x),
        .cut_top = below(second.word[2], height) - params->cutout / 2,
        .cut_left = below(second.word[3], width) - params->cutout / 2,
    };
}

static bool is_within(int64_t at, int64_t begin, int64_t size)
{
    return at >= begin && at < begin + size;
}

// Along one axis: which row or column of the flipped picture lies at `at` of the result; -1: none, but byte
// 0.
static int64_t source(int64_t at, int64_t translate, int64_t crop, int64_t size, uint32_t mode)
{
    if (!is_within(at - translate, 0, size))
        return -1;
    const int64_t from = at - translate + crop;
    if (is_within(from, 0, size))
        return from;
    if (mode == TUFF_PADDING_REFLECT)
        return from < 0 ? -from : 2 * (size - 1) - from;
    if (mode == TUFF_PADDING_REPLICATE)
        return from < 0 ? 0 : size - 1;
    return -1;
}

enum tuff_status ref_gather_augmented_images(struct tuff_stream *stream,
                                             const struct tuff_gather_augmented_images_args *args)
{
    (void)stream;
    const struct tuff_gather_augmented_images_params *params = args->params;
    const struct tuff_step_state *state = ref_data(args->state);
    const struct tuff_tensor *x = args->x;          // (N,C,H,W)
    const uint8_t *images = ref_data(args->images); // (S,C,H,W), one byte an element
    const uint32_t height = x->dims[2], width = x->dims[3];
    for (uint32_t n = 0; n < ref_stored_batch(x); n++) {
        const bool present = n < state->row.valid; // else an absent sample or a padding lane
        const uint32_t position = state->row.begin + n;
        const uint32_t sample = present ? *ref_u32(args->index, position, 0, 0, 0) : 0;
        const struct change change = drawn(params, position, state->row.step, height, width);
        for (uint32_t c = 0; c < x->dims[1]; c++)
            for (uint32_t h = 0; h < height; h++)
                for (uint32_t w = 0; w < width; w++) {
                    const int64_t row =
                        source(h, change.translate_y, change.crop_y, height, params->crop_mode);
                    const int64_t column =
                        source(w, change.translate_x, change.crop_x, width, params->crop_mode);
                    double value = 0;
                    if (present && !(is_within(h, change.cut_top, params->cutout) &&
                                     is_within(w, change.cut_left, params->cutout))) {
                        uint8_t pixel = 0;
                        if (row >= 0 && column >= 0)
                            pixel =
                                images[ref_at(args->images, sample, c, (uint32_t)row,
                                              change.flip ? width - 1 - (uint32_t)column : (uint32_t)column)];
                        value = (double)pixel * params->scale[c] + params->shift[c];
                    }
                    ref_set(x, n, c, h, w, value);
                }
    }
    return TUFF_OK;
}
