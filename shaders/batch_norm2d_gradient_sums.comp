#version 450
#extension GL_GOOGLE_include_directive : require
// Of each chunk of a channel: the sums of dy and of dy * (x - mean).
#include "include/storage.glsl"
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/workgroup_sum.glsl"
#include "include/step_state.glsl"
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
layout(std430, binding = 3) readonly buffer Mean
{
    float mean[];
};

void main()
{
    uint number = workgroup_number();
    if (number >= CHANNELS * p.chunks) // the whole workgroup alike
        return;
    uint chunk = number / CHANNELS;
    uint c = number - chunk * CHANNELS;
    uint lane = gl_LocalInvocationID.x;
    uint begin = chunk * p.chunk;
    uint count = chunk_elements(chunk, step_valid() * PLANE);
    float center = mean[c];
    precise float sum = 0.0;
    precise float product = 0.0;
    for (uint i = lane; i < count; i += WIDTH) {
        uint at = element_of_channel(begin + i, c);
        float gradient = float(dy[at]);
        sum += gradient;
        product += gradient * (float(x[at]) - center);
    }
    sum = sum_of_workgroup(sum);
    product = sum_of_workgroup(product);
    if (lane == 0u) {
        partial[partial_place(chunk, 0u, c)] = sum;
        partial[partial_place(chunk, 1u, c)] = product;
    }
}
