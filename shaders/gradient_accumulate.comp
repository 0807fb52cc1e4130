#version 450
#extension GL_GOOGLE_include_directive : require
// sum = (of the batch's first part ? 0 : sum) + gradients * (the part's share of the batch's samples). One
// invocation per gradient.
#include "include/optimizer_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Sum
{
    float sum[];
};
layout(std430, binding = 1) readonly buffer Gradients
{
    float gradients[];
};
layout(push_constant) uniform Push
{
    vk_gradient_accumulate_push p;
};

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint first = step_begin() % p.batch;
    uint total = min(p.batch, p.samples - (step_begin() - first));
    precise float part = float(step_valid()) / float(total);
    precise float term = gradients[i] * part;
    sum[i] = first == 0u ? term : sum[i] + term;
}
