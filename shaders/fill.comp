#version 450
#extension GL_GOOGLE_include_directive : require
// y[i] = bits, word by word.
#include "include/basic_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Y
{
    uint y[];
};
layout(push_constant) uniform Push
{
    vk_fill_push p;
};

void main()
{
    uint i = element_number();
    if (i >= p.words)
        return;
    uint word = p.bits;
    // Bytes behind the tensor's end are another's.
    if (i == p.words - 1 && p.last_mask != 0xffffffffu)
        word = (word & p.last_mask) | (y[i] & ~p.last_mask);
    y[i] = word;
}
