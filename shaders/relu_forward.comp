#version 450
#extension GL_GOOGLE_include_directive : require
// y = x > 0 ? x : 0, NaN stays.
#include "include/storage.glsl"
#include "include/basic_push.h"
#include "include/relu.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    STORED_BITS y[];
};
layout(std430, binding = 1) readonly buffer X
{
    STORED_BITS x[];
};
layout(push_constant) uniform Push
{
    vk_element_push p;
};

void main()
{
    uint i = element_number();
    if (i < p.count)
        y[i] = FROM_BITS(relu_bits(BITS(x[i])));
}
