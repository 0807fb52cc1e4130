#version 450
#extension GL_GOOGLE_include_directive : require
// The second half of gradient_norm: the root of the sum of the chunks' sums. One workgroup.
#include "include/gradient_norm.glsl"

layout(std430, binding = 0) writeonly buffer Norm
{
    float norm[];
};
layout(std430, binding = 1) readonly buffer Partial
{
    float partial[];
};

void main()
{
    precise float sum = 0.0;
    for (uint first = gl_LocalInvocationID.x; first < p.chunks; first += WIDTH * RUN) {
        precise float run = 0.0;
        for (uint j = 0u; j < RUN; j++) {
            uint i = first + j * WIDTH;
            if (i < p.chunks)
                run += partial[i];
        }
        sum += run;
    }
    float total = sum_of_workgroup(sum);
    if (gl_LocalInvocationID.x == 0u && workgroup_number() == 0u)
        norm[0] = sqrt(total);
}
