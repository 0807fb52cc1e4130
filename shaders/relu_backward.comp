#version 450
#extension GL_GOOGLE_include_directive : require
// dx = y > 0 ? dy : 0; dx may be dy. On bits, as forward.
#include "include/basic_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DX
{
    uint dx[];
};
layout(std430, binding = 1) readonly buffer DY
{
    uint dy[];
};
layout(std430, binding = 2) readonly buffer Y
{
    uint y[];
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
    uint bits = y[i];
    bool positive = int(bits) > 0 && bits <= 0x7f800000u;
    dx[i] = positive ? dy[i] : 0u;
}
