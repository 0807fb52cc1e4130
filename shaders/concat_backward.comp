#version 450
#extension GL_GOOGLE_include_directive : require
// da, db = the parts of dy. One invocation per element of dy; words move as bits.
#include "include/storage.glsl"
#include "include/concat_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DA
{
    STORED_BITS da[];
};
layout(std430, binding = 1) writeonly buffer DB
{
    STORED_BITS db[];
};
layout(std430, binding = 2) readonly buffer DY
{
    STORED_BITS dy[];
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
        da[n * p.a_row + place] = FROM_BITS(BITS(dy[i]));
    else
        db[n * p.b_row + (place - p.a_row)] = FROM_BITS(BITS(dy[i]));
}
