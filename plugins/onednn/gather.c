// Batches out of a data set of S samples that lies in device memory.
#include "kernels.h"
#include "onednn.h"

#include <string.h>

enum tuff_status dnn_gather_images(struct tuff_stream *stream, const struct tuff_gather_images_args *args)
{
    (void)stream;
    const struct tuff_gather_images_params *params = args->params;
    const struct tuff_step_state *state = dnn_data(args->state);
    const uint32_t *index = (const uint32_t *)dnn_data(args->index) + state->row.begin;
    const uint8_t *images = dnn_data(args->images); // (S,C,H,W)
    float *x = dnn_data(args->x);                   // (N,C,H,W)
    const size_t channels = args->x->dims[1];
    const size_t plane = (size_t)args->x->dims[2] * args->x->dims[3];
    for (uint32_t n = 0; n < args->x->dims[0]; n++) {
        float *sample = x + n * channels * plane;
        if (n >= state->row.valid) {
            memset(sample, 0, channels * plane * sizeof *sample);
            continue;
        }
        const uint8_t *image = images + index[n] * channels * plane;
        for (size_t c = 0; c < channels; c++)
            for (size_t i = c * plane; i < (c + 1) * plane; i++)
                sample[i] = (float)image[i] * params->scale[c] + params->shift[c];
    }
    return TUFF_OK;
}

enum tuff_status dnn_gather_labels(struct tuff_stream *stream, const struct tuff_gather_labels_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = dnn_data(args->state);
    const uint32_t *index = (const uint32_t *)dnn_data(args->index) + state->row.begin;
    const uint32_t *set_labels = dnn_data(args->set_labels); // (S)
    uint32_t *labels = dnn_data(args->labels);               // (N)
    for (uint32_t n = 0; n < args->labels->dims[0]; n++)
        labels[n] = n < state->row.valid ? set_labels[index[n]] : 0;
    return TUFF_OK;
}
