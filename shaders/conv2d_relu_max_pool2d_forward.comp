#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// y = max_pool(relu(conv(x, weight) + bias)) and where in its window each came from. A workgroup makes whole images of a
// block of filters, as many as fill whole words of winners, which it gathers in shared memory: four winners share a
// word. Each invocation computes a window at a time for all filters of the block.
#include "include/storage.glsl"
#include "include/conv2d_relu_max_pool2d_push.h"
#include "include/relu.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    STORED_BITS y[];
};
layout(std430, binding = 1) writeonly buffer Winner
{
    uint winner[];
};
layout(std430, binding = 2) readonly buffer X
{
    STORED x[];
};
layout(std430, binding = 3) readonly buffer Bias
{
    float bias[];
};
#include "include/conv2d_relu_max_pool2d.glsl"
#include "include/conv2d_relu_max_pool2d_patch.glsl"
#include "include/conv2d_weights.glsl"

layout(constant_id = 11) const uint STAGED = 1u; // winners of a workgroup; 1: none are wanted

shared uint staged[STAGED];

// The bits of a float as a number of which more is greater if it is above zero, with every NaN above all; those that are
// not above zero give none that is.
int order_of(float value)
{
    uint bits = floatBitsToUint(value);
    return int(bits > 0xff800000u ? bits & 0x7fffffffu : bits);
}

// The first filter's place in `staged` is `at`, in y it is `out_at`. kept: whether there is such a window.
void compute_window(uint image, uint first, uint ph, uint pw, uint at, uint out_at, uint positions, bool kept)
{
    float sums[BLOCK * POOL];
    [[unroll]] for (uint i = 0u; i < BLOCK * POOL; i++)
        sums[i] = 0.0;
    for (uint c = 0u; c < INNER; c++) {
        load_patch((image * INNER + c) * p.in_h * p.in_w, ph, pw);
        [[unroll]] for (uint r = 0u; r < KERNEL_H; r++) {
            [[unroll]] for (uint s = 0u; s < KERNEL_W; s++) {
                [[unroll]] for (uint f = 0u; f < BLOCK; f++) {
                    uint k = BLOCKS == 1u ? f : min(first + f, p.filters - 1u);
                    float factor = weight_at(((k * INNER + c) * KERNEL_H + r) * KERNEL_W + s);
                    [[unroll]] for (uint i = 0u; i < POOL; i++)
                        sums[f * POOL + i] += patch_values[(r + i / POOL_W) * PATCH_W + s + i % POOL_W] * factor;
                }
            }
        }
    }
    [[unroll]] for (uint f = 0u; f < BLOCK; f++) {
        if (!kept || (BLOCKS > 1u && first + f >= p.filters))
            continue;
        float start = p.bias != 0u ? bias[first + f] : 0.0;
        int best = 0;
        uint won = NO_WINNER;
        [[unroll]] for (uint i = 0u; i < POOL; i++) {
            int order = order_of(sums[f * POOL + i] + start);
            won = order > best ? i : won;
            best = max(order, best);
        }
        y[out_at + f * positions] = FROM_BITS(uint(best));
        if (STAGED > 1u)
            staged[at + f * positions] = relu_positive(uint(best)) ? won : NO_WINNER;
    }
}

void main()
{
    uint number = workgroup_number();
    uint unit = number / BLOCKS;
    uint first = number % BLOCKS * BLOCK;
    uint positions = p.out_h * p.out_w;
    uint image0 = unit * p.images;
    uint images = image0 < p.batch ? min(p.images, p.batch - image0) : 0u;
    uint base = (image0 * p.filters + first) * positions;
    uint tasks = images * positions;
    // All invocations make all rounds, those without a window with the last one's: newer llvmpipe drivers read from
    // address 0 where none of a vector's lanes is in a loop.
    for (uint begin = 0u; begin < tasks; begin += gl_WorkGroupSize.x) {
        uint own = begin + gl_LocalInvocationID.x;
        uint task = min(own, tasks - 1u);
        uint image = task / positions;
        uint position = task - image * positions;
        uint ph = position / p.out_w;
        uint at = image * p.filters * positions + position;
        compute_window(image0 + image, first, ph, position - ph * p.out_w, at, base + at, positions,
                       own < tasks);
    }
    if (STAGED == 1u)
        return;
    barrier();
    // With several blocks there is one image.
    uint count = (BLOCKS == 1u ? images * p.filters : min(BLOCK, p.filters - first)) * positions;
    count = images == 0u ? 0u : count;
    for (uint word = gl_LocalInvocationID.x; word * 4u < count; word += gl_WorkGroupSize.x) {
        uint bits = 0u;
        [[unroll]] for (uint i = 0u; i < 4u; i++)
            bits |= (word * 4u + i < count ? staged[word * 4u + i] : 0u) << (8u * i);
        winner[base / 4u + word] = bits;
    }
}
