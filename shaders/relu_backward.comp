#version 450
#extension GL_GOOGLE_include_directive : require
// dx = y > 0 ? dy : 0; dx may be dy.
#include "include/basic_push.h"
#include "include/relu.glsl"
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
    if (i < p.count)
        dx[i] = relu_positive(y[i]) ? dy[i] : 0u;
}
