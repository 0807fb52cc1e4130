#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// y[n,o] = bias[o] + sum over i of x[n,i] * weight[o,i]; here m is the sample and n the output. The terms are p.chunk
// from p.first on.
#include "include/gemm_push.h"
#include "include/fused_relu.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Y
{
    float y[];
};
layout(std430, binding = 1) readonly buffer X
{
    float x[];
};
layout(std430, binding = 1) readonly buffer XQuads
{
    vec4 x_quads[];
};
layout(std430, binding = 2) readonly buffer Weight
{
    float weight[];
};
layout(std430, binding = 2) readonly buffer WeightQuads
{
    vec4 weight_quads[];
};
layout(std430, binding = 3) readonly buffer Bias
{
    float bias[];
};
layout(push_constant) uniform Push
{
    vk_linear_push p;
};

uint a_k, b_k;

void a_set_k(uint k)
{
    a_k = k;
}

float a_at(uint m)
{
    return m < p.m ? x[m * p.k + a_k] : 0.0;
}

vec4 a_wide(uint m)
{
    return m < p.m ? x_quads[(m * p.k + a_k) / 4u] : vec4(0.0);
}

void b_set_k(uint k)
{
    b_k = k;
}

float b_at(uint n)
{
    return n < p.n ? weight[n * p.k + b_k] : 0.0;
}

vec4 b_wide(uint n)
{
    return n < p.n ? weight_quads[(n * p.k + b_k) / 4u] : vec4(0.0);
}

#define A_K_FAST
#define B_K_FAST
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
    [[unroll]] for (uint j = 0u; j < 4u * COLUMN_QUADS; j++) {
        uint n = n0 + tile_column(j);
        if (n >= p.n)
            continue;
        float start = p.bias != 0u ? bias[n] : 0.0;
        [[unroll]] for (uint i = 0u; i < 4u * ROW_QUADS; i++) {
            uint m = m0 + tile_row(i);
            if (m < p.m) {
                if (p.first != 0u)
                    start = y[m * p.n + n];
                y[m * p.n + n] = with_relu(tile_sum(i, j) + start);
            }
        }
    }
}
