#version 450
#extension GL_GOOGLE_include_directive : require
// The statistics of evaluation, in the form in which training finds its own. One invocation per channel.
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Statistics
{
    uvec4 statistics[];
};
layout(std430, binding = 1) readonly buffer RunningMean
{
    float running_mean[];
};
layout(std430, binding = 2) readonly buffer RunningVariance
{
    float running_variance[];
};

void main()
{
    uint c = element_number();
    if (c >= CHANNELS)
        return;
    float variance = running_variance[c];
    precise float inverse = 1.0 / sqrt(variance + p.epsilon);
    statistics[c] = uvec4(floatBitsToUint(running_mean[c]), floatBitsToUint(inverse), floatBitsToUint(variance),
                          p.samples);
}
