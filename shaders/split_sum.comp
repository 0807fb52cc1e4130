#version 450
#extension GL_GOOGLE_include_directive : require
// The sum of the partial results of a split product: dweight, and dbias from the last column. A workgroup sums
// WIDTH elements; LANES invocations share the partial results of one.
#include "include/gemm_push.h"
#include "include/workgroup.glsl"

// Their product is the workgroup's size. The order of the sum hangs on LANES, so it is fixed.
const uint WIDTH = 32u;
const uint LANES = 4u;

layout(std430, binding = 0) writeonly buffer DWeight
{
    float dweight[];
};
layout(std430, binding = 1) writeonly buffer DBias
{
    float dbias[];
};
layout(std430, binding = 2) readonly buffer Partial
{
    float partial[];
};
layout(push_constant) uniform Push
{
    vk_split_sum_push p;
};

shared float sums[WIDTH * LANES];

void main()
{
    uint column_in_group = gl_LocalInvocationID.x % WIDTH;
    uint lane = gl_LocalInvocationID.x / WIDTH;
    uint i = workgroup_number() * WIDTH + column_in_group;
    uint count = p.rows * p.columns;
    precise float sum = 0.0;
    if (i < count)
        for (uint split = lane; split < p.splits; split += LANES)
            sum += partial[split * count + i];
    sums[gl_LocalInvocationID.x] = sum;
    barrier();
    if (lane != 0u || i >= count)
        return;
    for (uint other = 1u; other < LANES; other++)
        sum += sums[other * WIDTH + column_in_group];
    uint row = i / p.columns;
    uint column = i - row * p.columns;
    uint weights = p.columns - p.bias;
    if (column < weights)
        dweight[row * weights + column] = sum;
    else
        dbias[row] = sum;
}
