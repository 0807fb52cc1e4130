// Convolution, ReLU and max pooling in one, as its parts compute it, with z, the convolution's output
// (N,K,OH,OW), in memory of its own.
#include "element.h"
#include "kernels.h"

#include <math.h>
#include <stdbool.h>
#include <stdlib.h>

static uint32_t outputs_along(uint32_t in, uint32_t before, uint32_t after, uint32_t dilation,
                              uint32_t kernel, uint32_t stride)
{
    return (in + before + after - dilation * (kernel - 1) - 1) / stride + 1;
}

// z for this x and this pooled tensor, zeroed. *memory: to be given back by free(memory.data). Failure: no
// memory.
static enum tuff_status make_z(struct tuff_stream *stream, const struct tuff_conv2d_relu_max_pool2d_params *p,
                               const struct tuff_tensor *x, const struct tuff_tensor *weight,
                               const struct tuff_tensor *pooled, struct tuff_buffer *memory,
                               struct tuff_tensor *z)
{
    *z = *pooled;
    z->dtype = TUFF_F32;
    z->dims[2] =
        outputs_along(x->dims[2], p->pad_top, p->pad_bottom, p->dilation_h, weight->dims[2], p->stride_h);
    z->dims[3] =
        outputs_along(x->dims[3], p->pad_left, p->pad_right, p->dilation_w, weight->dims[3], p->stride_w);
    z->buffer = memory;
    z->offset = 0;
    *memory = (struct tuff_buffer){.device = stream->device, .bytes = tuff_tensor_bytes(z)};
    memory->data = calloc(1, (size_t)memory->bytes);
    if (memory->data != NULL)
        return TUFF_OK;
    ref_log(stream->device->backend->host, TUFF_LOG_ERROR, "no memory for a convolution's output");
    return TUFF_ERROR_MEMORY;
}

static unsigned char *byte_at(const struct tuff_tensor *t, uint32_t n, uint32_t k, uint32_t ph, uint32_t pw)
{
    return (unsigned char *)ref_data(t) + ref_at(t, n, k, ph, pw);
}

// -- Forward.

// y and winner of the window (ph,pw).
static void pool_at(const struct tuff_conv2d_relu_max_pool2d_forward_args *args, const struct tuff_tensor *z,
                    uint32_t n, uint32_t k, uint32_t ph, uint32_t pw)
{
    const struct tuff_conv2d_relu_max_pool2d_params *p = args->params;
    double best = 0;
    uint32_t where = 0;
    for (uint32_t r = 0; r < p->pool_h; r++)
        for (uint32_t s = 0; s < p->pool_w; s++) {
            const double value = ref_get(z, n, k, ph * p->pool_stride_h + r, pw * p->pool_stride_w + s);
            const bool first = r == 0 && s == 0;
            if (first || value > best || (isnan(value) && !isnan(best))) {
                best = value;
                where = r * p->pool_w + s;
            }
        }
    ref_set(args->y, n, k, ph, pw, isnan(best) || best > 0 ? best : 0);
    if (args->winner != NULL)
        *byte_at(args->winner, n, k, ph, pw) = (unsigned char)(best > 0 ? where : TUFF_NO_WINNER);
}

enum tuff_status
ref_conv2d_relu_max_pool2d_forward(struct tuff_stream *stream,
                                   const struct tuff_conv2d_relu_max_pool2d_forward_args *args)
{
    const struct tuff_tensor *y = args->y; // (N,K,PH,PW)
    const struct tuff_conv2d_params params = tuff_conv2d_relu_max_pool2d_conv2d(args->params);
    struct tuff_buffer memory;
    struct tuff_tensor z;
    enum tuff_status status = make_z(stream, args->params, args->x, args->weight, y, &memory, &z);
    if (status != TUFF_OK)
        return status;
    status = ref_conv2d_forward(
        stream, &(struct tuff_conv2d_forward_args){.size = sizeof(struct tuff_conv2d_forward_args),
                                                   .params = &params,
                                                   .y = &z,
                                                   .x = args->x,
                                                   .weight = args->weight,
                                                   .bias = args->bias});
    for (uint32_t n = 0; status == TUFF_OK && n < ref_stored_batch(y); n++)
        for (uint32_t k = 0; k < y->dims[1]; k++)
            for (uint32_t ph = 0; ph < y->dims[2]; ph++)
                for (uint32_t pw = 0; pw < y->dims[3]; pw++)
                    pool_at(args, &z, n, k, ph, pw);
    free(memory.data);
    return status;
}

// -- Backward.

// dz (N,K,OH,OW), which is zero: each dy goes to the element that won its window.
static void scatter(const struct tuff_conv2d_relu_max_pool2d_params *p, const struct tuff_tensor *dy,
                    const struct tuff_tensor *winner, const struct tuff_tensor *dz)
{
    for (uint32_t n = 0; n < ref_stored_batch(dy); n++)
        for (uint32_t k = 0; k < dy->dims[1]; k++)
            for (uint32_t ph = 0; ph < dy->dims[2]; ph++)
                for (uint32_t pw = 0; pw < dy->dims[3]; pw++) {
                    const uint32_t where = *byte_at(winner, n, k, ph, pw);
                    if (where == TUFF_NO_WINNER)
                        continue;
                    const uint32_t oh = ph * p->pool_stride_h + where / p->pool_w;
                    const uint32_t ow = pw * p->pool_stride_w + where % p->pool_w;
                    ref_set(dz, n, k, oh, ow, ref_get(dz, n, k, oh, ow) + ref_get(dy, n, k, ph, pw));
                }
}

enum tuff_status
ref_conv2d_relu_max_pool2d_backward_input(struct tuff_stream *stream,
                                          const struct tuff_conv2d_relu_max_pool2d_backward_input_args *args)
{
    const struct tuff_conv2d_params params = tuff_conv2d_relu_max_pool2d_conv2d(args->params);
    struct tuff_buffer memory;
    struct tuff_tensor dz;
    enum tuff_status status = make_z(stream, args->params, args->dx, args->weight, args->dy, &memory, &dz);
    if (status != TUFF_OK)
        return status;
    scatter(args->params, args->dy, args->winner, &dz);
    const struct tuff_conv2d_backward_input_args inner = {
        .size = sizeof inner, .params = &params, .dx = args->dx, .dy = &dz, .weight = args->weight};
    status = ref_conv2d_backward_input(stream, &inner);
    free(memory.data);
    return status;
}

enum tuff_status ref_conv2d_relu_max_pool2d_backward_weight(
    struct tuff_stream *stream, const struct tuff_conv2d_relu_max_pool2d_backward_weight_args *args)
{
    const struct tuff_conv2d_params params = tuff_conv2d_relu_max_pool2d_conv2d(args->params);
    struct tuff_buffer memory;
    struct tuff_tensor dz;
    enum tuff_status status = make_z(stream, args->params, args->x, args->dweight, args->dy, &memory, &dz);
    if (status != TUFF_OK)
        return status;
    scatter(args->params, args->dy, args->winner, &dz);
    const struct tuff_conv2d_backward_weight_args inner = {.size = sizeof inner,
                                                           .params = &params,
                                                           .dweight = args->dweight,
                                                           .dbias = args->dbias,
                                                           .dy = &dz,
                                                           .x = args->x};
    status = ref_conv2d_backward_weight(stream, &inner);
    free(memory.data);
    return status;
}
