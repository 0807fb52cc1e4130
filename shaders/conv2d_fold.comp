#version 450
#extension GL_GOOGLE_include_directive : require
// dx = the sum of dpadded over the places where conv2d_pad put this element, in row-major order. One invocation per
// element of dx.
#include "include/storage.glsl"
#include "include/conv2d_padding_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DX
{
    STORED dx[];
};
layout(std430, binding = 1) readonly buffer DPadded
{
    float dpadded[]; // whatever dx is
};
#include "include/conv2d_padding.glsl"

// How many places along an axis to try for element i.
uint places(int i, int size, int padded, int pad)
{
    if (MODE != REPLICATE)
        return 3u; // before the image, in it, behind it
    return uint(1 + (i == 0 ? pad : 0) + (i == size - 1 ? padded - pad - size : 0));
}

// The place of number k, in ascending order; negative: there is none.
int place(int i, int k, int size, int padded, int pad)
{
    if (MODE == REPLICATE)
        return (i == 0 ? 0 : pad + i) + k;
    if (k == 1)
        return pad + i;
    int at;
    if (MODE == CIRCULAR)
        at = pad + i + (k - 1) * size;
    else if (k == 0)
        at = i > 0 ? pad - i : -1;
    else
        at = i < size - 1 ? pad + 2 * (size - 1) - i : -1;
    return at < padded ? at : -1;
}

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint row = i / p.in_w;
    int h = int(row % p.in_h);
    int w = int(i % p.in_w);
    uint plane = row / p.in_h * p.padded_h;
    uint rows = places(h, int(p.in_h), int(p.padded_h), int(p.pad_top));
    uint columns = places(w, int(p.in_w), int(p.padded_w), int(p.pad_left));
    precise float sum = 0.0;
    for (uint r = 0u; r < rows; r++) {
        int from_h = place(h, int(r), int(p.in_h), int(p.padded_h), int(p.pad_top));
        if (from_h < 0)
            continue;
        for (uint s = 0u; s < columns; s++) {
            int from_w = place(w, int(s), int(p.in_w), int(p.padded_w), int(p.pad_left));
            if (from_w >= 0)
                sum += dpadded[(plane + uint(from_h)) * p.padded_w + uint(from_w)];
        }
    }
    dx[i] = STORED(sum);
}
