// Batches out of a data set of S samples that lies in device memory.
#include "element.h"
#include "kernels.h"

// The number in the set of the batch's sample n < valid.
static uint32_t picked(const struct tuff_tensor *index, const struct tuff_step_state *state, uint32_t n)
{
    return *ref_u32(index, state->row.begin + n, 0, 0, 0);
}

enum tuff_status ref_gather_images(struct tuff_stream *stream, const struct tuff_gather_images_args *args)
{
    (void)stream;
    const struct tuff_gather_images_params *params = args->params;
    const struct tuff_step_state *state = ref_data(args->state);
    const struct tuff_tensor *x = args->x;          // (N,C,H,W)
    const uint8_t *images = ref_data(args->images); // (S,C,H,W), one byte an element
    for (uint32_t n = 0; n < ref_stored_batch(x); n++)
        for (uint32_t c = 0; c < x->dims[1]; c++)
            for (uint32_t h = 0; h < x->dims[2]; h++)
                for (uint32_t w = 0; w < x->dims[3]; w++) {
                    double value = 0; // of absent samples and padding lanes
                    if (n < state->row.valid) {
                        const uint32_t sample = picked(args->index, state, n);
                        const uint8_t pixel = images[ref_at(args->images, sample, c, h, w)];
                        value = (double)pixel * params->scale[c] + params->shift[c];
                    }
                    ref_set(x, n, c, h, w, value);
                }
    return TUFF_OK;
}

enum tuff_status ref_gather_labels(struct tuff_stream *stream, const struct tuff_gather_labels_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = ref_data(args->state);
    const struct tuff_tensor *labels = args->labels;         // (N)
    const struct tuff_tensor *set_labels = args->set_labels; // (S)
    for (uint32_t n = 0; n < ref_stored_batch(labels); n++)
        *ref_u32(labels, n, 0, 0, 0) =
            n < state->row.valid ? *ref_u32(set_labels, picked(args->index, state, n), 0, 0, 0) : 0;
    return TUFF_OK;
}
