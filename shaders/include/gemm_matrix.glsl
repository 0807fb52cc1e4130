#extension GL_KHR_cooperative_matrix : require
#extension GL_KHR_memory_scope_semantics : require
#extension GL_KHR_shader_subgroup_basic : require
// A tile of a product on matrix units, included by gemm.glsl: float16 operands, float32 sums.
//
// The tile is shared by ROW_SUBGROUPS x COLUMN_SUBGROUPS full subgroups, each of which sums ROW_FRAGMENTS x
// COLUMN_FRAGMENTS fragments. While they multiply what shared memory holds, the next operands are on their way into
// registers.
layout(constant_id = 1) const uint FRAGMENT_M = 16u;
layout(constant_id = 2) const uint FRAGMENT_N = 16u;
layout(constant_id = 3) const uint FRAGMENT_K = 16u;
layout(constant_id = 4) const uint SUBGROUP_SIZE = 32u;
layout(constant_id = 16) const uint ROW_SUBGROUPS = 2u;
layout(constant_id = 17) const uint COLUMN_SUBGROUPS = 4u;
layout(constant_id = 18) const uint ROW_FRAGMENTS = 4u;
layout(constant_id = 19) const uint COLUMN_FRAGMENTS = 2u;
const uint TILE_M = FRAGMENT_M * ROW_FRAGMENTS * ROW_SUBGROUPS;
const uint TILE_N = FRAGMENT_N * COLUMN_FRAGMENTS * COLUMN_SUBGROUPS;
const uint SUBGROUPS = ROW_SUBGROUPS * COLUMN_SUBGROUPS;
const uint THREADS = SUBGROUPS * SUBGROUP_SIZE; // the workgroup's size; a multiple of the quads of each dimension
const uint QUADS_M = TILE_M / 4u;
const uint QUADS_N = TILE_N / 4u;
const uint QUADS_K = TILE_K / 4u;

// In shared memory an operand is kept as it comes from memory, in quads along k or along its rows or columns. The
// lines are 8 elements longer than they need be: so neighbouring ones begin in different banks, and every fragment at a
// multiple of 16 bytes.
const uint PAD_QUADS = 2u;
#ifdef A_K_FAST
const uint PITCH_A = QUADS_K + PAD_QUADS;
const uint LINES_A = TILE_M;
#else
const uint PITCH_A = QUADS_M + PAD_QUADS;
const uint LINES_A = TILE_K;
#endif
#ifdef B_K_FAST
const uint PITCH_B = QUADS_K + PAD_QUADS;
const uint LINES_B = TILE_N;
#else
const uint PITCH_B = QUADS_N + PAD_QUADS;
const uint LINES_B = TILE_K;
#endif
shared f16vec4 tile_a[LINES_A * PITCH_A];
shared f16vec4 tile_b[LINES_B * PITCH_B];
shared float stage[SUBGROUPS * FRAGMENT_M * FRAGMENT_N]; // results, a fragment of each subgroup

#ifdef OCTETS
#include "gemm_matrix_octets.glsl"
#else
#include "gemm_matrix_quads.glsl"
#endif

coopmat<float, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator> sums[ROW_FRAGMENTS * COLUMN_FRAGMENTS];

// Of this subgroup's fragments: the first one's row and column in the tile.
uint first_row()
{
    return gl_SubgroupID / COLUMN_SUBGROUPS * ROW_FRAGMENTS * FRAGMENT_M;
}

uint first_column()
{
    return gl_SubgroupID % COLUMN_SUBGROUPS * COLUMN_FRAGMENTS * FRAGMENT_N;
}

void multiply_shared()
{
    [[unroll]] for (uint k = 0u; k < TILE_K; k += FRAGMENT_K) {
        coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_K, gl_MatrixUseA> a[ROW_FRAGMENTS];
        [[unroll]] for (uint i = 0u; i < ROW_FRAGMENTS; i++) {
            uint row = first_row() + i * FRAGMENT_M;
#ifdef A_K_FAST
            coopMatLoad(a[i], tile_a, row * PITCH_A + k / 4u, PITCH_A, gl_CooperativeMatrixLayoutRowMajor);
#else
            coopMatLoad(a[i], tile_a, k * PITCH_A + row / 4u, PITCH_A, gl_CooperativeMatrixLayoutColumnMajor);
#endif
        }
        [[unroll]] for (uint j = 0u; j < COLUMN_FRAGMENTS; j++) {
            coopmat<float16_t, gl_ScopeSubgroup, FRAGMENT_K, FRAGMENT_N, gl_MatrixUseB> b;
            uint column = first_column() + j * FRAGMENT_N;
#ifdef B_K_FAST
            coopMatLoad(b, tile_b, column * PITCH_B + k / 4u, PITCH_B, gl_CooperativeMatrixLayoutColumnMajor);
#else
            coopMatLoad(b, tile_b, k * PITCH_B + column / 4u, PITCH_B, gl_CooperativeMatrixLayoutRowMajor);
#endif
            [[unroll]] for (uint i = 0u; i < ROW_FRAGMENTS; i++)
                sums[i * COLUMN_FRAGMENTS + j] = coopMatMulAdd(a[i], b, sums[i * COLUMN_FRAGMENTS + j]);
        }
    }
}

void multiply_tile(uint m0, uint n0, uint k_begin, uint k_end)
{
    [[unroll]] for (uint i = 0u; i < ROW_FRAGMENTS * COLUMN_FRAGMENTS; i++)
        sums[i] = coopmat<float, gl_ScopeSubgroup, FRAGMENT_M, FRAGMENT_N, gl_MatrixUseAccumulator>(0.0);
    begin_reading(m0, n0, k_begin);
    if (k_begin < k_end) { // a sum without terms has no operand that could be read
        read_a(m0, k_begin, k_end);
        read_b(n0, k_begin, k_end);
    }
    for (uint k0 = k_begin; k0 < k_end; k0 += TILE_K) {
        share();
        barrier();
        if (k0 + TILE_K < k_end) {
            read_a(m0, k0 + TILE_K, k_end);
            read_b(n0, k0 + TILE_K, k_end);
        }
        multiply_shared();
        barrier();
    }
}

void store_tile(uint m0, uint n0)
{
    uint from = gl_SubgroupID * FRAGMENT_M * FRAGMENT_N;
    [[unroll]] for (uint i = 0u; i < ROW_FRAGMENTS; i++) {
        [[unroll]] for (uint j = 0u; j < COLUMN_FRAGMENTS; j++) {
            coopMatStore(sums[i * COLUMN_FRAGMENTS + j], stage, from, FRAGMENT_N, gl_CooperativeMatrixLayoutRowMajor);
            barrier();
            for (uint e = gl_SubgroupInvocationID; e < FRAGMENT_M * FRAGMENT_N; e += SUBGROUP_SIZE) {
                uint m = m0 + first_row() + i * FRAGMENT_M + e / FRAGMENT_N;
                uint n = n0 + first_column() + j * FRAGMENT_N + e % FRAGMENT_N;
                if (m < p.m && n < p.n) {
                    c_set_n(n);
                    c_store(m, stage[from + e]);
                }
            }
            barrier();
        }
    }
}
