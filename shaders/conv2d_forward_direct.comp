#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// y = conv(x, weight) + bias for few channels: each invocation computes a strip of y for a block of filters.
#include "include/storage.glsl"
#include "include/conv2d_push.h"
#include "include/fused_relu.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    STORED y[];
};
layout(std430, binding = 1) readonly buffer X
{
    STORED x[];
};
layout(std430, binding = 2) readonly buffer Bias
{
    float bias[];
};
#include "include/conv2d_direct.glsl"
#include "include/conv2d_weights.glsl"

const uint COLUMNS = (STRIP - 1u) * STRIDE_W + (KERNEL_W - 1u) * DILATION_W + 1u; // of x under a strip

void main()
{
    conv2d_place place = find_place(p.out_h);
    int h0 = int(place.row * STRIDE_H) - int(p.pad_top);
    int w0 = int(place.column * STRIDE_W) - int(p.pad_left);

    float sums[BLOCK * STRIP];
    [[unroll]] for (uint i = 0u; i < BLOCK * STRIP; i++)
        sums[i] = 0.0;
    for (uint c = 0u; c < INNER; c++) {
        uint plane = (place.image * p.channels + place.group * INNER + c) * p.in_h;
        [[unroll]] for (uint r = 0u; r < KERNEL_H; r++) {
            int h = h0 + int(r * DILATION_H);
            bool row_inside = h >= 0 && h < int(p.in_h);
            uint start = (plane + uint(h)) * p.in_w;
            float values[COLUMNS];
            [[unroll]] for (uint column = 0u; column < COLUMNS; column++) {
                int w = w0 + int(column);
                bool value_inside = row_inside && w >= 0 && w < int(p.in_w);
                float value = float(x[value_inside ? start + uint(w) : 0u]);
                values[column] = value_inside ? value : 0.0;
            }
            [[unroll]] for (uint s = 0u; s < KERNEL_W; s++) {
                [[unroll]] for (uint f = 0u; f < BLOCK; f++) {
                    uint k = place.group * p.group_filters + block_channel(place, f, p.group_filters);
                    float factor = weight_at(((k * INNER + c) * KERNEL_H + r) * KERNEL_W + s);
                    [[unroll]] for (uint j = 0u; j < STRIP; j++)
                        sums[f * STRIP + j] += values[j * STRIDE_W + s * DILATION_W] * factor;
                }
            }
        }
    }
    if (!place.inside)
        return;
    [[unroll]] for (uint f = 0u; f < BLOCK; f++) {
        // llvmpipe of Mesa 26 loses float16 stores otherwise. With a ReLU before them: no `continue`; without: with it.
        bool filter_inside = place.first + f < p.group_filters;
        if (RELU == 0u && !filter_inside)
            continue;
        uint k = place.group * p.group_filters + place.first + f;
        uint line = ((place.image * p.filters + k) * p.out_h + place.row) * p.out_w;
        float start = p.bias != 0u && filter_inside ? bias[k] : 0.0;
        [[unroll]] for (uint j = 0u; j < STRIP; j++) {
            if (filter_inside && place.column + j < p.out_w)
                y[line + place.column + j] = STORED(with_relu(sums[f * STRIP + j] + start));
        }
    }
}
