#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dx for few channels and stride 1: each invocation computes a strip of dx for a block of channels.
#include "include/storage.glsl"
#include "include/conv2d_dx.glsl"
#include "include/conv2d_push.h"
#include "include/fused_relu_backward.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 1) readonly buffer DY
{
    STORED dy[];
};
#include "include/conv2d_direct.glsl"
#include "include/conv2d_weights.glsl"

const uint REACH = (KERNEL_W - 1u) * DILATION_W; // columns of dy to the left of the strip
const uint COLUMNS = STRIP + REACH;

void main()
{
    conv2d_place place = find_place(p.in_h);
    int h0 = int(place.row + p.pad_top);
    int w0 = int(place.column + p.pad_left) - int(REACH);

    float sums[BLOCK * STRIP];
    [[unroll]] for (uint i = 0u; i < BLOCK * STRIP; i++)
        sums[i] = 0.0;
    for (uint f = 0u; f < INNER; f++) {
        uint k = place.group * INNER + f;
        uint plane = (place.image * p.filters + k) * p.out_h;
        [[unroll]] for (uint r = 0u; r < KERNEL_H; r++) {
            int h = h0 - int(r * DILATION_H);
            bool row_inside = h >= 0 && h < int(p.out_h);
            uint start = (plane + uint(h)) * p.out_w;
            float values[COLUMNS];
            [[unroll]] for (uint column = 0u; column < COLUMNS; column++) {
                int w = w0 + int(column);
                bool value_inside = row_inside && w >= 0 && w < int(p.out_w);
                float value = float(dy[value_inside ? start + uint(w) : 0u]);
                values[column] = value_inside ? value : 0.0;
            }
            [[unroll]] for (uint s = 0u; s < KERNEL_W; s++) {
                [[unroll]] for (uint i = 0u; i < BLOCK; i++) {
                    uint c = block_channel(place, i, p.group_channels);
                    float factor = weight_at(((k * p.group_channels + c) * KERNEL_H + r) * KERNEL_W + s);
                    [[unroll]] for (uint j = 0u; j < STRIP; j++)
                        sums[i * STRIP + j] += values[j + REACH - s * DILATION_W] * factor;
                }
            }
        }
    }
    if (!place.inside)
        return;
    [[unroll]] for (uint i = 0u; i < BLOCK; i++) {
        if (place.first + i >= p.group_channels)
            continue;
        uint c = place.group * p.group_channels + place.first + i;
        uint line = ((place.image * p.channels + c) * p.in_h + place.row) * p.in_w;
        [[unroll]] for (uint j = 0u; j < STRIP; j++) {
            uint at = line + place.column + j;
            if (place.column + j < p.in_w)
                store_dx(at, with_relu(at, sums[i * STRIP + j]));
        }
    }
}
