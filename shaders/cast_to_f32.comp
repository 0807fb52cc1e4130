#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_16bit_storage : require
// y = x, which is float16. One invocation per element.
#include "include/basic_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    float y[];
};
layout(std430, binding = 1) readonly buffer X
{
    float16_t x[];
};
layout(push_constant) uniform Push
{
    vk_element_push p;
};

void main()
{
    uint i = element_number();
    if (i < p.count)
        y[i] = float(x[i]);
}
