#version 450
#extension GL_GOOGLE_include_directive : require
// dx = scale * (dy - offset - (x - mean) * slope); zeros for absent samples.
#include "include/storage.glsl"
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DX
{
    STORED dx[];
};
layout(std430, binding = 1) readonly buffer DY
{
    STORED dy[];
};
layout(std430, binding = 2) readonly buffer X
{
    STORED x[];
};
layout(std430, binding = 3) readonly buffer Coefficients
{
    uvec4 coefficients[]; // mean, scale, offset, slope; behind the channels' the samples that are there
};

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint plane = i / PLANE;
    uint n = plane / CHANNELS;
    float value = input_gradient(coefficients[plane - n * CHANNELS], float(dy[i]), float(x[i]));
    dx[i] = STORED(n < coefficients[CHANNELS].x ? value : 0.0);
}
