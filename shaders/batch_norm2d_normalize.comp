#version 450
#extension GL_GOOGLE_include_directive : require
// y = (x - mean) * scale + offset; zeros for absent samples. y may be x.
#include "include/storage.glsl"
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
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
    uvec4 coefficients[];
};

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint plane = i / PLANE;
    uint n = plane / CHANNELS;
    uvec4 of = coefficients[plane - n * CHANNELS];
    precise float value =
        (float(x[i]) - uintBitsToFloat(of.x)) * uintBitsToFloat(of.y) + uintBitsToFloat(of.z);
    y[i] = STORED(n < of.w ? value : 0.0);
}
