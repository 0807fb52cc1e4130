#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dweight as a matrix product per group of channels: m is the filter, n its weight (c,r,s), k the output pixel of the
// whole batch. With a bias there is one column of ones more, so that the last column of the product is dbias. The
// long sum is cut into chunks, whose partial results go to the workspace.
#include "include/conv2d_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DWeight
{
    float dweight[]; // or the partial sums
};
layout(std430, binding = 1) writeonly buffer DBias
{
    float dbias[];
};
layout(std430, binding = 2) readonly buffer DY
{
    float dy[];
};
layout(std430, binding = 2) readonly buffer DYQuads
{
    vec4 dy_quads[];
};
layout(std430, binding = 3) readonly buffer X
{
    float x[];
};
#include "include/conv2d.glsl"

uint group;
uint a_start;
uint b_plane;
int b_h, b_w;

void a_set_k(uint k)
{
    uint pixels = p.out_h * p.out_w;
    uint image = k / pixels;
    a_start = (image * p.filters + group * p.group_filters) * pixels + (k - image * pixels);
}

float a_at(uint m)
{
    return m < p.m ? dy[a_start + m * (p.out_h * p.out_w)] : 0.0;
}

// Of four pixels in one image.
vec4 a_wide(uint m)
{
    return m < p.m ? dy_quads[(a_start + m * (p.out_h * p.out_w)) / 4u] : vec4(0.0);
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

float b_at(uint n)
{
    if (n >= p.n - p.bias)
        return n < p.n ? 1.0 : 0.0;
    uint place = n % WINDOW;
    int h = b_h + int(place / KERNEL_W * DILATION_H);
    int w = b_w + int(place % KERNEL_W * DILATION_W);
    if (h < 0 || h >= int(p.in_h) || w < 0 || w >= int(p.in_w))
        return 0.0;
    return x[((b_plane + n / WINDOW) * p.in_h + uint(h)) * p.in_w + uint(w)];
}

// Of four pixels in one row.
vec4 b_wide(uint n)
{
    if (n >= p.n - p.bias)
        return vec4(n < p.n ? 1.0 : 0.0);
    uint place = n % WINDOW;
    int h = b_h + int(place / KERNEL_W * DILATION_H);
    if (h < 0 || h >= int(p.in_h))
        return vec4(0.0);
    row_quad quad = find_row_quad(b_w + int(place % KERNEL_W * DILATION_W), STRIDE_W, p.in_w);
    uvec4 from = ((b_plane + n / WINDOW) * p.in_h + uint(h)) * p.in_w + quad.from;
    return mix(vec4(0.0), vec4(x[from.x], x[from.y], x[from.z], x[from.w]), quad.inside);
}

#define A_K_FAST
#define A_WIDE
#define B_WIDE
#define B_K_FAST
#include "include/gemm_tile.glsl"

void main()
{
    conv2d_place place = find_place(workgroup_number(), TILE_M, TILE_N);
    uint k_begin = place.chunk * p.chunk;
    if (k_begin >= p.k)
        return;
    group = place.group;
    multiply_tile(place.m0, place.n0, k_begin, min(k_begin + p.chunk, p.k));
    uint weights = p.n - p.bias;
    [[unroll]] for (uint i = 0u; i < 4u * ROW_QUADS; i++) {
        uint m = place.m0 + tile_row(i);
        if (m >= p.m)
            continue;
        uint row = group * p.group_filters + m;
        [[unroll]] for (uint j = 0u; j < 4u * COLUMN_QUADS; j++) {
            uint n = place.n0 + tile_column(j);
            float sum = tile_sum(i, j);
            if (n >= p.n)
                continue;
            if (p.split != 0u)
                dweight[(place.chunk * p.filters + row) * p.n + n] = sum;
            else if (n < weights)
                dweight[row * weights + n] = sum;
            else
                dbias[row] = sum;
        }
    }
}
