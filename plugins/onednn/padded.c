#include "padded.h"

#include <string.h>

// Where position i of an axis that has been padded in front by `pad` lies on the axis itself, of `size`
// elements. One step from the border leads back into the image.
static size_t source(uint32_t mode, int64_t i, uint32_t pad, uint32_t size)
{
    int64_t at = i - pad;
    switch (mode) {
    case TUFF_PADDING_REFLECT:
        at = at < 0 ? -at : at >= size ? 2 * ((int64_t)size - 1) - at : at;
        break;
    case TUFF_PADDING_REPLICATE:
        at = at < 0 ? 0 : at >= size ? (int64_t)size - 1 : at;
        break;
    default: // circular
        at = at < 0 ? at + size : at >= size ? at - size : at;
        break;
    }
    return (size_t)at;
}

struct padded {
    size_t planes, height, width;
};

static struct padded padded_of(const struct tuff_conv2d_params *params, const struct tuff_tensor *image)
{
    return (struct padded){
        .planes = (size_t)image->dims[0] * image->dims[1],
        .height = (size_t)image->dims[2] + params->pad_top + params->pad_bottom,
        .width = (size_t)image->dims[3] + params->pad_left + params->pad_right,
    };
}

uint64_t dnn_padded_bytes(const struct tuff_conv2d_params *params, const struct tuff_tensor *image)
{
    const struct padded size = padded_of(params, image);
    return (uint64_t)size.planes * size.height * size.width * sizeof(float);
}

void dnn_pad_image(const struct tuff_conv2d_params *params, const struct tuff_tensor *image, float *padded)
{
    const struct padded size = padded_of(params, image);
    const uint32_t height = image->dims[2], width = image->dims[3];
    const float *x = dnn_data(image); // (N,C,H,W)
    for (size_t p = 0; p < size.planes; p++, x += (size_t)height * width)
        for (size_t h = 0; h < size.height; h++, padded += size.width) {
            const float *row = x + source(params->padding_mode, (int64_t)h, params->pad_top, height) * width;
            for (size_t w = 0; w < params->pad_left; w++)
                padded[w] = row[source(params->padding_mode, (int64_t)w, params->pad_left, width)];
            memcpy(padded + params->pad_left, row, width * sizeof *row);
            for (size_t w = params->pad_left + width; w < size.width; w++)
                padded[w] = row[source(params->padding_mode, (int64_t)w, params->pad_left, width)];
        }
}

void dnn_fold_image(const struct tuff_conv2d_params *params, const struct tuff_tensor *image,
                    const float *padded)
{
    const struct padded size = padded_of(params, image);
    const uint32_t height = image->dims[2], width = image->dims[3];
    float *dx = dnn_data(image); // (N,C,H,W)
    memset(dx, 0, (size_t)tuff_tensor_bytes(image));
    for (size_t p = 0; p < size.planes; p++, dx += (size_t)height * width)
        for (size_t h = 0; h < size.height; h++, padded += size.width) {
            float *row = dx + source(params->padding_mode, (int64_t)h, params->pad_top, height) * width;
            for (size_t w = 0; w < size.width; w++)
                row[source(params->padding_mode, (int64_t)w, params->pad_left, width)] += padded[w];
        }
}
