#version 450
#extension GL_GOOGLE_include_directive : require
// What normalizing needs of each channel, in one place: mean, inverse * weight, bias, samples that are there.
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Coefficients
{
    uvec4 coefficients[];
};
layout(std430, binding = 1) readonly buffer Statistics
{
    uvec4 statistics[];
};
layout(std430, binding = 2) readonly buffer Weight
{
    float weight[]; // without affine something else, which is not read
};
layout(std430, binding = 3) readonly buffer Bias
{
    float bias[];
};

void main()
{
    uint c = element_number();
    if (c >= CHANNELS)
        return;
    uvec4 s = statistics[c];
    precise float scale = uintBitsToFloat(s.y);
    float offset = 0.0;
    if (p.affine != 0u) {
        scale *= weight[c];
        offset = bias[c];
    }
    coefficients[c] = uvec4(s.x, floatBitsToUint(scale), floatBitsToUint(offset), s.w);
}
