#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dx as matrix products per group of channels: m is the channel, n the input pixel of the whole batch, k a filter with
// a place in its window (filter,r,s). With a stride, a pixel is reached through only some places of the window, which
// are the same ones every stride pixels: so there is a product for each of these phases, over its pixels and places.
#include "include/storage.glsl"
#include "include/conv2d_dx.glsl"
#include "include/conv2d_push.h"
#include "include/fused_relu_backward.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 1) readonly buffer DY
{
    STORED dy[];
};
layout(std430, binding = 2) readonly buffer Weight
{
    STORED weight[];
};
#include "include/conv2d.glsl"
#include "include/conv2d_phases.glsl"

uint a_start;
bool b_inside[4];
uint b_plane[4];
int b_h[4], b_w[4];

void a_set_k(uint k)
{
    uint filter_in_group = k / places;
    uint place = k % places;
    a_start = (group * p.group_filters + filter_in_group) * p.group_channels * WINDOW +
              window_row(place) * KERNEL_W + window_column(place);
}

VALUE a_at(uint m)
{
    return m < p.m ? VALUE(weight[a_start + m * WINDOW]) : VALUE(0.0);
}

void b_set_n(uint j, uint n)
{
    uvec3 pixel = pixel_of(n);
    b_inside[j] = n < p.n;
    b_plane[j] = pixel.x * p.filters + group * p.group_filters;
    b_h[j] = int(pixel.y + p.pad_top);
    b_w[j] = int(pixel.z + p.pad_left);
}

VALUE b_at(uint j, uint k)
{
    uint place = k % places;
    int top = b_h[j] - int(window_row(place) * DILATION_H);
    int left = b_w[j] - int(window_column(place) * DILATION_W);
    if (!b_inside[j] || top < 0 || left < 0)
        return VALUE(0.0);
    uint oh = uint(top) / STRIDE_H; // without remainder: the place belongs to the pixel's phase
    uint ow = uint(left) / STRIDE_W;
    if (oh >= p.out_h || ow >= p.out_w)
        return VALUE(0.0);
    return VALUE(dy[((b_plane[j] + k / places) * p.out_h + oh) * p.out_w + ow]);
}

// Of four pixels in one row of the phase.
VALUE4 b_wide(uint k)
{
    uint place = k % places;
    int top = b_h[0] - int(window_row(place) * DILATION_H);
    uint oh = uint(top) / STRIDE_H;
    if (!b_inside[0] || top < 0 || oh >= p.out_h)
        return VALUE4(0.0);
    // Without remainder, whatever the sign.
    int left = (b_w[0] - int(window_column(place) * DILATION_W)) / int(STRIDE_W);
    row_quad quad = find_row_quad(left, 1u, p.out_w);
    uvec4 from = ((b_plane[0] + k / places) * p.out_h + oh) * p.out_w + quad.from;
    return mix(VALUE4(0.0), VALUE4(dy[from.x], dy[from.y], dy[from.z], dy[from.w]), quad.inside);
}

#define A_K_FAST
#define B_WIDE
#include "include/gemm.glsl"

void main()
{
    conv2d_place place = find_place(workgroup_number(), TILE_M, TILE_N);
    if (place.chunk >= PHASES)
        return;
    group = place.group;
    find_phase(place.chunk);
    multiply_tile(place.m0, place.n0, 0u, p.group_filters * places);
    store_tile(place.m0, place.n0);
}
