// How output positions, taps and input positions of a convolution relate along one dimension.
#ifndef TUFF_CPU_CONV2D_AXIS_H
#define TUFF_CPU_CONV2D_AXIS_H

#include "conv2d.h"

// One dimension of the convolution: image size, outputs, kernel, stride, dilation and the padding before.
struct cpu_conv2d_dimension {
    ptrdiff_t in, out, kernel, stride, dilation, pad;
};

struct cpu_conv2d_dimension cpu_conv2d_rows(const struct cpu_conv2d *conv);
struct cpu_conv2d_dimension cpu_conv2d_columns(const struct cpu_conv2d *conv);

// y[i] = sum over r of x[i*stride + r*dilation - pad] * w[r]
struct lanes_axis cpu_conv2d_forward_axis(const struct cpu_conv2d_dimension *d);
// dx[h] = sum over r of dy[(h + pad - r*dilation) / stride] * w[r], of the h with h % stride == phase.
struct lanes_axis cpu_conv2d_backward_axis(const struct cpu_conv2d_dimension *d, ptrdiff_t phase);
// How many phases have such an h.
ptrdiff_t cpu_conv2d_phases(const struct cpu_conv2d_dimension *d);

#endif
