#version 450
#extension GL_GOOGLE_include_directive : require
// y = x - max - log(sum of exp(x - max)). One invocation per sample; sums run over the classes in order.
#include "include/loss_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    float y[];
};
layout(std430, binding = 1) readonly buffer X
{
    float x[];
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
    float greatest = x[row];
    for (uint k = 1u; k < p.features; k++)
        greatest = max(greatest, x[row + k]);
    precise float sum = 0.0;
    for (uint k = 0u; k < p.features; k++)
        sum += exp(x[row + k] - greatest);
    float log_of_sum = log(sum);
    for (uint k = 0u; k < p.features; k++) {
        precise float value = (x[row + k] - greatest) - log_of_sum;
        y[row + k] = value;
    }
}
