#version 450
#extension GL_GOOGLE_include_directive : require
// x = the batch's images, out of a set of bytes that may be larger than a bound range: one dispatch per window
// of the set writes what lies in it. One invocation per element of x.
#include "include/storage.glsl"
#include "include/gather_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

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
    vk_gather_images_push p;
};

void main()
{
    uint i = element_number();
    uint sample_size = p.channels * p.plane;
    if (i >= p.batch * sample_size)
        return;
    uint n = i / sample_size;
    uint element = i - n * sample_size;
    if (n >= step_valid()) {
        if (p.first_window != 0u)
            x[i] = STORED(0.0);
        return;
    }
    // The byte's place in the set, 64 bits wide, then in the window.
    uint high, low, carry, borrow;
    umulExtended(index[step_begin() + n], sample_size, high, low);
    low = uaddCarry(low, element, carry);
    high += carry;
    uint place = usubBorrow(low, p.window_low, borrow);
    if (high - p.window_high - borrow != 0u || place >= p.window_bytes)
        return;
    uint value = images[place >> 2] >> ((place & 3u) * 8u) & 0xffu;
    uint c = element / p.plane;
    float scale = c == 0u ? p.scale0 : c == 1u ? p.scale1 : c == 2u ? p.scale2 : p.scale3;
    float shift = c == 0u ? p.shift0 : c == 1u ? p.shift1 : c == 2u ? p.shift2 : p.shift3;
    precise float result = float(value) * scale + shift;
    x[i] = STORED(result);
}
