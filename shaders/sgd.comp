#version 450
#extension GL_GOOGLE_include_directive : require
// SGD over a whole parameter arena, one invocation per parameter (tuff/op/optimizer.h has the formula).
#include "include/optimizer_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Parameters
{
    float parameters[];
};
layout(std430, binding = 1) buffer Velocity
{
    float velocity[];
};
layout(std430, binding = 2) readonly buffer Gradients
{
    float gradients[];
};
layout(push_constant) uniform Push
{
    vk_sgd_push p;
};

void main()
{
    uint i = element_number();
    if (i >= p.count || step_is_skipped())
        return;
    float parameter = parameters[i];
    precise float g = gradients[i];
    if (p.weight_decay != 0.0)
        g = g + p.weight_decay * parameter;
    if (p.has_velocity != 0u) {
        precise float v = p.momentum * velocity[i] + g;
        velocity[i] = v;
        g = p.nesterov != 0u ? g + p.momentum * v : v;
    }
    precise float learning_rate = step_learning_rate() * p.rate_factor;
    precise float updated = parameter - learning_rate * g;
    parameters[i] = updated;
}
