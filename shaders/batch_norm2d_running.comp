#version 450
#extension GL_GOOGLE_include_directive : require
// The running statistics move towards this step's, the variance towards the unbiased one. One invocation per channel.
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer RunningMean
{
    float running_mean[];
};
layout(std430, binding = 1) buffer RunningVariance
{
    float running_variance[];
};
layout(std430, binding = 2) readonly buffer Coefficients
{
    uvec4 coefficients[]; // mean, scale, biased variance, samples that are there
};

void main()
{
    uint c = element_number();
    if (c >= CHANNELS)
        return;
    uvec4 of = coefficients[c];
    precise float keep = 1.0 - p.momentum;
    precise float mean = keep * running_mean[c] + p.momentum * uintBitsToFloat(of.x);
    running_mean[c] = mean;
    uint count = of.w * PLANE;
    if (count > 1u) { // a single element says nothing of the variance
        precise float unbiased = uintBitsToFloat(of.z) * (float(count) / float(count - 1u));
        precise float variance = keep * running_variance[c] + p.momentum * unbiased;
        running_variance[c] = variance;
    }
}
