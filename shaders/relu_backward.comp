#version 450
#extension GL_GOOGLE_include_directive : require
// dx = y > 0 ? dy : 0; dx may be dy.
#include "include/storage.glsl"
#include "include/basic_push.h"
#include "include/relu.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DX
{
    STORED_BITS dx[];
};
layout(std430, binding = 1) readonly buffer DY
{
    STORED_BITS dy[];
};
layout(std430, binding = 2) readonly buffer Y
{
    STORED_BITS y[];
};
layout(push_constant) uniform Push
{
    vk_element_push p;
};

void main()
{
    uint i = element_number();
    if (i < p.count)
        dx[i] = FROM_BITS(relu_positive(BITS(y[i])) ? BITS(dy[i]) : 0u);
}
