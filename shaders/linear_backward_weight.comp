#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dweight[o,i] = sum over n of dy[n,o] * x[n,i]; here m is the output, n the input and k the sample. With a bias
// there is one column of ones more, so that the last column of the product is dbias. A long batch is summed in
// chunks, whose partial results go to the workspace.
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
layout(std430, binding = 3) readonly buffer XQuads
{
    vec4 x_quads[];
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

float a_at(uint j, uint k)
{
    return a_m[j] < p.m ? dy[k * p.m + a_m[j]] : 0.0;
}

vec4 a_wide(uint k)
{
    return a_m[0] < p.m ? dy_quads[(k * p.m + a_m[0]) / 4u] : vec4(0.0);
}

void b_set_n(uint j, uint n)
{
    b_n[j] = n;
}

float b_at(uint j, uint k)
{
    uint inputs = p.n - p.bias;
    return b_n[j] < inputs ? x[k * inputs + b_n[j]] : b_n[j] < p.n ? 1.0 : 0.0;
}

// The bias's column is the first of a quad.
vec4 b_wide(uint k)
{
    uint inputs = p.n - p.bias;
    if (b_n[0] < inputs)
        return x_quads[(k * inputs + b_n[0]) / 4u];
    return vec4(b_n[0] < p.n ? 1.0 : 0.0, 0.0, 0.0, 0.0);
}

#define A_WIDE
#define B_WIDE
#include "include/gemm_tile.glsl"

void main()
{
    uint tiles = p.tiles_m * p.tiles_n;
    uint chunk = workgroup_number() / tiles;
    uint k_begin = chunk * p.chunk;
    if (k_begin >= p.k)
        return;
    uint tile = workgroup_number() - chunk * tiles;
    uint m0 = tile / p.tiles_n * TILE_M;
    uint n0 = tile % p.tiles_n * TILE_N;
    multiply_tile(m0, n0, k_begin, min(k_begin + p.chunk, p.k));
    uint inputs = p.n - p.bias;
    [[unroll]] for (uint i = 0u; i < 4u * ROW_QUADS; i++) {
        uint m = m0 + tile_row(i);
        if (m >= p.m)
            continue;
        [[unroll]] for (uint j = 0u; j < 4u * COLUMN_QUADS; j++) {
            uint n = n0 + tile_column(j);
            float sum = tile_sum(i, j);
            if (n >= p.n)
                continue;
            if (p.split != 0u)
                dweight[(chunk * p.m + m) * p.n + n] = sum;
            else if (n < inputs)
                dweight[m * inputs + n] = sum;
            else
                dbias[m] = sum;
        }
    }
}
