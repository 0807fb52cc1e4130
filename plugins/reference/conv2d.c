// Convolution as its definition reads. Where a tap falls on padding nothing is added, so that an infinite
// weight over padding does not turn into a NaN.
//
// N samples, C input channels of H x W, K output channels of OH x OW, kernel KH x KW. Output channel k
// belongs to group k / (K/groups) and sees that group's C/groups input channels.
#include "element.h"
#include "kernels.h"
#include "window.h"

static struct ref_axis vertical(const struct tuff_conv2d_params *params)
{
    return (struct ref_axis){params->stride_h, params->dilation_h, params->pad_top};
}

static struct ref_axis horizontal(const struct tuff_conv2d_params *params)
{
    return (struct ref_axis){params->stride_w, params->dilation_w, params->pad_left};
}

// The input position that is seen at `position`, which may lie around the input. False: a zero is.
static bool seen(uint32_t mode, int64_t position, uint32_t input_size, uint32_t *input)
{
    const int64_t size = input_size, last = size - 1;
    const bool outside = position < 0 || position > last;
    if (outside && mode == TUFF_PADDING_REFLECT)
        position = position < 0 ? -position : 2 * last - position;
    if (outside && mode == TUFF_PADDING_REPLICATE)
        position = position < 0 ? 0 : last;
    if (outside && mode == TUFF_PADDING_CIRCULAR)
        position = position < 0 ? position + size : position - size;
    *input = (uint32_t)position;
    return !outside || mode != TUFF_PADDING_ZEROS;
}

// The element of an image of H x W under tap (r,s) of window (oh,ow).
static bool input_at(const struct tuff_conv2d_params *params, const struct tuff_tensor *x, uint32_t oh,
                     uint32_t r, uint32_t ow, uint32_t s, uint32_t *h, uint32_t *w)
{
    return seen(params->padding_mode, ref_axis_position(vertical(params), oh, r), x->dims[2], h) &&
           seen(params->padding_mode, ref_axis_position(horizontal(params), ow, s), x->dims[3], w);
}

// y[n,k,oh,ow]
static double forward_at(const struct tuff_conv2d_forward_args *args, uint32_t n, uint32_t k, uint32_t oh,
                         uint32_t ow)
{
    const struct tuff_tensor *x = args->x;           // (N,C,H,W)
    const struct tuff_tensor *weight = args->weight; // (K,C/groups,KH,KW)
    const uint32_t group = k / (weight->dims[0] / args->params->groups);
    double sum = args->bias != NULL ? ref_get(args->bias, k, 0, 0, 0) : 0;
    for (uint32_t c = 0; c < weight->dims[1]; c++)
        for (uint32_t r = 0; r < weight->dims[2]; r++)
            for (uint32_t s = 0; s < weight->dims[3]; s++) {
                uint32_t h, w;
                if (input_at(args->params, x, oh, r, ow, s, &h, &w))
                    sum += ref_get(x, n, group * weight->dims[1] + c, h, w) * ref_get(weight, k, c, r, s);
            }
    return sum;
}

enum tuff_status ref_conv2d_forward(struct tuff_stream *stream, const struct tuff_conv2d_forward_args *args)
{
    (void)stream;
    const struct tuff_tensor *y = args->y; // (N,K,OH,OW)
    for (uint32_t n = 0; n < ref_stored_batch(y); n++)
        for (uint32_t k = 0; k < y->dims[1]; k++)
            for (uint32_t oh = 0; oh < y->dims[2]; oh++)
                for (uint32_t ow = 0; ow < y->dims[3]; ow++)
                    ref_set(y, n, k, oh, ow, forward_at(args, n, k, oh, ow));
    return TUFF_OK;
}

enum tuff_status ref_conv2d_relu_forward(struct tuff_stream *stream,
                                         const struct tuff_conv2d_relu_forward_args *args)
{
    const struct tuff_conv2d_forward_args conv = {.size = sizeof conv,
                                                  .params = args->params,
                                                  .y = args->y,
                                                  .x = args->x,
                                                  .weight = args->weight,
                                                  .bias = args->bias};
    const struct tuff_relu_forward_args relu = {.size = sizeof relu, .y = args->y, .x = args->y};
    enum tuff_status status = ref_conv2d_forward(stream, &conv);
    return status == TUFF_OK ? ref_relu_forward(stream, &relu) : status;
}

