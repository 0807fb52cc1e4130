#version 450
#extension GL_GOOGLE_include_directive : require
// What backward knows of each channel before it has summed: mean, inverse, scale. Behind the channels' the number of
// samples that are there. One invocation per channel.
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Coefficients
{
    uvec4 coefficients[];
};
layout(std430, binding = 1) readonly buffer Mean
{
    float mean[];
};
layout(std430, binding = 2) readonly buffer Inverse
{
    float inverse[];
};
layout(std430, binding = 3) readonly buffer Weight
{
    float weight[]; // without affine something else, which is not read
};

void main()
{
    uint c = element_number();
    if (c == 0u)
        coefficients[CHANNELS] = uvec4(step_valid(), 0u, 0u, 0u);
    if (c >= CHANNELS)
        return;
    precise float scale = inverse[c];
    if (p.affine != 0u)
        scale *= weight[c];
    coefficients[c] = uvec4(floatBitsToUint(mean[c]), floatBitsToUint(scale), floatBitsToUint(inverse[c]), 0u);
}
