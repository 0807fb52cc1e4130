#version 450
#extension GL_GOOGLE_include_directive : require
// As batch_norm2d_backward, with dy where the ReLU let it through. The coefficients are a uniform buffer, since y is the
// fourth storage buffer.
#include "include/storage.glsl"
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/fused_relu_backward.glsl"
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
layout(std140, binding = 4) uniform Coefficients
{
    uvec4 coefficients[VK_BATCH_NORM2D_UNIFORM]; // mean, scale, offset, slope; behind the channels' the samples
};

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint plane = i / PLANE;
    uint n = plane / CHANNELS;
    float gradient = with_relu(i, float(dy[i]));
    float value = input_gradient(coefficients[plane - n * CHANNELS], gradient, float(x[i]));
    dx[i] = STORED(n < coefficients[CHANNELS].x ? value : 0.0);
}
