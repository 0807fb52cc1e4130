#version 450
#extension GL_GOOGLE_include_directive : require
// Adam over a whole parameter arena, one invocation per parameter (tuff/op/optimizer.h has the formula).
#include "include/optimizer_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Parameters
{
    float parameters[];
};
layout(std430, binding = 1) buffer Moments
{
    float moments[]; // m, then v
};
layout(std430, binding = 2) readonly buffer Gradients
{
    float gradients[];
};
layout(push_constant) uniform Push
{
    vk_adam_push p;
};

void main()
{
    uint i = element_number();
    if (i >= p.count || step_is_skipped())
        return;
    precise float parameter = parameters[i];
    precise float g = gradients[i];
    if (p.decoupled != 0u)
        parameter = parameter - step_learning_rate() * p.weight_decay * parameter;
    else if (p.weight_decay != 0.0)
        g = g + p.weight_decay * parameter;
    precise float m = p.beta1 * moments[i] + p.one_minus_beta1 * g;
    precise float v = p.beta2 * moments[p.count + i] + p.one_minus_beta2 * g * g;
    moments[i] = m;
    moments[p.count + i] = v;
    precise float step_size = step_learning_rate() / step_bias_correction1();
    precise float denominator = sqrt(v) / step_bias_correction2_sqrt() + p.epsilon;
    precise float updated = parameter - step_size * m / denominator;
    parameters[i] = updated;
}
