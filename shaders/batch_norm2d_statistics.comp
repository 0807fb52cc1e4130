#version 450
#extension GL_GOOGLE_include_directive : require
// mean and inverse of each channel from what its chunks left, in their order, and what normalizing needs. The squared
// deviations from the channel's mean are those from each chunk's own mean, and those of the chunks' means. One
// invocation per channel.
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) readonly buffer Partial
{
    float workspace[]; // coefficients; from p.partial on what the chunks left
};
layout(std430, binding = 0) writeonly buffer Coefficients
{
    uvec4 coefficients[]; // mean, scale, biased variance, samples that are there
};
layout(std430, binding = 1) writeonly buffer Mean
{
    float mean_out[];
};
layout(std430, binding = 2) writeonly buffer Inverse
{
    float inverse_out[];
};
layout(std430, binding = 3) readonly buffer Weight
{
    float weight[]; // without affine something else, which is not read
};

float partial(uint chunk, uint which, uint c)
{
    return workspace[p.partial + partial_place(chunk, which, c)];
}

void main()
{
    uint c = element_number();
    if (c >= CHANNELS)
        return;
    uint present = step_valid() * PLANE;
    precise float mean = 0.0; // of x - shift
    for (uint chunk = 0u; chunk < p.chunks; chunk++) {
        uint count = chunk_elements(chunk, present);
        if (count > 0u)
            mean += partial(chunk, 0u, c) * (float(count) / float(present));
    }
    precise float squares = 0.0;
    for (uint chunk = 0u; chunk < p.chunks; chunk++) {
        uint count = chunk_elements(chunk, present);
        if (count == 0u)
            continue;
        precise float distance = partial(chunk, 0u, c) - mean;
        squares += partial(chunk, 1u, c) + distance * distance * float(count);
    }
    precise float variance = squares / float(present);
    precise float inverse = 1.0 / sqrt(variance + p.epsilon);
    precise float scale = inverse;
    if (p.affine != 0u)
        scale *= weight[c];
    mean += partial(p.chunks, 0u, c);
    mean_out[c] = mean;
    inverse_out[c] = inverse;
    coefficients[c] =
        uvec4(floatBitsToUint(mean), floatBitsToUint(scale), floatBitsToUint(variance), step_valid());
}
