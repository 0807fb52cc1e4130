#version 450
#extension GL_GOOGLE_include_directive : require
// dweight and dbias from what the chunks left, in their order, and the coefficients of dx: mean, scale, offset, slope.
// One invocation per channel.
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) readonly buffer Workspace
{
    float workspace[]; // coefficients; from p.partial on the partial sums
};
layout(std430, binding = 0) buffer Coefficients
{
    uvec4 coefficients[]; // mean, scale, inverse; behind the channels' the samples that are there
};
layout(std430, binding = 1) writeonly buffer DWeight
{
    float dweight[];
};
layout(std430, binding = 2) writeonly buffer DBias
{
    float dbias[];
};

void main()
{
    uint c = element_number();
    if (c >= CHANNELS)
        return;
    uint present = coefficients[CHANNELS].x * PLANE;
    precise float sum = 0.0;
    precise float product = 0.0;
    for (uint chunk = 0u; chunk < p.chunks && chunk_elements(chunk, present) > 0u; chunk++) {
        sum += workspace[p.partial + partial_place(chunk, 0u, c)];
        product += workspace[p.partial + partial_place(chunk, 1u, c)];
    }
    float inverse = uintBitsToFloat(coefficients[c].z);
    precise float weight_gradient = product * inverse;
    dbias[c] = sum;
    dweight[c] = weight_gradient;
    precise float offset = sum / float(present);
    precise float slope = inverse * (weight_gradient / float(present));
    coefficients[c].z = floatBitsToUint(offset);
    coefficients[c].w = floatBitsToUint(slope);
}
