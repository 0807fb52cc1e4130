#version 450
#extension GL_GOOGLE_include_directive : require
// Gradients of several convolutions from their partial sums, where no optimizer's op takes them at once.
#include "include/gradients_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Gradients
{
    float gradients[];
};
layout(std430, binding = 1) readonly buffer Partial
{
    float partial[];
};
layout(push_constant) uniform Push
{
    vk_gradient_sums_push p;
};
#include "include/partial_sums.glsl"

void main()
{
    uint group = workgroup_number();
    uint i;
    float gradient;
    if (add_up(find_sums(group), group, i, gradient))
        gradients[i] = gradient;
}
