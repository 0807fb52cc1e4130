#version 450
#extension GL_GOOGLE_include_directive : require
// y = x - max - log(sum of exp(x - max))
#include "include/loss_push.h"
#include "include/workgroup.glsl"
#include "include/softmax_share.glsl"

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
    uint n = sample_number();
    if (n >= p.batch) // all invocations of a sample alike
        return;
    uint begin = first_class();
    uint row = n * p.features;
    uint place = min(begin, p.features - 1u);
    float greatest = x[row + place];
    for (uint k = begin + SHARE; k < p.features; k += SHARE)
        greatest = max(greatest, x[row + k]);
    greatest = greatest_of_share(greatest, place);
    precise float sum = 0.0;
    for (uint k = begin; k < p.features; k += SHARE)
        sum += exp(x[row + k] - greatest);
    float log_of_sum = log(sum_of_share(sum));
    for (uint k = begin; k < p.features; k += SHARE) {
        precise float value = (x[row + k] - greatest) - log_of_sum;
        y[row + k] = value;
    }
}
