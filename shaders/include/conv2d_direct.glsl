// What the direct convolution kernels share. Each invocation works on a strip of STRIP neighbouring pixels of a row,
// for BLOCK channels at once, so that what it loads serves many sums; the window's loops are unrolled.
layout(constant_id = 1) const uint BLOCK = 1u;  // channels of the result that an invocation computes
layout(constant_id = 2) const uint BLOCKS = 1u; // blocks in a group of channels
layout(constant_id = 3) const uint GROUPS = 1u;
layout(constant_id = 4) const uint INNER = 1u; // channels of a group that are summed over
#include "conv2d_window.glsl"

const uint STRIP = 4u;

layout(push_constant) uniform Push
{
    vk_conv2d_direct_push p;
};

// Where an invocation works. Workgroups are numbered along the strips first.
struct conv2d_place {
    bool inside;               // there is such a place; else the other members are those of one that exists
    uint group, first;         // group of channels, first channel of the block in the group
    uint image, row, column;   // of the strip's first pixel
};

conv2d_place find_place(uint rows)
{
    uint number = workgroup_number();
    uint block = number / p.workers;
    uint strip = (number - block * p.workers) * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
    conv2d_place place;
    place.inside = strip < p.strips && block < GROUPS * BLOCKS;
    strip = min(strip, p.strips - 1u);
    // With one block its number is a constant, and so are the weights' places.
    block = GROUPS * BLOCKS == 1u ? 0u : min(block, GROUPS * BLOCKS - 1u);
    place.group = block / BLOCKS;
    place.first = block % BLOCKS * BLOCK;
    uint line = strip / p.strips_in_row;
    place.image = line / rows;
    place.row = line - place.image * rows;
    place.column = (strip - line * p.strips_in_row) * STRIP;
    return place;
}

// The i-th channel of the block, in the group of `channels`; the last one again beyond the end.
uint block_channel(conv2d_place place, uint i, uint channels)
{
    return BLOCKS == 1u ? i : min(place.first + i, channels - 1u);
}
