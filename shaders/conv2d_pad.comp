#version 450
#extension GL_GOOGLE_include_directive : require
// padded = x with what is seen around it. One invocation per element of padded.
#include "include/storage.glsl"
#include "include/conv2d_padding_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Padded
{
    STORED_BITS padded[]; // copied as they are
};
layout(std430, binding = 1) readonly buffer X
{
    STORED_BITS x[];
};
#include "include/conv2d_padding.glsl"

// Which of `size` elements is seen at position i, counted from the first element.
uint seen(int i, int size)
{
    if (MODE == REFLECT)
        return uint(i < 0 ? -i : i < size ? i : 2 * (size - 1) - i);
    if (MODE == CIRCULAR)
        return uint(i < 0 ? i + size : i < size ? i : i - size);
    return uint(clamp(i, 0, size - 1));
}

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint row = i / p.padded_w;
    uint h = seen(int(row % p.padded_h) - int(p.pad_top), int(p.in_h));
    uint w = seen(int(i % p.padded_w) - int(p.pad_left), int(p.in_w));
    padded[i] = x[(row / p.padded_h * p.in_h + h) * p.in_w + w];
}
