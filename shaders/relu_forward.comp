#version 450
#extension GL_GOOGLE_include_directive : require
// y = x > 0 ? x : 0, NaN stays. On bits, since drivers may take NaN for absent and flush denormal numbers.
#include "include/basic_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    uint y[];
};
layout(std430, binding = 1) readonly buffer X
{
    uint x[];
};
layout(push_constant) uniform Push
{
    vk_element_push p;
};

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint bits = x[i];
    bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
    y[i] = int(bits) > 0 || is_nan ? bits : 0u;
}
