#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// conv2d_forward on matrix units, of operands that were turned before: x to NHWC with its padding around it, the weights
// to KRSC. m is the filter, n the output pixel of the whole batch, k the weight of the filter (r,s,c), of which eight
// lie in 16 bytes of both operands. Nothing has to be asked about the image's edge.
#include "../include/storage.glsl"
#include "../include/conv2d_push.h"
#include "../include/workgroup.glsl"

layout(std430, binding = 1) readonly buffer X
{
    uvec4 x_octets[];
};
layout(std430, binding = 2) readonly buffer Weight
{
    uvec4 weight_octets[];
};
#include "../include/conv2d_product.glsl"
#include "../include/conv2d_y.glsl"

uint a_line(uint m)
{
    return (group * p.group_filters + min(m, p.m - 1u)) * (p.k / 8u);
}

uint a_offset(uint k)
{
    return k / 8u;
}

uvec4 a_octet(uint at)
{
    return weight_octets[at];
}

uint b_line(uint n)
{
    uint pixel = min(n, p.n - 1u);
    uint row = pixel / p.out_w;
    uint ow = pixel - row * p.out_w;
    uint image = row / p.out_h;
    uint oh = row - image * p.out_h;
    return image * p.image_octets + oh * STRIDE_H * p.row_octets + ow * STRIDE_W * p.pixel_octets +
           group * (p.group_channels / 8u);
}

uint b_offset(uint k)
{
    uint channels = p.group_channels / 8u;
    uint place = k / 8u / channels;
    return place / KERNEL_W * DILATION_H * p.row_octets + place % KERNEL_W * DILATION_W * p.pixel_octets +
           (k / 8u - place * channels);
}

uvec4 b_octet(uint at)
{
    return x_octets[at];
}

#define OCTETS
#define A_K_FAST
#define B_K_FAST
#include "../include/gemm.glsl"

void main()
{
    conv2d_place place = find_place(workgroup_number(), TILE_M, TILE_N);
    if (place.chunk != 0u)
        return;
    group = place.group;
    multiply_tile(place.m0, place.n0, 0u, p.k);
    store_tile(place.m0, place.n0);
}
