#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dweight for few channels: each invocation (a worker) sums over every p.workers-th strip of dy, for one channel of x
// and a block of filters, and leaves partial sums: partial[worker][filter][column], a column per weight of the
// filter and one more for dbias if there is one.
#include "include/storage.glsl"
#include "include/conv2d_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Partial
{
    float partial[];
};
layout(std430, binding = 1) readonly buffer DY
{
    STORED dy[];
};
layout(std430, binding = 2) readonly buffer X
{
    STORED x[];
};
#include "include/conv2d_direct.glsl"

layout(constant_id = 11) const uint RAGGED = 0u; // 1: rows of dy are not whole strips

const uint COLUMNS = (STRIP - 1u) * STRIDE_W + (KERNEL_W - 1u) * DILATION_W + 1u; // of x under a strip

void main()
{
    // Neighbouring invocations are neighbouring workers, so that they load neighbouring strips.
    uint number = element_number();
    uint worker = number % p.workers;
    uint task = number / p.workers;
    uint c = task % INNER; // in the group; INNER is all its channels
    uint block = task / INNER;
    if (block >= GROUPS * BLOCKS)
        return;
    uint group = block / BLOCKS;
    uint first = block % BLOCKS * BLOCK;

    float sums[BLOCK * WINDOW];
    float bias_sums[BLOCK];
    [[unroll]] for (uint i = 0u; i < BLOCK * WINDOW; i++)
        sums[i] = 0.0;
    [[unroll]] for (uint f = 0u; f < BLOCK; f++)
        bias_sums[f] = 0.0;
    for (uint strip = worker; strip < p.strips; strip += p.workers) {
        uint line = strip / p.strips_in_row;
        uint image = line / p.out_h;
        uint oh = line - image * p.out_h;
        uint ow = (strip - line * p.strips_in_row) * STRIP;
        float gradients[BLOCK * STRIP];
        [[unroll]] for (uint f = 0u; f < BLOCK; f++) {
            uint k = group * p.group_filters + min(first + f, p.group_filters - 1u);
            uint start = ((image * p.filters + k) * p.out_h + oh) * p.out_w;
            [[unroll]] for (uint j = 0u; j < STRIP; j++) {
                float value = float(dy[start + min(ow + j, p.out_w - 1u)]);
                gradients[f * STRIP + j] = ow + j < p.out_w ? value : 0.0;
                bias_sums[f] += gradients[f * STRIP + j];
            }
        }
        uint plane = (image * p.channels + group * INNER + c) * p.in_h;
        [[unroll]] for (uint r = 0u; r < KERNEL_H; r++) {
            int h = int(oh * STRIDE_H + r * DILATION_H) - int(p.pad_top);
            bool row_inside = h >= 0 && h < int(p.in_h);
            uint start = (plane + uint(h)) * p.in_w;
            float values[COLUMNS];
            [[unroll]] for (uint column = 0u; column < COLUMNS; column++) {
                int w = int(ow * STRIDE_W + column) - int(p.pad_left);
                bool value_inside = row_inside && w >= 0 && w < int(p.in_w);
                float value = float(x[value_inside ? start + uint(w) : 0u]);
                values[column] = value_inside ? value : 0.0;
            }
            [[unroll]] for (uint f = 0u; f < BLOCK; f++) {
                [[unroll]] for (uint s = 0u; s < KERNEL_W; s++) {
                    [[unroll]] for (uint j = 0u; j < STRIP; j++) {
                        float product = gradients[f * STRIP + j] * values[j * STRIDE_W + s * DILATION_W];
                        // Behind the row's end x may be infinite, and 0 times that is not 0.
                        if (RAGGED == 0u || ow + j < p.out_w)
                            sums[(f * KERNEL_H + r) * KERNEL_W + s] += product;
                    }
                }
            }
        }
    }
    uint columns = INNER * WINDOW + p.bias;
    [[unroll]] for (uint f = 0u; f < BLOCK; f++) {
        if (first + f >= p.group_filters)
            continue;
        uint k = group * p.group_filters + first + f;
        uint start = (worker * p.filters + k) * columns;
        [[unroll]] for (uint i = 0u; i < WINDOW; i++)
            partial[start + c * WINDOW + i] = sums[f * WINDOW + i];
        if (p.bias != 0u && c == 0u)
            partial[start + INNER * WINDOW] = bias_sums[f];
    }
}
