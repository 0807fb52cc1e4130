#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// y = conv(x, weight) + bias as a matrix product per group of channels: m is the filter, n the output pixel of the
// whole batch, k the weight of the filter (c,r,s). x is unfolded while it is loaded.
#include "include/storage.glsl"
#include "include/conv2d_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 1) readonly buffer X
{
    STORED x[];
};
layout(std430, binding = 2) readonly buffer Weight
{
    STORED weight[];
};
layout(std430, binding = 2) readonly buffer WeightQuads
{
    STORED4 weight_quads[];
};
#include "include/conv2d.glsl"
#include "include/conv2d_y.glsl"

uint a_k;
bool b_inside[4];
uint b_plane[4];
int b_h[4], b_w[4];

void a_set_k(uint k)
{
    a_k = k;
}

VALUE a_at(uint m)
{
    return m < p.m ? VALUE(weight[(group * p.group_filters + m) * p.k + a_k]) : VALUE(0.0);
}

VALUE4 a_wide(uint m)
{
    return m < p.m ? VALUE4(weight_quads[((group * p.group_filters + m) * p.k + a_k) / 4u]) : VALUE4(0.0);
}

void b_set_n(uint j, uint n)
{
    b_inside[j] = n < p.n;
    uint ow = n % p.out_w;
    uint row = n / p.out_w;
    uint oh = row % p.out_h;
    b_plane[j] = row / p.out_h * p.channels + group * p.group_channels;
    b_h[j] = int(oh * STRIDE_H) - int(p.pad_top);
    b_w[j] = int(ow * STRIDE_W) - int(p.pad_left);
}

VALUE b_at(uint j, uint k)
{
    uint c = k / WINDOW;
    uint place = k % WINDOW;
    int h = b_h[j] + int(place / KERNEL_W * DILATION_H);
    int w = b_w[j] + int(place % KERNEL_W * DILATION_W);
    if (!b_inside[j] || h < 0 || h >= int(p.in_h) || w < 0 || w >= int(p.in_w))
        return VALUE(0.0);
    return VALUE(x[((b_plane[j] + c) * p.in_h + uint(h)) * p.in_w + uint(w)]);
}

// Of four pixels in one row.
VALUE4 b_wide(uint k)
{
    uint c = k / WINDOW;
    uint place = k % WINDOW;
    int h = b_h[0] + int(place / KERNEL_W * DILATION_H);
    if (!b_inside[0] || h < 0 || h >= int(p.in_h))
        return VALUE4(0.0);
    row_quad quad = find_row_quad(b_w[0] + int(place % KERNEL_W * DILATION_W), STRIDE_W, p.in_w);
    uvec4 from = ((b_plane[0] + c) * p.in_h + uint(h)) * p.in_w + quad.from;
    return mix(VALUE4(0.0), VALUE4(x[from.x], x[from.y], x[from.z], x[from.w]), quad.inside);
}

#define A_K_FAST
#define A_WIDE
#define B_WIDE
#include "include/gemm.glsl"

void main()
{
    conv2d_place place = find_place(workgroup_number(), TILE_M, TILE_N);
    if (place.chunk != 0u)
        return;
    group = place.group;
    multiply_tile(place.m0, place.n0, 0u, p.k);
    store_tile(place.m0, place.n0);
}
