#version 450
#extension GL_GOOGLE_include_directive : require
// dy = 2 * (y - target) / (elements of a sample * valid); zeros for absent samples.
#include "include/loss_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DY
{
    float dy[];
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
    uint i = element_number();
    if (i >= p.batch * p.features)
        return;
    uint count = step_valid() * p.features;
    precise float value = (y[i] - target[i]) * (2.0 / float(count));
    dy[i] = i < count ? value : 0.0;
}
