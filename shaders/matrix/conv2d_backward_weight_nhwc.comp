#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// conv2d_backward_weight on matrix units, of operands that were turned to NHWC before, x with its padding around it. m is
// the filter, n its weight (r,s,c), of both of which eight lie in 16 bytes, k the output pixel of the whole batch. As
// there, a column of ones gives dbias, and the long sum is cut into chunks. Results go where (c,r,s) has them.
#include "../include/storage.glsl"
#include "../include/conv2d_push.h"
#include "../include/workgroup.glsl"

layout(std430, binding = 2) readonly buffer DY
{
    uvec4 dy_octets[];
};
layout(std430, binding = 3) readonly buffer X
{
    uvec4 x_octets[];
};
#include "../include/conv2d_product.glsl"
#include "../include/conv2d_dweight.glsl"

struct a_walk {
    uint at;
};

a_walk a_begin(uint k)
{
    return a_walk(k * (p.filters / 8u) + group * (p.group_filters / 8u));
}

void a_advance(inout a_walk walk, uint terms)
{
    walk.at += terms * (p.filters / 8u);
}

uint a_offset(uint m)
{
    return min(m, p.m - 8u) / 8u;
}

uvec4 a_octet(uint at)
{
    return dy_octets[at];
}

struct b_walk {
    uint at;
    uint oh, ow;
};

b_walk b_begin(uint k)
{
    uint row = k / p.out_w;
    b_walk walk;
    walk.ow = k - row * p.out_w;
    uint image = row / p.out_h;
    walk.oh = row - image * p.out_h;
    walk.at = image * p.image_octets + walk.oh * STRIDE_H * p.row_octets + walk.ow * STRIDE_W * p.pixel_octets +
              group * (p.group_channels / 8u);
    return walk;
}

// By whole images, rows and pixels, and at most one row and one image more: without a division. terms: always as many.
uint step_rows, step_columns, step_octets;

void find_steps(uint terms)
{
    uint step_images = terms / (p.out_h * p.out_w);
    uint rest = terms - step_images * p.out_h * p.out_w;
    step_rows = rest / p.out_w;
    step_columns = rest - step_rows * p.out_w;
    step_octets = step_images * p.image_octets + step_rows * STRIDE_H * p.row_octets +
                  step_columns * STRIDE_W * p.pixel_octets;
}

void b_advance(inout b_walk walk, uint terms)
{
    walk.at += step_octets;
    walk.ow += step_columns;
    walk.oh += step_rows;
    if (walk.ow >= p.out_w) {
        walk.ow -= p.out_w;
        walk.oh++;
        walk.at += STRIDE_H * p.row_octets - p.out_w * STRIDE_W * p.pixel_octets;
    }
    if (walk.oh >= p.out_h) {
        walk.oh -= p.out_h;
        walk.at += p.image_octets - p.out_h * STRIDE_H * p.row_octets;
    }
}

// Of an invocation's columns: whether they are weights, and else whether the first one is the bias's.
bool b_weights, b_bias;

uint b_offset(uint n)
{
    uint weights = p.n - p.bias;
    b_weights = n < weights;
    b_bias = n == weights && p.bias != 0u;
    uint channels = p.group_channels / 8u;
    uint octet = b_weights ? n / 8u : 0u;
    uint place = octet / channels;
    return place / KERNEL_W * DILATION_H * p.row_octets + place % KERNEL_W * DILATION_W * p.pixel_octets +
           (octet - place * channels);
}

uvec4 b_octet(uint at)
{
    const uint one = 0x3c00u; // in float16
    uvec4 octet = x_octets[at];
    return b_weights ? octet : uvec4(b_bias ? one : 0u, 0u, 0u, 0u);
}

void c_set_n(uint n)
{
    uint place = n / p.group_channels;
    c_n = n < p.n - p.bias ? (n - place * p.group_channels) * WINDOW + place : n;
}

#define OCTETS
#include "../include/gemm.glsl"

void main()
{
    conv2d_place place = find_place(workgroup_number(), TILE_M, TILE_N);
    chunk = place.chunk;
    uint k_begin = chunk * p.chunk;
    if (k_begin >= p.k)
        return;
    group = place.group;
    find_steps(TILE_K);
    multiply_tile(place.m0, place.n0, k_begin, min(k_begin + p.chunk, p.k));
    store_tile(place.m0, place.n0);
}
