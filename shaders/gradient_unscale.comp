#version 450
#extension GL_GOOGLE_include_directive : require
// gradients *= state.unscale. One invocation per gradient.
#include "include/basic_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Gradients
{
    float gradients[];
};
layout(push_constant) uniform Push
{
    vk_element_push p;
};

void main()
{
    uint i = element_number();
    if (i < p.count)
        gradients[i] *= step_unscale();
}
