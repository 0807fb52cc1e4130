#version 450
#extension GL_GOOGLE_include_directive : require
// average = d * average + (1 - d) * parameters. One invocation per parameter.
#include "include/optimizer_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Average
{
    float average[];
};
layout(std430, binding = 1) readonly buffer Parameters
{
    float parameters[];
};
layout(push_constant) uniform Push
{
    vk_moving_average_push p;
};

void main()
{
    uint i = element_number();
    if (i >= p.count || step_is_skipped())
        return;
    float decay = step_average_decay();
    precise float updated = decay * average[i] + (1.0 - decay) * parameters[i];
    average[i] = updated;
}
