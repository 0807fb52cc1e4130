#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dx[n,i] = sum over o of dy[n,o] * weight[o,i]; here m is the sample, n the input and k the output. The terms are
// p.chunk from p.first on.
#include "include/storage.glsl"
#include "include/gemm_push.h"
#include "include/fused_relu_backward.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer DX
{
    STORED dx[];
};
layout(std430, binding = 1) readonly buffer DY
{
    STORED dy[];
};
layout(std430, binding = 1) readonly buffer DYQuads
{
    STORED4 dy_quads[];
};
layout(std430, binding = 2) readonly buffer Weight
{
    STORED weight[];
};
layout(std430, binding = 2) readonly buffer WeightQuads
{
    STORED4 weight_quads[];
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

VALUE a_at(uint m)
{
    return m < p.m ? VALUE(dy[m * p.k + a_k]) : VALUE(0.0);
}

VALUE4 a_wide(uint m)
{
    return m < p.m ? VALUE4(dy_quads[(m * p.k + a_k) / 4u]) : VALUE4(0.0);
}

void b_set_n(uint j, uint n)
{
    b_n[j] = n;
}

VALUE b_at(uint j, uint k)
{
    return b_n[j] < p.n ? VALUE(weight[k * p.n + b_n[j]]) : VALUE(0.0);
}

VALUE4 b_wide(uint k)
{
    return b_n[0] < p.n ? VALUE4(weight_quads[(k * p.n + b_n[0]) / 4u]) : VALUE4(0.0);
}

uint c_n;

void c_set_n(uint n)
{
    c_n = n;
}

void c_store(uint m, float sum)
{
    uint i = m * p.n + c_n;
    float start = p.first != 0u ? float(dx[i]) : 0.0;
    dx[i] = STORED(with_relu(i, sum + start));
}

#define A_K_FAST
#define A_WIDE
#define B_WIDE
#include "include/gemm.glsl"

void main()
{
    uint tile = workgroup_number();
    if (tile >= p.tiles_m * p.tiles_n)
        return;
    uint m0 = tile / p.tiles_n * TILE_M;
    uint n0 = tile % p.tiles_n * TILE_N;
    multiply_tile(m0, n0, p.first, min(p.first + p.chunk, p.k));
    store_tile(m0, n0);
}
