// A tile of a product by multiplications of vectors, included by gemm.glsl.
//
// Tiles are kept as quads, four neighbouring rows of a or columns of b at one k. Each invocation sums ROW_QUADS x
// COLUMN_QUADS blocks of 4x4.
layout(constant_id = 1) const uint TILE_M = 32u;
layout(constant_id = 2) const uint TILE_N = 64u;
layout(constant_id = 3) const uint ROW_QUADS = 1u; // of an invocation
layout(constant_id = 4) const uint COLUMN_QUADS = 1u;
const uint QUADS_M = TILE_M / 4u;
const uint QUADS_N = TILE_N / 4u;
const uint QUADS_K = TILE_K / 4u;
const uint THREADS_M = QUADS_M / ROW_QUADS;
const uint THREADS_N = QUADS_N / COLUMN_QUADS;
const uint THREADS = THREADS_M * THREADS_N; // the workgroup's size; a multiple of QUADS_M, QUADS_N and TILE_K

// Rows of odd length, so that stores along k fall into different banks.
const uint PITCH_A = QUADS_M + 1u;
const uint PITCH_B = QUADS_N + 1u;
shared vec4 tile_a[TILE_K * PITCH_A];
shared vec4 tile_b[TILE_K * PITCH_B];

// sums[row * COLUMN_QUADS + j]: of this invocation's row and its j-th quad of columns.
vec4 sums[ROW_QUADS * 4u * COLUMN_QUADS];

#if defined A_K_FAST && defined A_WIDE
// Blocks of 4x4, read along k.
void load_tile_a_wide(uint m0, uint k0, uint k_end)
{
    uint lane = gl_LocalInvocationID.x;
    uint k = lane % QUADS_K * 4u;
    bool inside = k0 + k < k_end;
    a_set_k(inside ? k0 + k : k0);
    for (uint quad = lane / QUADS_K; quad < QUADS_M; quad += THREADS / QUADS_K) {
        uint m = m0 + quad * 4u;
        mat4 block = transpose(mat4(a_wide(m), a_wide(m + 1u), a_wide(m + 2u), a_wide(m + 3u)));
        [[unroll]] for (uint i = 0u; i < 4u; i++)
            tile_a[(k + i) * PITCH_A + quad] = inside ? block[i] : vec4(0.0);
    }
}
#endif

#if defined B_K_FAST && defined B_WIDE
void load_tile_b_wide(uint n0, uint k0, uint k_end)
{
    uint lane = gl_LocalInvocationID.x;
    uint k = lane % QUADS_K * 4u;
    bool inside = k0 + k < k_end;
    b_set_k(inside ? k0 + k : k0);
    for (uint quad = lane / QUADS_K; quad < QUADS_N; quad += THREADS / QUADS_K) {
        uint n = n0 + quad * 4u;
        mat4 block = transpose(mat4(b_wide(n), b_wide(n + 1u), b_wide(n + 2u), b_wide(n + 3u)));
        [[unroll]] for (uint i = 0u; i < 4u; i++)
            tile_b[(k + i) * PITCH_B + quad] = inside ? block[i] : vec4(0.0);
    }
}
#endif

void load_tile_a(uint m0, uint k0, uint k_end)
{
    uint lane = gl_LocalInvocationID.x;
#if defined A_K_FAST && defined A_WIDE
    if (WIDE_A) {
        load_tile_a_wide(m0, k0, k_end);
        return;
    }
#endif
#ifdef A_K_FAST
    uint k = lane % TILE_K;
    bool inside = k0 + k < k_end;
    a_set_k(inside ? k0 + k : k0);
    for (uint quad = lane / TILE_K; quad < QUADS_M; quad += THREADS / TILE_K) {
        uint m = m0 + quad * 4u;
        vec4 values = vec4(a_at(m), a_at(m + 1u), a_at(m + 2u), a_at(m + 3u));
        tile_a[k * PITCH_A + quad] = inside ? values : vec4(0.0);
    }
#else
    uint quad = lane % QUADS_M;
    for (uint k = lane / QUADS_M; k < TILE_K; k += THREADS / QUADS_M) {
        bool inside = k0 + k < k_end;
        uint from = inside ? k0 + k : k0;
        vec4 values;
#ifdef A_WIDE
        if (WIDE_A)
            values = a_wide(from);
        else
#endif
            values = vec4(a_at(0u, from), a_at(1u, from), a_at(2u, from), a_at(3u, from));
        tile_a[k * PITCH_A + quad] = inside ? values : vec4(0.0);
    }
#endif
}

