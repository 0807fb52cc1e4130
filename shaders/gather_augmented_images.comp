#version 450
#extension GL_GOOGLE_include_directive : require
// x = the batch's images, changed at random, out of a set of bytes that may be larger than a bound range: one
// dispatch per window of the set writes what lies in it. A workgroup has AUGMENT_ELEMENTS elements of one sample
// per invocation.
#include "include/storage.glsl"
#include "include/augment_push.h"
#include "include/philox.glsl"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

#include "include/augment.glsl"

layout(std430, binding = 0) writeonly buffer X
{
    STORED x[];
};
layout(std430, binding = 1) readonly buffer Images
{
    uint images[]; // bytes, four to a word, the first one lowest
};
layout(std430, binding = 2) readonly buffer Index
{
    uint index[];
};
layout(push_constant) uniform Push
{
    vk_gather_augmented_images_push p;
};

// The byte at `element` of sample `number` of the set; false if it lies outside of the window.
bool read_byte(uint number, uint sample_size, uint element, out uint value)
{
    // Its place in the set, 64 bits wide, then in the window.
    uint high, low, carry, borrow;
    umulExtended(number, sample_size, high, low);
    low = uaddCarry(low, element, carry);
    high += carry;
    uint place = usubBorrow(low, p.window_low, borrow);
    value = 0u;
    if (high - p.window_high - borrow != 0u || place >= p.window_bytes)
        return false;
    value = images[place >> 2] >> ((place & 3u) * 8u) & 0xffu;
    return true;
}

void main()
{
    uint group = workgroup_number();
    uint n = group / p.sample_groups;
    if (n >= p.batch)
        return;
    uint plane = p.height * p.width;
    uint sample_size = p.channels * plane;
    uint first = (group - n * p.sample_groups) * gl_WorkGroupSize.x * AUGMENT_ELEMENTS;
    bool present = n < step_valid();
    uint position = step_begin() + n;
    uint number = present ? index[position] : 0u;
    Change change = augment_change(p, position, step_number());
    for (uint k = 0u; k < AUGMENT_ELEMENTS; k++) {
        uint element = first + k * gl_WorkGroupSize.x + gl_LocalInvocationID.x;
        if (element >= sample_size)
            return;
        uint c = element / plane;
        uint h = (element - c * plane) / p.width;
        uint w = element - c * plane - h * p.width;
        bool is_cut = h - uint(change.cut_y) < p.cutout && w - uint(change.cut_x) < p.cutout;
        int row = augment_source(int(h), change.translate_y, change.crop_y, int(p.height), p.crop_mode);
        int column = augment_source(int(w), change.translate_x, change.crop_x, int(p.width), p.crop_mode);
        uint value = 0u;
        if (!present || is_cut || row < 0 || column < 0) {
            if (p.first_window == 0u)
                continue;
        } else {
            uint from = c * plane + uint(row) * p.width + (change.flip ? p.width - 1u - uint(column) : uint(column));
            if (!read_byte(number, sample_size, from, value))
                continue;
        }
        float scale = c == 0u ? p.scale0 : c == 1u ? p.scale1 : c == 2u ? p.scale2 : p.scale3;
        float shift = c == 0u ? p.shift0 : c == 1u ? p.shift1 : c == 2u ? p.shift2 : p.shift3;
        precise float result = float(value) * scale + shift;
        x[n * sample_size + element] = STORED(present && !is_cut ? result : 0.0);
    }
}
