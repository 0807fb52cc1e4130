// Batches out of a data set of S samples that lies in device memory, with random changes to each picture.
#include "kernels.h"
#include "onednn.h"
#include "philox.h"

#include <stdbool.h>
#include <string.h>

#include "tuff/random.h"

// What happens to one sample's picture, in pixels.
struct change {
    bool flip;
    int32_t crop_y, crop_x, translate_y, translate_x;
    int32_t cut_top, cut_left; // of the square that is cut out; may lie outside
};

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

// position: of the sample in the index.
static struct change drawn(const struct tuff_gather_augmented_images_args *args, uint32_t position,
                           uint32_t step)
{
    const struct tuff_gather_augmented_images_params *params = args->params;
    const struct dnn_words first = dnn_philox(params->seed_low, params->seed_high, position, 0, step,
                                              TUFF_RANDOM_AUGMENT),
                           second = dnn_philox(params->seed_low, params->seed_high, position, 1, step,
                                               TUFF_RANDOM_AUGMENT);
    const int32_t half = (int32_t)(params->cutout / 2);
    return (struct change){
        .flip = first.word[0] >> 8 < params->flip,
        .crop_y = around_zero(first.word[1], params->crop_y),
        .crop_x = around_zero(first.word[2], params->crop_x),
        .translate_y = around_zero(second.word[0], params->translate_y),
        .translate_x = around_zero(second.word[1], params->translate_x),
        .cut_top = below(second.word[2], args->x->dims[2]) - half,
        .cut_left = below(second.word[3], args->x->dims[3]) - half,
    };
}

// Along one axis: which row or column of the flipped picture lies at `at` of the result; -1: none, but byte
// 0.
static int32_t source(int32_t at, int32_t translate, int32_t crop, int32_t size, uint32_t mode)
{
    if (at < translate || at - translate >= size)
        return -1;
    const int32_t from = at - translate + crop;
    if (from >= 0 && from < size)
        return from;
    if (mode == TUFF_PADDING_REFLECT)
        return from < 0 ? -from : 2 * (size - 1) - from;
    if (mode == TUFF_PADDING_REPLICATE)
        return from < 0 ? 0 : size - 1;
    return -1;
}

// One channel: plane and x are (H,W).
static void change_plane(const struct tuff_gather_augmented_images_args *args, const struct change *change,
                         const uint8_t *plane, float scale, float shift, float *x)
{
    const struct tuff_gather_augmented_images_params *params = args->params;
    const int32_t height = (int32_t)args->x->dims[2], width = (int32_t)args->x->dims[3];
    for (int32_t h = 0; h < height; h++, x += width) {
        const int32_t row = source(h, change->translate_y, change->crop_y, height, params->crop_mode);
        const bool row_is_cut = (uint32_t)(h - change->cut_top) < params->cutout;
        for (int32_t w = 0; w < width; w++) {
            const int32_t column = source(w, change->translate_x, change->crop_x, width, params->crop_mode);
            uint8_t pixel = 0;
            if (row >= 0 && column >= 0)
                pixel = plane[(ptrdiff_t)row * width + (change->flip ? width - 1 - column : column)];
            const bool is_cut = row_is_cut && (uint32_t)(w - change->cut_left) < params->cutout;
            x[w] = is_cut ? 0.0f : (float)pixel * scale + shift;
        }
    }
}

enum tuff_status dnn_gather_augmented_images(struct tuff_stream *stream,
                                             const struct tuff_gather_augmented_images_args *args)
{
    (void)stream;
    const struct tuff_gather_augmented_images_params *params = args->params;
    const struct tuff_step_state *state = dnn_data(args->state);
    const uint32_t *index = dnn_data(args->index);
    const uint8_t *images = dnn_data(args->images); // (S,C,H,W)
    float *x = dnn_data(args->x);                   // (N,C,H,W)
    const size_t channels = args->x->dims[1], plane = (size_t)args->x->dims[2] * args->x->dims[3];
    for (uint32_t n = 0; n < args->x->dims[0]; n++) {
        float *sample = x + n * channels * plane;
        if (n >= state->row.valid) {
            memset(sample, 0, channels * plane * sizeof *sample);
            continue;
        }
        const uint32_t position = state->row.begin + n;
        const uint8_t *image = images + index[position] * channels * plane;
        const struct change change = drawn(args, position, state->row.step);
        for (size_t c = 0; c < channels; c++)
            change_plane(args, &change, image + c * plane, params->scale[c], params->shift[c],
                         sample + c * plane);
    }
    return TUFF_OK;
}