void load_tile_b(uint n0, uint k0, uint k_end)
{
    uint lane = gl_LocalInvocationID.x;
#if defined B_K_FAST && defined B_WIDE
    if (WIDE_B) {
        load_tile_b_wide(n0, k0, k_end);
        return;
    }
#endif
#ifdef B_K_FAST
    uint k = lane % TILE_K;
    bool inside = k0 + k < k_end;
    b_set_k(inside ? k0 + k : k0);
    for (uint quad = lane / TILE_K; quad < QUADS_N; quad += THREADS / TILE_K) {
        uint n = n0 + quad * 4u;
        vec4 values = vec4(b_at(n), b_at(n + 1u), b_at(n + 2u), b_at(n + 3u));
        tile_b[k * PITCH_B + quad] = inside ? values : vec4(0.0);
    }
#else
    uint quad = lane % QUADS_N;
    for (uint k = lane / QUADS_N; k < TILE_K; k += THREADS / QUADS_N) {
        bool inside = k0 + k < k_end;
        uint from = inside ? k0 + k : k0;
        vec4 values;
#ifdef B_WIDE
        if (WIDE_B)
            values = b_wide(from);
        else
#endif
            values = vec4(b_at(0u, from), b_at(1u, from), b_at(2u, from), b_at(3u, from));
        tile_b[k * PITCH_B + quad] = inside ? values : vec4(0.0);
    }
#endif
}

// Of this invocation's row i, 0 to 4 * ROW_QUADS - 1, in the tile.
uint tile_row(uint i)
{
    return (gl_LocalInvocationID.x / THREADS_N + i / 4u * THREADS_M) * 4u + i % 4u;
}

// Of this invocation's column j, 0 to 4 * COLUMN_QUADS - 1, in the tile.
uint tile_column(uint j)
{
    return (gl_LocalInvocationID.x % THREADS_N + j / 4u * THREADS_N) * 4u + j % 4u;
}

// The sum for row i and column j of this invocation, both constant after unrolling.
float tile_sum(uint i, uint j)
{
    return sums[i * COLUMN_QUADS + j / 4u][j % 4u];
}

// Sums over k_begin <= k < k_end for the tile at m0, n0.
void multiply_tile(uint m0, uint n0, uint k_begin, uint k_end)
{
    uint row_thread = gl_LocalInvocationID.x / THREADS_N;
    uint column_thread = gl_LocalInvocationID.x % THREADS_N;
    [[unroll]] for (uint i = 0u; i < ROW_QUADS * 4u * COLUMN_QUADS; i++)
        sums[i] = vec4(0.0);
#ifndef A_K_FAST
    [[unroll]] for (uint j = 0u; j < 4u; j++)
        a_set_m(j, m0 + gl_LocalInvocationID.x % QUADS_M * 4u + j);
#endif
#ifndef B_K_FAST
    [[unroll]] for (uint j = 0u; j < 4u; j++)
        b_set_n(j, n0 + gl_LocalInvocationID.x % QUADS_N * 4u + j);
#endif
    for (uint k0 = k_begin; k0 < k_end; k0 += TILE_K) {
        load_tile_a(m0, k0, k_end);
        load_tile_b(n0, k0, k_end);
        barrier();
        for (uint k = 0u; k < TILE_K; k++) {
            vec4 columns[COLUMN_QUADS];
            [[unroll]] for (uint j = 0u; j < COLUMN_QUADS; j++)
                columns[j] = tile_b[k * PITCH_B + column_thread + j * THREADS_N];
            [[unroll]] for (uint i = 0u; i < ROW_QUADS; i++) {
                vec4 rows = tile_a[k * PITCH_A + row_thread + i * THREADS_M];
                [[unroll]] for (uint r = 0u; r < 4u; r++)
                    [[unroll]] for (uint j = 0u; j < COLUMN_QUADS; j++)
                        sums[(i * 4u + r) * COLUMN_QUADS + j] += rows[r] * columns[j];
            }
        }
        barrier();
    }
}

void store_tile(uint m0, uint n0)
{
    [[unroll]] for (uint j = 0u; j < 4u * COLUMN_QUADS; j++) {
        uint n = n0 + tile_column(j);
        if (n >= p.n)
            continue;
        c_set_n(n);
        [[unroll]] for (uint i = 0u; i < 4u * ROW_QUADS; i++) {
            uint m = m0 + tile_row(i);
            if (m < p.m)
                c_store(m, tile_sum(i, j));
        }
    }
}
