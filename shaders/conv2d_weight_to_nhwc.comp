#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_16bit_storage : require
// A convolution's weights of float16 in the order that the products on matrix units sum over (shaders/matrix/): from
// (line,inner,r,s) or (inner,line,r,s) to (line,r,s,inner). One invocation per four elements.
#include "include/conv2d_nhwc_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Turned
{
    uvec2 turned[]; // four elements each
};
layout(std430, binding = 1) readonly buffer Weight
{
    uint16_t weight[]; // copied as they are
};
layout(push_constant) uniform Push
{
    vk_conv2d_weight_push p;
};

void main()
{
    uint i = element_number();
    if (i >= p.quads)
        return;
    uint inner_quads = p.inner / 4u;
    uint rest = i / inner_quads;
    uint line = rest / p.window;
    uint group = line / p.lines;
    uint from = group * p.group_step + (line - group * p.lines) * p.line_step + (i - rest * inner_quads) * 4u * p.inner_step +
                (rest - line * p.window);
    turned[i] = uvec2(uint(weight[from]) | uint(weight[from + p.inner_step]) << 16,
                      uint(weight[from + 2u * p.inner_step]) | uint(weight[from + 3u * p.inner_step]) << 16);
}
