#version 450
#extension GL_GOOGLE_include_directive : require
// state.row = rows[state.cursor]; state.cursor += 1. One invocation: nine words.
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer State
{
    uint state[]; // cursor, seven reserved, then the row
};
layout(std430, binding = 1) readonly buffer Rows
{
    uint rows[];
};

void main()
{
    if (element_number() != 0u)
        return;
    uint cursor = state[0];
    for (uint word = 0u; word < 8u; word++)
        state[8u + word] = rows[cursor * 8u + word];
    state[0] = cursor + 1u;
}
