#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dx as a matrix product per group of channels: m is the channel, n the input pixel of the whole batch, k a filter
// with a place in its window (filter,r,s). Outputs that the stride skips count as 0.
#include "include/conv2d_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DX
{
    float dx[];
};
layout(std430, binding = 1) readonly buffer DY
{
    float dy[];
};
layout(std430, binding = 2) readonly buffer Weight
{
    float weight[];
};
#include "include/conv2d.glsl"

uint group;
uint a_start;
bool b_inside[4];
uint b_plane[4];
int b_h[4], b_w[4];

void a_set_k(uint k)
{
    uint filter_in_group = k / WINDOW;
    a_start = (group * p.group_filters + filter_in_group) * p.group_channels * WINDOW + k % WINDOW;
}

float a_at(uint m)
{
    return m < p.m ? weight[a_start + m * WINDOW] : 0.0;
}

void b_set_n(uint j, uint n)
{
    b_inside[j] = n < p.n;
    uint w = n % p.in_w;
    uint row = n / p.in_w;
    uint h = row % p.in_h;
    b_plane[j] = row / p.in_h * p.filters + group * p.group_filters;
    b_h[j] = int(h + p.pad_top);
    b_w[j] = int(w + p.pad_left);
}

float b_at(uint j, uint k)
{
    uint place = k % WINDOW;
    int top = b_h[j] - int(place / KERNEL_W * DILATION_H);
    int left = b_w[j] - int(place % KERNEL_W * DILATION_W);
    if (!b_inside[j] || top < 0 || left < 0)
        return 0.0;
    uint oh = uint(top) / STRIDE_H;
    uint ow = uint(left) / STRIDE_W;
    if (oh * STRIDE_H != uint(top) || ow * STRIDE_W != uint(left) || oh >= p.out_h || ow >= p.out_w)
        return 0.0;
    return dy[((b_plane[j] + k / WINDOW) * p.out_h + oh) * p.out_w + ow];
}

#define A_K_FAST
#include "include/gemm_tile.glsl"

void main()
{
    conv2d_place place = find_place(workgroup_number(), TILE_M, TILE_N);
    if (place.chunk != 0u)
        return;
    group = place.group;
    multiply_tile(place.m0, place.n0, 0u, p.k);
    uint pixels = p.in_h * p.in_w;
    [[unroll]] for (uint j = 0u; j < 4u * COLUMN_QUADS; j++) {
        uint n = place.n0 + tile_column(j);
        if (n >= p.n)
            continue;
        uint image = n / pixels;
        uint start = (image * p.channels + group * p.group_channels) * pixels + (n - image * pixels);
        [[unroll]] for (uint i = 0u; i < 4u * ROW_QUADS; i++) {
            uint m = place.m0 + tile_row(i);
            if (m < p.m)
                dx[start + m * pixels] = tile_sum(i, j);
        }
    }
}
