#version 450
#extension GL_GOOGLE_include_directive : require
// dx = dy - exp(y) * sum of dy
#include "include/loss_push.h"
#include "include/workgroup.glsl"
#include "include/softmax_share.glsl"

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
    uint n = sample_number();
    if (n >= p.batch) // all invocations of a sample alike
        return;
    uint begin = first_class();
    uint row = n * p.features;
    precise float sum = 0.0;
    for (uint k = begin; k < p.features; k += SHARE)
        sum += dy[row + k];
    sum = sum_of_share(sum);
    for (uint k = begin; k < p.features; k += SHARE) {
        precise float value = dy[row + k] - exp(y[row + k]) * sum;
        dx[row + k] = value;
    }
}
