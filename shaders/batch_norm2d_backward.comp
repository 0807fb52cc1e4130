#version 450
#extension GL_GOOGLE_include_directive : require
// dx = scale * (dy - offset - (x - mean) * slope); zeros for absent samples.
#include "include/storage.glsl"
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/step_state.glsl"
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
    vec4 coefficients[]; // mean, scale, offset, slope
};

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint plane = i / PLANE;
    uint n = plane / CHANNELS;
    vec4 of = coefficients[plane - n * CHANNELS];
    precise float value = of.y * ((float(dy[i]) - of.z) - (float(x[i]) - of.x) * of.w);
    dx[i] = STORED(n < step_valid() ? value : 0.0);
}
