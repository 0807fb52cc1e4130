// Average pooling of N samples, C channels of H x W, into OH x OW windows or regions.
#include "element.h"
#include "kernels.h"
#include "window.h"

static struct ref_axis vertical(const struct tuff_avg_pool2d_params *params)
{
    return (struct ref_axis){params->stride_h, 1, params->pad_top};
}

static struct ref_axis horizontal(const struct tuff_avg_pool2d_params *params)
{
    return (struct ref_axis){params->stride_w, 1, params->pad_left};
}

// How many of a window's `kernel` positions along an axis the divisor counts: those on the input, and on its
// padding if `padding` says so. Overhang, behind the padding, never counts.
static uint32_t counted(struct ref_axis axis, uint32_t kernel, uint32_t output, uint32_t input_size,
                        uint32_t pad_after, bool padding)
{
    uint32_t count = 0;
    for (uint32_t tap = 0; tap < kernel; tap++) {
        const int64_t i = (int64_t)output * axis.stride + tap - axis.pad;
        if (padding ? i < (int64_t)input_size + pad_after : i >= 0 && i < input_size)
            count++;
    }
    return count;
}

static double divisor(const struct tuff_avg_pool2d_params *params, const struct tuff_tensor *x, uint32_t oh,
                      uint32_t ow)
{
    const bool padding = params->count_include_pad != 0;
    return (double)counted(vertical(params), params->kernel_h, oh, x->dims[2], params->pad_bottom, padding) *
           counted(horizontal(params), params->kernel_w, ow, x->dims[3], params->pad_right, padding);
}

// y[n,c,oh,ow]
static double forward_at(const struct tuff_avg_pool2d_forward_args *args, uint32_t n, uint32_t c, uint32_t oh,
                         uint32_t ow)
{
    const struct tuff_avg_pool2d_params *params = args->params;
    const struct tuff_tensor *x = args->x; // (N,C,H,W)
    double sum = 0;
    for (uint32_t r = 0; r < params->kernel_h; r++)
        for (uint32_t s = 0; s < params->kernel_w; s++) {
            uint32_t h, w;
            if (ref_axis_input(vertical(params), oh, r, x->dims[2], &h) &&
                ref_axis_input(horizontal(params), ow, s, x->dims[3], &w))
                sum += ref_get(x, n, c, h, w);
        }
    return sum / divisor(params, x, oh, ow);
}

enum tuff_status ref_avg_pool2d_forward(struct tuff_stream *stream,
                                        const struct tuff_avg_pool2d_forward_args *args)
{
    (void)stream;
    const struct tuff_tensor *y = args->y; // (N,C,OH,OW)
    for (uint32_t n = 0; n < ref_stored_batch(y); n++)
        for (uint32_t c = 0; c < y->dims[1]; c++)
            for (uint32_t oh = 0; oh < y->dims[2]; oh++)
                for (uint32_t ow = 0; ow < y->dims[3]; ow++)
                    ref_set(y, n, c, oh, ow, forward_at(args, n, c, oh, ow));
    return TUFF_OK;
}

// dx[n,c,h,w]: gathered from the windows that this input lies in. The taps run backwards, so that the windows
// come in row-major order.
static double backward_at(const struct tuff_avg_pool2d_backward_args *args, uint32_t n, uint32_t c,
                          uint32_t h, uint32_t w)
{
    const struct tuff_avg_pool2d_params *params = args->params;
    const struct tuff_tensor *dy = args->dy; // (N,C,OH,OW)
    double sum = 0;
    for (uint32_t r = params->kernel_h; r-- > 0;)
        for (uint32_t s = params->kernel_w; s-- > 0;) {
            uint32_t oh, ow;
            if (ref_axis_output(vertical(params), h, r, dy->dims[2], &oh) &&
                ref_axis_output(horizontal(params), w, s, dy->dims[3], &ow))
                sum += ref_get(dy, n, c, oh, ow) / divisor(params, args->dx, oh, ow);
        }
    return sum;
}

enum tuff_status ref_avg_pool2d_backward(struct tuff_stream *stream,
                                         const struct tuff_avg_pool2d_backward_args *args)
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

// -- Adaptive.

// The positions [begin, end) of region number `output` along an axis.
struct region {
    uint32_t begin, end;
};

static struct region region_of(uint32_t output, uint32_t input_size, uint32_t output_size)
{
    const uint64_t begin = (uint64_t)output * input_size, end = begin + input_size;
    return (struct region){(uint32_t)(begin / output_size),
                           (uint32_t)((end + output_size - 1) / output_size)};
}

static double size_of(struct region rows, struct region columns)
{
    return (double)(rows.end - rows.begin) * (columns.end - columns.begin);
}

static bool holds(struct region region, uint32_t position)
{
    return position >= region.begin && position < region.end;
}

enum tuff_status ref_adaptive_avg_pool2d_forward(struct tuff_stream *stream,
                                                 const struct tuff_adaptive_avg_pool2d_forward_args *args)
{
    (void)stream;
    const struct tuff_tensor *y = args->y; // (N,C,OH,OW)
    const struct tuff_tensor *x = args->x; // (N,C,H,W)
    for (uint32_t n = 0; n < ref_stored_batch(y); n++)
        for (uint32_t c = 0; c < y->dims[1]; c++)
            for (uint32_t oh = 0; oh < y->dims[2]; oh++)
                for (uint32_t ow = 0; ow < y->dims[3]; ow++) {
                    const struct region rows = region_of(oh, x->dims[2], y->dims[2]);
                    const struct region columns = region_of(ow, x->dims[3], y->dims[3]);
                    double sum = 0;
                    for (uint32_t h = rows.begin; h < rows.end; h++)
                        for (uint32_t w = columns.begin; w < columns.end; w++)
                            sum += ref_get(x, n, c, h, w);
                    ref_set(y, n, c, oh, ow, sum / size_of(rows, columns));
                }
    return TUFF_OK;
}

// dx[n,c,h,w]: every region is asked whether it holds this input.
static double adaptive_backward_at(const struct tuff_adaptive_avg_pool2d_backward_args *args, uint32_t n,
                                   uint32_t c, uint32_t h, uint32_t w)
{
    const struct tuff_tensor *dx = args->dx; // (N,C,H,W)
    const struct tuff_tensor *dy = args->dy; // (N,C,OH,OW)
    double sum = 0;
    for (uint32_t oh = 0; oh < dy->dims[2]; oh++) {
        const struct region rows = region_of(oh, dx->dims[2], dy->dims[2]);
        for (uint32_t ow = 0; holds(rows, h) && ow < dy->dims[3]; ow++) {
            const struct region columns = region_of(ow, dx->dims[3], dy->dims[3]);
            if (holds(columns, w))
                sum += ref_get(dy, n, c, oh, ow) / size_of(rows, columns);
        }
    }
    return sum;
}

enum tuff_status ref_adaptive_avg_pool2d_backward(struct tuff_stream *stream,
                                                  const struct tuff_adaptive_avg_pool2d_backward_args *args)
{
    (void)stream;
    const struct tuff_tensor *dx = args->dx; // (N,C,H,W)
    for (uint32_t n = 0; n < ref_stored_batch(dx); n++)
        for (uint32_t c = 0; c < dx->dims[1]; c++)
            for (uint32_t h = 0; h < dx->dims[2]; h++)
                for (uint32_t w = 0; w < dx->dims[3]; w++)
                    ref_set(dx, n, c, h, w, adaptive_backward_at(args, n, c, h, w));
    return TUFF_OK;
}
