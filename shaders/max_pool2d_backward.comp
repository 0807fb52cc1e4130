#version 450
#extension GL_GOOGLE_include_directive : require
// dx = the sum of dy over the windows that this element won. One invocation per element of dx gathers from the
// windows that may hold it, in row-major order of the windows, so that no atomics are needed.
#include "include/storage.glsl"
#include "include/max_pool2d_push.h"
#include "include/fused_relu_backward.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DX
{
    STORED dx[];
};
layout(std430, binding = 1) readonly buffer DY
{
    STORED dy[];
};
layout(std430, binding = 2) readonly buffer Index
{
    uint index[];
};
#include "include/max_pool2d.glsl"

const uint REACH_H = (KERNEL_H - 1u) * DILATION_H; // from a window's first row to its last
const uint REACH_W = (KERNEL_W - 1u) * DILATION_W;

// The first window that reaches so far.
uint first_window(uint place, uint reach, uint stride)
{
    return place > reach ? (place - reach + stride - 1u) / stride : 0u;
}

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint w = i % p.in_w;
    uint row = i / p.in_w;
    uint h = row % p.in_h;
    uint plane = row / p.in_h * (p.out_h * p.out_w);
    uint here = h * p.in_w + w;

    // Windows between whose first and last row the element lies. Those that dilation makes skip it cannot have
    // chosen it.
    uint padded_h = h + p.pad_top;
    uint padded_w = w + p.pad_left;
    uint last_oh = min(padded_h / STRIDE_H, p.out_h - 1u);
    uint last_ow = min(padded_w / STRIDE_W, p.out_w - 1u);
    precise float sum = 0.0;
    for (uint oh = first_window(padded_h, REACH_H, STRIDE_H); oh <= last_oh; oh++) {
        for (uint ow = first_window(padded_w, REACH_W, STRIDE_W); ow <= last_ow; ow++) {
            uint at = plane + oh * p.out_w + ow;
            if (index[at] == here)
                sum += float(dy[at]);
        }
    }
    dx[i] = STORED(with_relu(i, sum));
}
