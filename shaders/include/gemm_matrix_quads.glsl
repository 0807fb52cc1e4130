// How the invocations of a tile on matrix units read operands of any shape: each its lines of one column of quads.
const uint STEP_A = THREADS / (PITCH_A - PAD_QUADS);
const uint STEP_B = THREADS / (PITCH_B - PAD_QUADS);
const uint LOADS_A = (LINES_A + STEP_A - 1u) / STEP_A;
const uint LOADS_B = (LINES_B + STEP_B - 1u) / STEP_B;
f16vec4 next_a[LOADS_A];
f16vec4 next_b[LOADS_B];

// What stays the same while a tile is summed.
void begin_reading(uint m0, uint n0, uint k_begin)
{
#ifndef A_K_FAST
    [[unroll]] for (uint j = 0u; j < 4u; j++)
        a_set_m(j, m0 + gl_LocalInvocationID.x % QUADS_M * 4u + j);
#endif
#ifndef B_K_FAST
    [[unroll]] for (uint j = 0u; j < 4u; j++)
        b_set_n(j, n0 + gl_LocalInvocationID.x % QUADS_N * 4u + j);
#endif
}

void read_a(uint m0, uint k0, uint k_end)
{
    uint line = gl_LocalInvocationID.x / (PITCH_A - PAD_QUADS);
#ifdef A_K_FAST
    uint k = k0 + gl_LocalInvocationID.x % QUADS_K * 4u;
#ifdef A_WIDE
    if (WIDE_A) {
        a_set_k(k < k_end ? k : k0);
        [[unroll]] for (uint i = 0u; i < LOADS_A; i++)
            next_a[i] = k < k_end ? a_wide(m0 + line + i * STEP_A) : f16vec4(0.0);
        return;
    }
#endif
    [[unroll]] for (uint e = 0u; e < 4u; e++) {
        bool inside = k + e < k_end;
        a_set_k(inside ? k + e : k0);
        [[unroll]] for (uint i = 0u; i < LOADS_A; i++)
            next_a[i][e] = inside ? a_at(m0 + line + i * STEP_A) : float16_t(0.0);
    }
#else
    [[unroll]] for (uint i = 0u; i < LOADS_A; i++) {
        uint k = k0 + line + i * STEP_A;
        bool inside = k < k_end;
        uint from = inside ? k : k0;
        f16vec4 values;
#ifdef A_WIDE
        if (WIDE_A)
            values = a_wide(from);
        else
#endif
            values = f16vec4(a_at(0u, from), a_at(1u, from), a_at(2u, from), a_at(3u, from));
        next_a[i] = inside ? values : f16vec4(0.0);
    }
#endif
}

void read_b(uint n0, uint k0, uint k_end)
{
    uint line = gl_LocalInvocationID.x / (PITCH_B - PAD_QUADS);
#ifdef B_K_FAST
    uint k = k0 + gl_LocalInvocationID.x % QUADS_K * 4u;
#ifdef B_WIDE
    if (WIDE_B) {
        b_set_k(k < k_end ? k : k0);
        [[unroll]] for (uint i = 0u; i < LOADS_B; i++)
            next_b[i] = k < k_end ? b_wide(n0 + line + i * STEP_B) : f16vec4(0.0);
        return;
    }
#endif
    [[unroll]] for (uint e = 0u; e < 4u; e++) {
        bool inside = k + e < k_end;
        b_set_k(inside ? k + e : k0);
        [[unroll]] for (uint i = 0u; i < LOADS_B; i++)
            next_b[i][e] = inside ? b_at(n0 + line + i * STEP_B) : float16_t(0.0);
    }
#else
    [[unroll]] for (uint i = 0u; i < LOADS_B; i++) {
        uint k = k0 + line + i * STEP_B;
        bool inside = k < k_end;
        uint from = inside ? k : k0;
        f16vec4 values;
#ifdef B_WIDE
        if (WIDE_B)
            values = b_wide(from);
        else
#endif
            values = f16vec4(b_at(0u, from), b_at(1u, from), b_at(2u, from), b_at(3u, from));
        next_b[i] = inside ? values : f16vec4(0.0);
    }
#endif
}

// What was read, into shared memory.
void share()
{
    uint line_a = gl_LocalInvocationID.x / (PITCH_A - PAD_QUADS);
    uint quad_a = gl_LocalInvocationID.x % (PITCH_A - PAD_QUADS);
    [[unroll]] for (uint i = 0u; i < LOADS_A; i++)
        if (line_a + i * STEP_A < LINES_A)
            tile_a[(line_a + i * STEP_A) * PITCH_A + quad_a] = next_a[i];
    uint line_b = gl_LocalInvocationID.x / (PITCH_B - PAD_QUADS);
    uint quad_b = gl_LocalInvocationID.x % (PITCH_B - PAD_QUADS);
    [[unroll]] for (uint i = 0u; i < LOADS_B; i++)
        if (line_b + i * STEP_B < LINES_B)
            tile_b[(line_b + i * STEP_B) * PITCH_B + quad_b] = next_b[i];
}
