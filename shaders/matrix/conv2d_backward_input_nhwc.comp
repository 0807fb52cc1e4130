#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// conv2d_backward_input on matrix units, of operands that were turned before: dy to NHWC with zeros around it, the weights
// to CRSK. As there, m is the channel and n the input pixel, and there is a product for each phase of the stride; k is a
// place in the window with a filter (r,s,filter), of which eight lie in 16 bytes of both operands.
#include "../include/storage.glsl"
#include "../include/conv2d_dx.glsl"
#include "../include/conv2d_push.h"
#include "../include/fused_relu_backward.glsl"
#include "../include/workgroup.glsl"

layout(std430, binding = 1) readonly buffer DY
{
    uvec4 dy_octets[];
};
layout(std430, binding = 2) readonly buffer Weight
{
    uvec4 weight_octets[];
};
#include "../include/conv2d_product.glsl"
#include "../include/conv2d_phases.glsl"

uint a_line(uint m)
{
    return (group * p.group_channels + min(m, p.m - 1u)) * WINDOW * (p.group_filters / 8u);
}

uint a_offset(uint k)
{
    uint filters = p.group_filters / 8u;
    uint place = k / 8u / filters;
    return (window_row(place) * KERNEL_W + window_column(place)) * filters + (k / 8u - place * filters);
}

uvec4 a_octet(uint at)
{
    return weight_octets[at];
}

// Where the phase's first place of the window takes the pixel to; the divisions leave no remainder.
uint b_line(uint n)
{
    uvec3 pixel = pixel_of(min(n, p.n - 1u));
    int oh = (int(pixel.y + p.pad_top) - int(axis_h.first_place * DILATION_H)) / int(STRIDE_H);
    int ow = (int(pixel.z + p.pad_left) - int(axis_w.first_place * DILATION_W)) / int(STRIDE_W);
    return pixel.x * p.image_octets + uint(oh + int(p.above)) * p.row_octets + uint(ow + int(p.left)) * p.pixel_octets +
           group * (p.group_filters / 8u);
}

// The others lie before it.
uint b_offset(uint k)
{
    const uint step_h = PLACE_STEP_H * DILATION_H / STRIDE_H;
    const uint step_w = PLACE_STEP_W * DILATION_W / STRIDE_W;
    uint filters = p.group_filters / 8u;
    uint place = k / 8u / filters;
    return k / 8u - place * filters - place / axis_w.places * step_h * p.row_octets -
           place % axis_w.places * step_w * p.pixel_octets;
}

uvec4 b_octet(uint at)
{
    return dy_octets[at];
}

#define OCTETS
#define A_K_FAST
#define B_K_FAST
#include "../include/gemm.glsl"

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