// The gradient of what the outputs saw at (h,w), on the input or around it.
static double gradient_at(const struct tuff_conv2d_backward_input_args *args, uint32_t n, uint32_t channel,
                          int64_t h, int64_t w)
{
    const struct tuff_tensor *dy = args->dy;         // (N,K,OH,OW)
    const struct tuff_tensor *weight = args->weight; // (K,C/groups,KH,KW)
    const uint32_t group = channel / weight->dims[1], c = channel % weight->dims[1];
    const uint32_t group_outputs = weight->dims[0] / args->params->groups;
    double sum = 0;
    for (uint32_t k = group * group_outputs; k < (group + 1) * group_outputs; k++)
        for (uint32_t r = 0; r < weight->dims[2]; r++)
            for (uint32_t s = 0; s < weight->dims[3]; s++) {
                uint32_t oh, ow;
                if (ref_axis_output(vertical(args->params), h, r, dy->dims[2], &oh) &&
                    ref_axis_output(horizontal(args->params), w, s, dy->dims[3], &ow))
                    sum += ref_get(dy, n, k, oh, ow) * ref_get(weight, k, c, r, s);
            }
    return sum;
}

// dx[n,channel,h,w]: gathered from the outputs that saw this input, there or around the image, so that it is
// one sum in double.
static double backward_input_at(const struct tuff_conv2d_backward_input_args *args, uint32_t n,
                                uint32_t channel, uint32_t h, uint32_t w)
{
    const struct tuff_conv2d_params *params = args->params;
    const int64_t height = args->dx->dims[2], width = args->dx->dims[3];
    uint32_t source;
    double sum = 0;
    for (int64_t i = -(int64_t)params->pad_top; i < height + params->pad_bottom; i++) {
        if (!seen(params->padding_mode, i, args->dx->dims[2], &source) || source != h)
            continue;
        for (int64_t k = -(int64_t)params->pad_left; k < width + params->pad_right; k++)
            if (seen(params->padding_mode, k, args->dx->dims[3], &source) && source == w)
                sum += gradient_at(args, n, channel, i, k);
    }
    return sum;
}

enum tuff_status ref_conv2d_backward_input(struct tuff_stream *stream,
                                           const struct tuff_conv2d_backward_input_args *args)
{
    (void)stream;
    const struct tuff_tensor *dx = args->dx; // (N,C,H,W)
    for (uint32_t n = 0; n < ref_stored_batch(dx); n++)
        for (uint32_t c = 0; c < dx->dims[1]; c++)
            for (uint32_t h = 0; h < dx->dims[2]; h++)
                for (uint32_t w = 0; w < dx->dims[3]; w++)
                    ref_set(dx, n, c, h, w, backward_input_at(args, n, c, h, w));
    return TUFF_OK;
}

// dweight[k,c,r,s]: the sum runs over the N samples; padding lanes are left out.
static double backward_weight_at(const struct tuff_conv2d_backward_weight_args *args, uint32_t k, uint32_t c,
                                 uint32_t r, uint32_t s)
{
    const struct tuff_tensor *dy = args->dy; // (N,K,OH,OW)
    const struct tuff_tensor *x = args->x;   // (N,C,H,W)
    const uint32_t group = k / (dy->dims[1] / args->params->groups);
    const uint32_t channel = group * (x->dims[1] / args->params->groups) + c;
    double sum = 0;
    for (uint32_t n = 0; n < dy->dims[0]; n++)
        for (uint32_t oh = 0; oh < dy->dims[2]; oh++)
            for (uint32_t ow = 0; ow < dy->dims[3]; ow++) {
                uint32_t h, w;
                if (input_at(args->params, x, oh, r, ow, s, &h, &w))
                    sum += ref_get(dy, n, k, oh, ow) * ref_get(x, n, channel, h, w);
            }
    return sum;
}

// dbias[k]
static double backward_bias_at(const struct tuff_tensor *dy, uint32_t k)
{
    double sum = 0;
    for (uint32_t n = 0; n < dy->dims[0]; n++)
        for (uint32_t oh = 0; oh < dy->dims[2]; oh++)
            for (uint32_t ow = 0; ow < dy->dims[3]; ow++)
                sum += ref_get(dy, n, k, oh, ow);
    return sum;
}

enum tuff_status ref_conv2d_backward_weight(struct tuff_stream *stream,
                                            const struct tuff_conv2d_backward_weight_args *args)
{
    (void)stream;
    const struct tuff_tensor *dweight = args->dweight; // (K,C/groups,KH,KW)
    for (uint32_t k = 0; k < dweight->dims[0]; k++) {
        for (uint32_t c = 0; c < dweight->dims[1]; c++)
            for (uint32_t r = 0; r < dweight->dims[2]; r++)
                for (uint32_t s = 0; s < dweight->dims[3]; s++)
                    ref_set(dweight, k, c, r, s, backward_weight_at(args, k, c, r, s));
        if (args->dbias != NULL)
            ref_set(args->dbias, k, 0, 0, 0, backward_bias_at(args->dy, k));
    }
    return TUFF_OK;
}
