// Max pooling of N samples, C channels of H x W, into OH x OW windows.
#include "element.h"
#include "kernels.h"
#include "window.h"

#include <math.h>

static struct ref_axis vertical(const struct tuff_max_pool2d_params *params)
{
    return (struct ref_axis){params->stride_h, params->dilation_h, params->pad_top};
}

static struct ref_axis horizontal(const struct tuff_max_pool2d_params *params)
{
    return (struct ref_axis){params->stride_w, params->dilation_w, params->pad_left};
}

// Whether `value`, met later in the window, takes the place of `best`: only if it is greater, so that the
// first of equals stays, or the first NaN.
static bool wins(double value, double best)
{
    return value > best || (isnan(value) && !isnan(best));
}

// y[n,c,oh,ow] and index[n,c,oh,ow]
static void forward_at(const struct tuff_max_pool2d_forward_args *args, uint32_t n, uint32_t c, uint32_t oh,
                       uint32_t ow)
{
    const struct tuff_max_pool2d_params *params = args->params;
    const struct tuff_tensor *x = args->x; // (N,C,H,W)
    bool found = false;                    // padding never wins, not even over -infinity
    double best = -INFINITY;
    uint32_t best_index = 0;
    for (uint32_t r = 0; r < params->kernel_h; r++)
        for (uint32_t s = 0; s < params->kernel_w; s++) {
            uint32_t h, w;
            if (!ref_axis_input(vertical(params), oh, r, x->dims[2], &h) ||
                !ref_axis_input(horizontal(params), ow, s, x->dims[3], &w))
                continue;
            const double value = ref_get(x, n, c, h, w);
            if (!found || wins(value, best)) {
                found = true;
                best = value;
                best_index = h * x->dims[3] + w;
            }
        }
    ref_set(args->y, n, c, oh, ow, best);
    *ref_u32(args->index, n, c, oh, ow) = best_index;
}

enum tuff_status ref_max_pool2d_forward(struct tuff_stream *stream,
                                        const struct tuff_max_pool2d_forward_args *args)
{
    (void)stream;
    const struct tuff_tensor *y = args->y; // (N,C,OH,OW)
    for (uint32_t n = 0; n < ref_stored_batch(y); n++)
        for (uint32_t c = 0; c < y->dims[1]; c++)
            for (uint32_t oh = 0; oh < y->dims[2]; oh++)
                for (uint32_t ow = 0; ow < y->dims[3]; ow++)
                    forward_at(args, n, c, oh, ow);
    return TUFF_OK;
}

// dx[n,c,h,w]: gathered from the windows that this input lies in and won. The taps run backwards, so that the
// windows come in row-major order.
static double backward_at(const struct tuff_max_pool2d_backward_args *args, uint32_t n, uint32_t c,
                          uint32_t h, uint32_t w)
{
    const struct tuff_max_pool2d_params *params = args->params;
    const struct tuff_tensor *dy = args->dy; // (N,C,OH,OW), as index is
    double sum = 0;
    for (uint32_t r = params->kernel_h; r-- > 0;)
        for (uint32_t s = params->kernel_w; s-- > 0;) {
            uint32_t oh, ow;
            if (ref_axis_output(vertical(params), h, r, dy->dims[2], &oh) &&
                ref_axis_output(horizontal(params), w, s, dy->dims[3], &ow) &&
                *ref_u32(args->index, n, c, oh, ow) == h * args->dx->dims[3] + w)
                sum += ref_get(dy, n, c, oh, ow);
        }
    return sum;
}

enum tuff_status ref_max_pool2d_backward(struct tuff_stream *stream,
                                         const struct tuff_max_pool2d_backward_args *args)
{
    (void)stream;
    const struct tuff_tensor *dx = args->dx; // (N,C,H,W)
    for (uint32_t n = 0; n < ref_stored_batch(dx); n++)
        for (uint32_t c = 0; c < dx->dims[1]; c++)
            for (uint32_t h = 0; h < dx->dims[2]; h++)
                for (uint32_t w = 0; w < dx->dims[3]; w++)
                    ref_set(dx, n, c, h, w, backward_at(args, n, c, h, w));
    return TUFF_OK;
}
