#version 450
#extension GL_GOOGLE_include_directive : require
// Adam over a whole parameter arena, one invocation per parameter.
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

#include "include/adam.glsl"
ADAM(float)

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    float parameter = parameters[i], m = moments[i], v = moments[p.count + i];
    adam(parameter, m, v, gradients[i]);
    moments[i] = m;
    moments[p.count + i] = v;
    parameters[i] = parameter;
}
