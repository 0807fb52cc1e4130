#version 450
#extension GL_GOOGLE_include_directive : require
// The mean of (y - target)^2 over each sample. One workgroup per sample: strided partial sums, then a tree.
#include "include/loss_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"
#include "include/workgroup_sum.glsl"

layout(std430, binding = 0) writeonly buffer Loss
{
    float loss[];
};
layout(std430, binding = 1) readonly buffer Y
{
    float y[];
};
layout(std430, binding = 2) readonly buffer Target
{
    float target[];
};
layout(push_constant) uniform Push
{
    vk_loss_push p;
};

void main()
{
    uint n = workgroup_number();
    if (n >= p.batch) // the whole workgroup alike
        return;
    uint lane = gl_LocalInvocationID.x;
    precise float sum = 0.0;
    for (uint i = lane; i < p.features; i += WIDTH) {
        precise float error = y[n * p.features + i] - target[n * p.features + i];
        sum += error * error;
    }
    sum = sum_of_workgroup(sum);
    if (lane == 0u)
        loss[n] = n < step_valid() ? sum / float(p.features) : 0.0;
}
