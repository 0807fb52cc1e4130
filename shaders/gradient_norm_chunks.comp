#version 450
#extension GL_GOOGLE_include_directive : require
// The first half of gradient_norm: the sum of squares of each chunk of gradients, one workgroup per chunk.
#include "include/gradient_norm.glsl"

layout(std430, binding = 0) writeonly buffer Partial
{
    float partial[];
};
layout(std430, binding = 1) readonly buffer Gradients
{
    float gradients[];
};

void main()
{
    uint chunk = workgroup_number();
    if (chunk >= p.chunks)
        return;
    precise float sum = 0.0;
    uint first = chunk * WIDTH * RUN + gl_LocalInvocationID.x;
    for (uint j = 0u; j < RUN; j++) {
        uint i = first + j * WIDTH;
        if (i < p.count)
            sum += gradients[i] * gradients[i];
    }
    float total = sum_of_workgroup(sum);
    if (gl_LocalInvocationID.x == 0u)
        partial[chunk] = total;
}
