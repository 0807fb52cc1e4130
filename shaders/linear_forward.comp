#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// y[n,o] = bias[o] + sum over i of x[n,i] * weight[o,i]; here m is the sample and n the output. The terms are p.chunk
// from p.first on.
#include "include/storage.glsl"
#include "include/gemm_push.h"
#include "include/fused_relu.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Y
{
    STORED y[];
};
#ifdef STORED_HALF
layout(constant_id = 5) const uint FLOAT_Y = 0u; // 1: y is float32 all the same

layout(std430, binding = 0) buffer FloatY
{
    float float_y[];
};
#else
const uint FLOAT_Y = 0u;
#define float_y y
#endif
layout(std430, binding = 1) readonly buffer X
{
    STORED x[];
};
layout(std430, binding = 1) readonly buffer XQuads
{
    STORED4 x_quads[];
};
layout(std430, binding = 2) readonly buffer Weight
{
    STORED weight[];
};
layout(std430, binding = 2) readonly buffer WeightQuads
{
    STORED4 weight_quads[];
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

VALUE a_at(uint m)
{
    return m < p.m ? VALUE(x[m * p.k + a_k]) : VALUE(0.0);
}

VALUE4 a_wide(uint m)
{
    return m < p.m ? VALUE4(x_quads[(m * p.k + a_k) / 4u]) : VALUE4(0.0);
}

void b_set_k(uint k)
{
    b_k = k;
}

VALUE b_at(uint n)
{
    return n < p.n ? VALUE(weight[n * p.k + b_k]) : VALUE(0.0);
}

VALUE4 b_wide(uint n)
{
    return n < p.n ? VALUE4(weight_quads[(n * p.k + b_k) / 4u]) : VALUE4(0.0);
}

uint c_n;

void c_set_n(uint n)
{
    c_n = n;
}

void c_store(uint m, float sum)
{
    uint i = m * p.n + c_n;
    float start = p.bias != 0u ? bias[c_n] : 0.0;
    if (p.first != 0u)
        start = FLOAT_Y != 0u ? float_y[i] : float(y[i]);
    float value = with_relu(sum + start);
    if (FLOAT_Y != 0u)
        float_y[i] = value;
    else
        y[i] = STORED(value);
}

#define A_K_FAST
#define B_K_FAST
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
