#version 450
#extension GL_GOOGLE_include_directive : require
// y = a * b; y may be a or b.
#include "include/storage.glsl"
#include "include/basic_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    STORED y[];
};
layout(std430, binding = 1) readonly buffer A
{
    STORED a[];
};
layout(std430, binding = 2) readonly buffer B
{
    STORED b[];
};
layout(push_constant) uniform Push
{
    vk_element_push p;
};

void main()
{
    uint i = element_number();
    if (i < p.count)
        y[i] = STORED(float(a[i]) * float(b[i]));
}
