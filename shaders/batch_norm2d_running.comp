#version 450
#extension GL_GOOGLE_include_directive : require
// The running statistics move towards this step's, the variance towards the unbiased one, if both are finite. One
// invocation per channel.
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

// By its bits, since a driver may take for granted that floats are.
bool is_finite(uint bits)
{
    return (bits & 0x7f800000u) != 0x7f800000u;
}

void main()
{
    uint c = element_number();
    if (c >= CHANNELS)
        return;
    uvec4 of = coefficients[c];
    precise float keep = 1.0 - p.momentum;
    uint count = of.w * PLANE;
    precise float unbiased = 0.0;
    if (count > 1u) // a single element says nothing of the variance
        unbiased = uintBitsToFloat(of.z) * (float(count) / float(count - 1u));
    if (!is_finite(of.x) || !is_finite(floatBitsToUint(unbiased)))
        return;
    precise float mean = keep * running_mean[c] + p.momentum * uintBitsToFloat(of.x);
    running_mean[c] = mean;
    if (count > 1u) {
        precise float variance = keep * running_variance[c] + p.momentum * unbiased;
        running_variance[c] = variance;
    }
}
