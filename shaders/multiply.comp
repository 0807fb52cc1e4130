#version 450
#extension GL_GOOGLE_include_directive : require
// y = a * b; y may be a or b.
#include "include/basic_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    float y[];
};
layout(std430, binding = 1) readonly buffer A
{
    float a[];
};
layout(std430, binding = 2) readonly buffer B
{
    float b[];
};
layout(push_constant) uniform Push
{
    vk_element_push p;
};

void main()
{
    uint i = element_number();
    if (i < p.count)
        y[i] = a[i] * b[i];
}
