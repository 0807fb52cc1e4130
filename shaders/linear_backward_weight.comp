#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dweight[o,i] = sum over n of dy[n,o] * x[n,i]; here m is the output, n the input and k the sample. With a bias
// there is one column of ones more, so that the last column of the product is dbias. A long batch is summed in
// chunks, whose partial results go to the workspace.
#include "include/storage.glsl"
#include "include/gemm_push.h"
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
    STORED dy[];
};
layout(std430, binding = 2) readonly buffer DYQuads
{
    STORED4 dy_quads[];
};
layout(std430, binding = 3) readonly buffer X
{
    STORED x[];
};
layout(std430, binding = 3) readonly buffer XQuads
{
    STORED4 x_quads[];
};
layout(push_constant) uniform Push
{
    vk_linear_push p;
};

uint a_m[4], b_n[4];

void a_set_m(uint j, uint m)
{
    a_m[j] = m;
}

VALUE a_at(uint j, uint k)
{
    return a_m[j] < p.m ? VALUE(dy[k * p.m + a_m[j]]) : VALUE(0.0);
}

VALUE4 a_wide(uint k)
{
    return a_m[0] < p.m ? VALUE4(dy_quads[(k * p.m + a_m[0]) / 4u]) : VALUE4(0.0);
}

void b_set_n(uint j, uint n)
{
    b_n[j] = n;
}

VALUE b_at(uint j, uint k)
{
    uint inputs = p.n - p.bias;
    if (b_n[j] < inputs)
        return VALUE(x[k * inputs + b_n[j]]);
    return VALUE(b_n[j] < p.n ? 1.0 : 0.0);
}

// The bias's column is the first of a quad.
VALUE4 b_wide(uint k)
{
    uint inputs = p.n - p.bias;
    if (b_n[0] < inputs)
        return VALUE4(x_quads[(k * inputs + b_n[0]) / 4u]);
    return VALUE4(b_n[0] < p.n ? 1.0 : 0.0, 0.0, 0.0, 0.0);
}

uint chunk;
uint c_n;

void c_set_n(uint n)
{
    c_n = n;
}

void c_store(uint m, float sum)
{
    uint inputs = p.n - p.bias;
    if (p.split != 0u)
        dweight[(chunk * p.m + m) * p.n + c_n] = sum;
    else if (c_n < inputs)
        dweight[m * inputs + c_n] = sum;
    else
        dbias[m] = sum;
}

#define A_WIDE
#define B_WIDE
#include "include/gemm.glsl"

void main()
{
    uint tiles = p.tiles_m * p.tiles_n;
    chunk = workgroup_number() / tiles;
    uint k_begin = chunk * p.chunk;
    if (k_begin >= p.k)
        return;
    uint tile = workgroup_number() - chunk * tiles;
    uint m0 = tile / p.tiles_n * TILE_M;
    uint n0 = tile % p.tiles_n * TILE_N;
    multiply_tile(m0, n0, k_begin, min(k_begin + p.chunk, p.k));
    store_tile(m0, n0);
}
