// Max pooling in plain C: the workspace that oneDNN keeps for backward has a form of its own, and is not the
// index that the op promises; nor does oneDNN say which of equals wins, or what becomes of NaN.
#include "kernels.h"
#include "onednn.h"

// The taps of one window along one axis that lie on the input: tap t at begin + t*dilation - pad, first <= t
// < end.
struct taps {
    int64_t start; // where tap 0 lies; may be outside
    uint32_t first, end;
};

static struct taps window_taps(uint32_t output, uint32_t stride, uint32_t dilation, uint32_t pad,
                               uint32_t kernel, uint32_t size)
{
    struct taps taps = {.start = (int64_t)output * stride - pad, .first = 0, .end = kernel};
    while (taps.first < kernel && taps.start + (int64_t)taps.first * dilation < 0)
        taps.first++;
    while (taps.end > taps.first && taps.start + (int64_t)(taps.end - 1) * dilation >= size)
        taps.end--;
    return taps;
}

// The place in the plane (H,W) of the window's greatest: the first of equals, or the first NaN. Written
// without branches on the values, which no processor could foresee.
static uint32_t greatest(const float *plane, uint32_t width, const struct tuff_max_pool2d_params *params,
                         struct taps rows, struct taps columns)
{
    const uint32_t corner = (uint32_t)((rows.start + (int64_t)rows.first * params->dilation_h) * width +
                                       columns.start + (int64_t)columns.first * params->dilation_w);
    uint32_t best = corner;
    for (uint32_t r = 0; r < rows.end - rows.first; r++)
        for (uint32_t s = 0; s < columns.end - columns.first; s++) {
            const uint32_t at = corner + r * params->dilation_h * width + s * params->dilation_w;
            const float value = plane[at], held = plane[best];
            // A NaN is not <= anything, and so wins; one that is held is not equal to itself, and so stays.
            const uint32_t wins = !(value <= held) & (held == held);
            best ^= (best ^ at) & (0 - wins);
        }
    return best;
}

enum tuff_status dnn_max_pool2d_forward(struct tuff_stream *stream,
                                        const struct tuff_max_pool2d_forward_args *args)
{
    (void)stream;
    const struct tuff_max_pool2d_params *params = args->params;
    const uint32_t height = args->x->dims[2], width = args->x->dims[3];
    const uint32_t out_height = args->y->dims[2], out_width = args->y->dims[3];
    const size_t planes = (size_t)args->x->dims[0] * args->x->dims[1];
    const float *x = dnn_data(args->x);      // (N,C,H,W)
    float *y = dnn_data(args->y);            // (N,C,OH,OW)
    uint32_t *index = dnn_data(args->index); // (N,C,OH,OW)
    for (size_t p = 0; p < planes; p++, x += (size_t)height * width)
        for (uint32_t oh = 0; oh < out_height; oh++) {
            const struct taps rows = window_taps(oh, params->stride_h, params->dilation_h, params->pad_top,
                                                 params->kernel_h, height);
            for (uint32_t ow = 0; ow < out_width; ow++) {
                const struct taps columns = window_taps(ow, params->stride_w, params->dilation_w,
                                                        params->pad_left, params->kernel_w, width);
                const uint32_t best = greatest(x, width, params, rows, columns);
                *index++ = best;
                *y++ = x[best];
            }
        }
    return TUFF_OK;
}

// Scattered window by window, so that the sums take the windows in row-major order.
enum tuff_status dnn_max_pool2d_backward(struct tuff_stream *stream,
                                         const struct tuff_max_pool2d_backward_args *args)
{
    (void)stream;
    const size_t planes = (size_t)args->dx->dims[0] * args->dx->dims[1];
    const size_t plane = (size_t)args->dx->dims[2] * args->dx->dims[3];
    const size_t windows = (size_t)args->dy->dims[2] * args->dy->dims[3];
    const float *dy = dnn_data(args->dy);          // (N,C,OH,OW)
    const uint32_t *index = dnn_data(args->index); // (N,C,OH,OW)
    float *dx = dnn_data(args->dx);                // (N,C,H,W)
    for (size_t p = 0; p < planes; p++, dx += plane, dy += windows, index += windows) {
        for (size_t i = 0; i < plane; i++)
            dx[i] = 0;
        for (size_t i = 0; i < windows; i++)
            dx[index[i]] += dy[i];
    }
    return TUFF_OK;
}
