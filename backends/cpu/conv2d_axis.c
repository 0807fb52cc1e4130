// The axes of convolutions and of their input gradients.
#include "conv2d_axis.h"

// y[i] = sum over r of x[i*stride + r*dilation - pad] * w[r]
struct lanes_axis cpu_conv2d_forward_axis(const struct cpu_conv2d_dimension *d)
{
    return (struct lanes_axis){
        .out_step = 1,
        .out_count = d->out,
        .tap_step = 1,
        .tap_count = d->kernel,
        .in_first = -d->pad,
        .in_step = d->stride,
        .in_tap_step = d->dilation,
        .in_size = d->in,
    };
}

ptrdiff_t cpu_conv2d_phases(const struct cpu_conv2d_dimension *d)
{
    return d->stride < d->in ? d->stride : d->in;
}

// dx[h] = sum over r of dy[(h + pad - r*dilation) / stride] * w[r], for the r at which that divides. Of the h
// with h % stride == phase, every one has the same such r, evenly spaced: a correlation of its own.
struct lanes_axis cpu_conv2d_backward_axis(const struct cpu_conv2d_dimension *d, ptrdiff_t phase)
{
    const ptrdiff_t rest = (phase + d->pad) % d->stride; // of r*dilation
    struct lanes_axis axis = {
        .out_first = phase,
        .out_step = d->stride,
        .out_count = (d->in - 1 - phase) / d->stride + 1,
        .in_step = 1,
        .in_size = d->out,
    };
    ptrdiff_t r = 0;
    while (r < d->kernel && r * d->dilation % d->stride != rest)
        r++;
    if (r == d->kernel)
        return axis; // no tap ever meets these
    axis.tap_first = r;
    axis.tap_step = 1;
    while (axis.tap_step * d->dilation % d->stride != 0)
        axis.tap_step++;
    axis.tap_count = (d->kernel - 1 - r) / axis.tap_step + 1;
    axis.in_first = (phase + d->pad - r * d->dilation) / d->stride; // exact
    axis.in_tap_step = -(axis.tap_step * d->dilation / d->stride);
    return axis;
}

struct cpu_conv2d_dimension cpu_conv2d_rows(const struct cpu_conv2d *conv)
{
    return (struct cpu_conv2d_dimension){conv->height,   conv->out_h,      conv->kernel_h,
                                         conv->stride_h, conv->dilation_h, conv->pad_top};
}

struct cpu_conv2d_dimension cpu_conv2d_columns(const struct cpu_conv2d *conv)
{
    return (struct cpu_conv2d_dimension){conv->width,    conv->out_w,      conv->kernel_w,
                                         conv->stride_w, conv->dilation_w, conv->pad_left};
}
