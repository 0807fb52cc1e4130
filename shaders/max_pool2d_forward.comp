#version 450
#extension GL_GOOGLE_include_directive : require
// y = the greatest x of each window, index = where it was. One invocation per element of y.
#include "include/nan.glsl"
#include "include/storage.glsl"
#include "include/max_pool2d_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    STORED_BITS y[];
};
layout(std430, binding = 1) writeonly buffer Index
{
    uint index[];
};
layout(std430, binding = 2) readonly buffer X
{
    STORED_BITS x[];
};
#include "include/max_pool2d.glsl"

// The bits of a float as a number that grows with it: both zeros are equal, every NaN is the greatest. On bits,
// since drivers may take NaN for absent and flush denormal numbers.
uint order_of(uint bits)
{
    if (is_nan(bits))
        return 0xffffffffu;
    if (bits == 0x80000000u)
        bits = 0u;
    return (bits & 0x80000000u) != 0u ? ~bits : bits | 0x80000000u;
}

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint ow = i % p.out_w;
    uint row = i / p.out_w;
    uint oh = row % p.out_h;
    uint plane = row / p.out_h * (p.in_h * p.in_w);
    int h0 = int(oh * STRIDE_H) - int(p.pad_top);
    int w0 = int(ow * STRIDE_W) - int(p.pad_left);

    bool found = false;
    uint best_order = 0u;
    uint best_bits = 0u;
    uint best_at = 0u;
    for (uint r = 0u; r < KERNEL_H; r++) {
        int h = h0 + int(r * DILATION_H);
        if (h < 0 || h >= int(p.in_h))
            continue;
        for (uint s = 0u; s < KERNEL_W; s++) {
            int w = w0 + int(s * DILATION_W);
            if (w < 0 || w >= int(p.in_w))
                continue;
            uint at = uint(h) * p.in_w + uint(w);
            uint bits = BITS(x[plane + at]);
            uint order = order_of(bits);
            if (!found || order > best_order) {
                found = true;
                best_order = order;
                best_bits = bits;
                best_at = at;
            }
        }
    }
    y[i] = FROM_BITS(best_bits);
    index[i] = best_at;
}
