#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dweight as a matrix product per group of channels: m is the filter, n its weight (c,r,s), k the output pixel of the
// whole batch. With a bias there is one column of ones more, so that the last column of the product is dbias. The
// long sum is cut into chunks, whose partial results go to the workspace.
#include "include/storage.glsl"
#include "include/conv2d_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 2) readonly buffer DY
{
    STORED dy[];
};
layout(std430, binding = 2) readonly buffer DYQuads
{
    STORED4 dy_quads[];
};
layout(std430, binding = 3) readonly buffer X
{
    STORED x[];
};
#include "include/conv2d.glsl"
#include "include/conv2d_dweight.glsl"

uint a_start;
uint b_plane;
int b_h, b_w;

void a_set_k(uint k)
{
    uint pixels = p.out_h * p.out_w;
    uint image = k / pixels;
    a_start = (image * p.filters + group * p.group_filters) * pixels + (k - image * pixels);
}

VALUE a_at(uint m)
{
    return m < p.m ? VALUE(dy[a_start + m * (p.out_h * p.out_w)]) : VALUE(0.0);
}

// Of four pixels in one image.
VALUE4 a_wide(uint m)
{
    return m < p.m ? VALUE4(dy_quads[(a_start + m * (p.out_h * p.out_w)) / 4u]) : VALUE4(0.0);
}

void b_set_k(uint k)
{
    uint ow = k % p.out_w;
    uint row = k / p.out_w;
    uint oh = row % p.out_h;
    b_plane = row / p.out_h * p.channels + group * p.group_channels;
    b_h = int(oh * STRIDE_H) - int(p.pad_top);
    b_w = int(ow * STRIDE_W) - int(p.pad_left);
}

VALUE b_at(uint n)
{
    if (n >= p.n - p.bias)
        return VALUE(n < p.n ? 1.0 : 0.0);
    uint place = n % WINDOW;
    int h = b_h + int(place / KERNEL_W * DILATION_H);
    int w = b_w + int(place % KERNEL_W * DILATION_W);
    if (h < 0 || h >= int(p.in_h) || w < 0 || w >= int(p.in_w))
        return VALUE(0.0);
    return VALUE(x[((b_plane + n / WINDOW) * p.in_h + uint(h)) * p.in_w + uint(w)]);
}

// Of four pixels in one row.
VALUE4 b_wide(uint n)
{
    if (n >= p.n - p.bias)
        return VALUE4(n < p.n ? 1.0 : 0.0);
    uint place = n % WINDOW;
    int h = b_h + int(place / KERNEL_W * DILATION_H);
    if (h < 0 || h >= int(p.in_h))
        return VALUE4(0.0);
    row_quad quad = find_row_quad(b_w + int(place % KERNEL_W * DILATION_W), STRIDE_W, p.in_w);
    uvec4 from = ((b_plane + n / WINDOW) * p.in_h + uint(h)) * p.in_w + quad.from;
    return mix(VALUE4(0.0), VALUE4(x[from.x], x[from.y], x[from.z], x[from.w]), quad.inside);
}

void c_set_n(uint n)
{
    c_n = n;
}

#define A_K_FAST
#define B_K_FAST
#define A_WIDE
#define B_WIDE
#include "include/gemm.glsl"

void main()
{
    conv2d_place place = find_place(workgroup_number(), TILE_M, TILE_N);
    chunk = place.chunk;
    uint k_begin = chunk * p.chunk;
    if (k_begin >= p.k)
        return;
    group = place.group;
    multiply_tile(place.m0, place.n0, k_begin, min(k_begin + p.chunk, p.k));
    store_tile(place.m0, place.n0);
}
