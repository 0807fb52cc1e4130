#version 450
#extension GL_GOOGLE_include_directive : require
// dx = dy - exp(y) * sum of dy. One invocation per sample; the sum runs over the classes in order.
#include "include/loss_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DX
{
    float dx[];
};
layout(std430, binding = 1) readonly buffer DY
{
    float dy[];
};
layout(std430, binding = 2) readonly buffer Y
{
    float y[];
};
layout(push_constant) uniform Push
{
    vk_loss_push p;
};

void main()
{
    uint n = element_number();
    if (n >= p.batch)
        return;
    uint row = n * p.features;
    precise float sum = 0.0;
    for (uint k = 0u; k < p.features; k++)
        sum += dy[row + k];
    for (uint k = 0u; k < p.features; k++) {
        precise float value = dy[row + k] - exp(y[row + k]) * sum;
        dx[row + k] = value;
    }
}
