#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Of each chunk of a channel: the mean of x - shift, and the sum of the squared deviations from that mean. The shift
// is the channel's first element, so that a mean far from zero costs no digits. x is read once: an invocation takes RUN
// elements into registers, finds the moments of those by two passes, and joins them to what it has (moments.glsl).
#include "include/storage.glsl"
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/moments.glsl"
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

const uint RUN = 8u; // the order of the sums hangs on it, so it is fixed

// Of up to RUN elements of channel c, from `first` on and WIDTH apart; the first `count` of the chunk are there.
moments moments_of_run(uint c, uint begin, uint first, uint count, float shift)
{
    float values[RUN];
    precise float sum = 0.0;
    uint terms = 0u;
    [[unroll]] for (uint j = 0u; j < RUN; j++) {
        uint i = first + j * WIDTH;
        bool inside = i < count;
        values[j] = float(x[element_of_channel(begin + (inside ? i : 0u), c)]) - shift;
        sum += inside ? values[j] : 0.0;
        terms += inside ? 1u : 0u;
    }
    precise float mean = sum / float(max(terms, 1u));
    precise float squares = 0.0;
    [[unroll]] for (uint j = 0u; j < RUN; j++) {
        precise float deviation = values[j] - mean;
        squares += first + j * WIDTH < count ? deviation * deviation : 0.0;
    }
    return moments(float(terms), mean, squares);
}

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
    moments all = moments(0.0, 0.0, 0.0);
    for (uint first = 0u; first < count; first += WIDTH * RUN) // as often for every invocation
        all = join(all, moments_of_run(c, begin, first + lane, count, shift));
    all = join_workgroup(all);
    if (lane != 0u)
        return;
    partial[partial_place(chunk, 0u, c)] = all.mean;
    partial[partial_place(chunk, 1u, c)] = all.squares;
    if (chunk == 0u)
        partial[partial_place(p.chunks, 0u, c)] = shift;
}
