#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dx[n,i] = sum over o of dy[n,o] * weight[o,i]; here m is the sample, n the input and k the output. The terms are
// p.chunk from p.first on.
#include "include/gemm_push.h"
#include "include/fused_relu_backward.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer DX
{
    float dx[];
};
layout(std430, binding = 1) readonly buffer DY
{
    float dy[];
};
layout(std430, binding = 1) readonly buffer DYQuads
{
    vec4 dy_quads[];
};
layout(std430, binding = 2) readonly buffer Weight
{
    float weight[];
};
layout(std430, binding = 2) readonly buffer WeightQuads
{
    vec4 weight_quads[];
};
layout(push_constant) uniform Push
{
    vk_linear_push p;
};

uint a_k;
uint b_n[4];

void a_set_k(uint k)
{
    a_k = k;
}

float a_at(uint m)
{
    return m < p.m ? dy[m * p.k + a_k] : 0.0;
}

vec4 a_wide(uint m)
{
    return m < p.m ? dy_quads[(m * p.k + a_k) / 4u] : vec4(0.0);
}

void b_set_n(uint j, uint n)
{
    b_n[j] = n;
}

float b_at(uint j, uint k)
{
    return b_n[j] < p.n ? weight[k * p.n + b_n[j]] : 0.0;
}

vec4 b_wide(uint k)
{
    return b_n[0] < p.n ? weight_quads[(k * p.n + b_n[0]) / 4u] : vec4(0.0);
}

#define A_K_FAST
#define A_WIDE
#define B_WIDE
#include "include/gemm_tile.glsl"

void main()
{
    uint tile = workgroup_number();
    if (tile >= p.tiles_m * p.tiles_n)
        return;
    uint m0 = tile / p.tiles_n * TILE_M;
    uint n0 = tile % p.tiles_n * TILE_N;
    multiply_tile(m0, n0, p.first, min(p.first + p.chunk, p.k));
    [[unroll]] for (uint i = 0u; i < 4u * ROW_QUADS; i++) {
        uint m = m0 + tile_row(i);
        [[unroll]] for (uint j = 0u; j < 4u * COLUMN_QUADS; j++) {
            uint n = n0 + tile_column(j);
            if (m < p.m && n < p.n) {
                float start = p.first != 0u ? dx[m * p.n + n] : 0.0;
                dx[m * p.n + n] = with_relu(m * p.n + n, tile_sum(i, j) + start);
            }
        }
    }
}
