#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dx of convolution, ReLU and max pooling in one: each invocation computes a tile of dx, as large as the windows'
// stride and with padding counted in aligned to it, for a block of channels. It reads dy and winner of the windows that
// the tile's elements took part in.
#include "include/storage.glsl"
#include "include/conv2d_relu_max_pool2d_push.h"
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
layout(std430, binding = 2) readonly buffer Winner
{
    uint winner[];
};
#include "include/conv2d_relu_max_pool2d.glsl"
#include "include/conv2d_weights.glsl"

const uint TILE = POOL_STRIDE_H * POOL_STRIDE_W;
// Windows above the tile's own, and to the left of it.
const uint REACH_H = (KERNEL_H + POOL_STRIDE_H - 2u) / POOL_STRIDE_H;
const uint REACH_W = (KERNEL_W + POOL_STRIDE_W - 2u) / POOL_STRIDE_W;

void main()
{
    uint number = workgroup_number();
    uint block = number / p.groups_of_tiles;
    uint tile = (number - block * p.groups_of_tiles) * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
    uint line = tile / p.tiles_w;
    uint image = line / p.tiles_h;
    if (image >= p.batch || block >= BLOCKS)
        return;
    uint first = BLOCKS == 1u ? 0u : block * BLOCK;
    // The tile's own window, and where it begins in x with padding.
    uint ph = line - image * p.tiles_h + p.pad_top / POOL_STRIDE_H;
    uint pw = tile - line * p.tiles_w + p.pad_left / POOL_STRIDE_W;

    float sums[BLOCK * TILE];
    [[unroll]] for (uint i = 0u; i < BLOCK * TILE; i++)
        sums[i] = 0.0;
    for (uint k = 0u; k < INNER; k++) {
        uint plane = (image * INNER + k) * p.out_h * p.out_w;
        [[unroll]] for (uint window = 0u; window < (REACH_H + 1u) * (REACH_W + 1u); window++) {
            uint up = window / (REACH_W + 1u);
            uint left = window % (REACH_W + 1u);
            // Below zero it wraps to a large number.
            bool inside = ph - up < p.out_h && pw - left < p.out_w;
            uint at = inside ? plane + (ph - up) * p.out_w + pw - left : 0u;
            uint won = winner[at / 4u] >> (at % 4u * 8u) & 255u;
            float loaded = float(dy[at]);
            [[unroll]] for (uint i = 0u; i < POOL; i++) {
                float gradient = inside && won == i ? loaded : 0.0; // of z here
                [[unroll]] for (uint j = 0u; j < TILE; j++) {
                    // Which weight led from the tile's element to that of z; too large if none did.
                    uint r = j / POOL_STRIDE_W + up * POOL_STRIDE_H - i / POOL_W;
                    uint s = j % POOL_STRIDE_W + left * POOL_STRIDE_W - i % POOL_W;
                    if (r >= KERNEL_H || s >= KERNEL_W)
                        continue;
                    [[unroll]] for (uint f = 0u; f < BLOCK; f++) {
                        uint c = BLOCKS == 1u ? f : min(first + f, p.channels - 1u);
                        sums[f * TILE + j] += gradient * weight_at(((k * p.channels + c) * KERNEL_H + r) * KERNEL_W + s);
                    }
                }
            }
        }
    }
    [[unroll]] for (uint f = 0u; f < BLOCK; f++) {
        if (BLOCKS > 1u && first + f >= p.channels)
            continue;
        [[unroll]] for (uint j = 0u; j < TILE; j++) {
            uint h = ph * POOL_STRIDE_H + j / POOL_STRIDE_W - p.pad_top;
            uint w = pw * POOL_STRIDE_W + j % POOL_STRIDE_W - p.pad_left;
            uint to = ((image * p.channels + first + f) * p.in_h + h) * p.in_w + w;
            if (h < p.in_h && w < p.in_w)
                dx[to] = STORED(with_relu(to, sums[f * TILE + j]));
        }
    }
}
