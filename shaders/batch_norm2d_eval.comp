#version 450
#extension GL_GOOGLE_include_directive : require
// What normalizing in evaluation needs of each channel, in the form in which training finds it. One invocation per
// channel.
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Coefficients
{
    uvec4 coefficients[]; // mean, scale, variance, samples that are there
};
layout(std430, binding = 1) readonly buffer RunningMean
{
    float running_mean[];
};
layout(std430, binding = 2) readonly buffer RunningVariance
{
    float running_variance[];
};
layout(std430, binding = 3) readonly buffer Weight
{
    float weight[]; // without affine something else, which is not read
};

void main()
{
    uint c = element_number();
    if (c >= CHANNELS)
        return;
    float variance = running_variance[c];
    precise float scale = 1.0 / sqrt(variance + p.epsilon);
    if (p.affine != 0u)
        scale *= weight[c];
    coefficients[c] =
        uvec4(floatBitsToUint(running_mean[c]), floatBitsToUint(scale), floatBitsToUint(variance), p.samples);
}
