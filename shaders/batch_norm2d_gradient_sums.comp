#version 450
#extension GL_GOOGLE_include_directive : require
// Of each chunk of a channel: the sums of dy and of dy * (x - mean). With a ReLU, of dy where that let it through.
#include "include/storage.glsl"
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/fused_relu_backward.glsl"
#include "include/workgroup_sum.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Workspace
{
    float workspace[]; // coefficients; from p.partial on the partial sums
};
layout(std430, binding = 0) readonly buffer Coefficients
{
    uvec4 coefficients[]; // mean and others
};
layout(std430, binding = 1) readonly buffer DY
{
    STORED dy[];
};
layout(std430, binding = 2) readonly buffer X
{
    STORED x[];
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
    uint valid = coefficients[CHANNELS].x;
    uint count = chunk_elements(chunk, valid * PLANE);
    float center = uintBitsToFloat(coefficients[c].x);
    precise float sum = 0.0;
    precise float product = 0.0;
    for (uint i = lane; i < count; i += WIDTH) {
        uint at = element_of_channel(begin + i, c);
        float gradient = with_relu(at, float(dy[at]));
        sum += gradient;
        product += gradient * (float(x[at]) - center);
    }
    sum = sum_of_workgroup(sum);
    product = sum_of_workgroup(product);
    if (lane == 0u) {
        workspace[p.partial + partial_place(chunk, 0u, c)] = sum;
        workspace[p.partial + partial_place(chunk, 1u, c)] = product;
    }
}
