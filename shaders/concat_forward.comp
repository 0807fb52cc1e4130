#version 450
#extension GL_GOOGLE_include_directive : require
// y = a and b, channel behind channel. One invocation per element of y; words move as bits.
#include "include/storage.glsl"
#include "include/concat_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    STORED_BITS y[];
};
layout(std430, binding = 1) readonly buffer A
{
    STORED_BITS a[];
};
layout(std430, binding = 2) readonly buffer B
{
    STORED_BITS b[];
};
layout(push_constant) uniform Push
{
    vk_concat_push p;
};

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint n = i / (p.a_row + p.b_row);
    uint place = i - n * (p.a_row + p.b_row);
    if (place < p.a_row)
        y[i] = FROM_BITS(BITS(a[n * p.a_row + place]));
    else
        y[i] = FROM_BITS(BITS(b[n * p.b_row + (place - p.a_row)]));
}
