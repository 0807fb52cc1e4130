#version 450
#extension GL_GOOGLE_include_directive : require
// step_advance, gather_images and gather_labels in one. Each sample is shared by p.strands invocations, which take
// four pixels at a time. All workgroups read the row at the cursor; the last one to have done so, which a counter among
// the state's reserved words tells, advances the state.
#include "include/storage.glsl"
#include "include/batch_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) coherent buffer Records
{
    uint records[];
};
layout(std430, binding = 1) readonly buffer Images
{
    uint images[]; // bytes, four to a word, the first one lowest
};
layout(std430, binding = 2) writeonly buffer X
{
    STORED4 x[];
};
layout(std430, binding = 3) writeonly buffer Labels
{
    uint labels[];
};
layout(push_constant) uniform Push
{
    vk_batch_push p;
};

// In words of the state and of a row (tuff/op/step.h).
const uint COUNTER = 6u; // reserved there, 0 between steps
const uint STATE_ROW = 8u;
const uint ROW_WORDS = 8u;
const uint ROW_BEGIN = 1u;
const uint ROW_VALID = 2u;

void main()
{
    uint cursor = records[p.state];
    uint row = p.rows + cursor * ROW_WORDS;
    uint begin = records[row + ROW_BEGIN];
    uint valid = records[row + ROW_VALID];
    memoryBarrierBuffer();
    barrier();
    if (gl_LocalInvocationID.x == 0u && workgroup_number() < p.groups &&
        atomicAdd(records[p.state + COUNTER], 1u) == p.groups - 1u) {
        for (uint word = 0u; word < ROW_WORDS; word++)
            records[p.state + STATE_ROW + word] = records[row + word];
        records[p.state + COUNTER] = 0u;
        records[p.state] = cursor + 1u;
    }

    uint number = element_number();
    if (number < p.batch)
        labels[number] = number < valid ? records[p.set_labels + records[p.index + begin + number]] : 0u;
    uint n = number / p.strands;
    if (n >= p.batch)
        return;
    bool present = n < valid;
    uint sample_words = p.sample_words, plane_words = p.plane_words;
    uint from = records[p.slots + (present ? begin + n : begin)] * sample_words;
    for (uint quad = number - n * p.strands; quad < sample_words; quad += p.strands) {
        uint bytes = images[from + quad];
        uint c = uint(quad >= plane_words) + uint(quad >= 2u * plane_words) + uint(quad >= 3u * plane_words);
        float scale = c == 0u ? p.scale0 : c == 1u ? p.scale1 : c == 2u ? p.scale2 : p.scale3;
        float shift = c == 0u ? p.shift0 : c == 1u ? p.shift1 : c == 2u ? p.shift2 : p.shift3;
        vec4 values = vec4(bytes & 255u, bytes >> 8u & 255u, bytes >> 16u & 255u, bytes >> 24u);
        precise vec4 result = values * scale + shift;
        x[n * sample_words + quad] = STORED4(present ? result : vec4(0.0));
    }
}
