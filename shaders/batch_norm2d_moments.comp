#version 450
#extension GL_GOOGLE_include_directive : require
// Of each chunk of a channel: the mean of x - shift, and the sum of the squared deviations from that mean. The shift
// is the channel's first element, so that a mean far from zero costs no digits.
#include "include/storage.glsl"
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/workgroup_sum.glsl"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Partial
{
    float partial[]; // the shifts follow what all chunks leave
};
layout(std430, binding = 1) readonly buffer X
{
    STORED x[];
};

void main()
{
    uint number = workgroup_number();
    if (number >= CHANNELS * p.chunks) // the whole workgroup alike
        return;
    uint chunk = number / CHANNELS;
    uint c = number - chunk * CHANNELS;
    uint lane = gl_LocalInvocationID.x;
    uint begin = chunk * p.chunk;
    uint count = chunk_elements(chunk, step_valid() * PLANE);
    float shift = float(x[c * PLANE]);

    precise float sum = 0.0;
    for (uint i = lane; i < count; i += WIDTH)
        sum += float(x[element_of_channel(begin + i, c)]) - shift;
    precise float mean = sum_of_workgroup(sum) / float(max(count, 1u));

    precise float squares = 0.0;
    for (uint i = lane; i < count; i += WIDTH) {
        precise float deviation = (float(x[element_of_channel(begin + i, c)]) - shift) - mean;
        squares += deviation * deviation;
    }
    squares = sum_of_workgroup(squares);
    if (lane != 0u)
        return;
    partial[partial_place(chunk, 0u, c)] = mean;
    partial[partial_place(chunk, 1u, c)] = squares;
    if (chunk == 0u)
        partial[partial_place(p.chunks, 0u, c)] = shift;
}
