#version 450
#extension GL_GOOGLE_include_directive : require
// dweight and dbias from what the chunks left, in their order, and of the coefficients of dx (mean, scale, offset,
// slope) those that follow from them. One invocation per channel.
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Workspace
{
    float workspace[]; // four coefficients per channel; from p.partial on the partial sums
};
layout(std430, binding = 1) writeonly buffer DWeight
{
    float dweight[];
};
layout(std430, binding = 2) writeonly buffer DBias
{
    float dbias[];
};
layout(std430, binding = 3) readonly buffer Inverse
{
    float inverse[];
};

void main()
{
    uint c = element_number();
    if (c >= CHANNELS)
        return;
    uint present = step_valid() * PLANE;
    precise float sum = 0.0;
    precise float product = 0.0;
    for (uint chunk = 0u; chunk < p.chunks && chunk_elements(chunk, present) > 0u; chunk++) {
        sum += workspace[p.partial + partial_place(chunk, 0u, c)];
        product += workspace[p.partial + partial_place(chunk, 1u, c)];
    }
    precise float weight_gradient = product * inverse[c];
    dbias[c] = sum;
    dweight[c] = weight_gradient;
    workspace[4u * c + 1u] = inverse[c];
    precise float offset = sum / float(present);
    precise float slope = inverse[c] * (weight_gradient / float(present));
    workspace[4u * c + 2u] = offset;
    workspace[4u * c + 3u] = slope;
}
