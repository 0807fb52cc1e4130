#version 450
#extension GL_GOOGLE_include_directive : require
// y = (x - mean) * scale + bias, through a ReLU if there is one; zeros for absent samples. y may be x.
#include "include/storage.glsl"
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/fused_relu.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    STORED y[];
};
layout(std430, binding = 1) readonly buffer X
{
    STORED x[];
};
layout(std430, binding = 2) readonly buffer Coefficients
{
    uvec4 coefficients[]; // mean, scale, not read here, samples that are there
};
layout(std430, binding = 3) readonly buffer Bias
{
    float bias[]; // without affine something else, which is not read
};

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint plane = i / PLANE;
    uint n = plane / CHANNELS;
    uint c = plane - n * CHANNELS;
    uvec4 of = coefficients[c];
    float offset = p.affine != 0u ? bias[c] : 0.0;
    precise float value = (float(x[i]) - uintBitsToFloat(of.x)) * uintBitsToFloat(of.y) + offset;
    y[i] = STORED(n < of.w ? with_relu(value) : 0.0);
}
