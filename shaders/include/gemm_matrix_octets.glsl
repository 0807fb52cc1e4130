// How the invocations of a tile on matrix units read operands of which eight neighbours lie in 16 bytes: each its lines of
// one column of octets. An octet is eight float16 in a uvec4; where one lies is counted in octets.
const uint OCTETS_A = (PITCH_A - PAD_QUADS) / 2u; // of a line
const uint OCTETS_B = (PITCH_B - PAD_QUADS) / 2u;
const uint STEP_A = THREADS / OCTETS_A;
const uint STEP_B = THREADS / OCTETS_B;
const uint LOADS_A = (LINES_A + STEP_A - 1u) / STEP_A;
const uint LOADS_B = (LINES_B + STEP_B - 1u) / STEP_B;
uvec4 next_a[LOADS_A];
uvec4 next_b[LOADS_B];

// Where the invocation's lines begin. Along k the lines are rows of a or columns of b, which stay; else they are terms of
// the sum, which move on from tile to tile, while the place in the line stays.
#ifdef A_K_FAST
uint lines_a[LOADS_A];
#else
a_walk lines_a[LOADS_A];
uint in_line_a;
#endif
#ifdef B_K_FAST
uint lines_b[LOADS_B];
#else
b_walk lines_b[LOADS_B];
uint in_line_b;
#endif

// Whether the invocation's i-th line is one of the tile; where the lines come out even, all are, and nothing is asked.
bool has_line(uint i, uint octets, uint step, uint lines)
{
    return lines % step == 0u || gl_LocalInvocationID.x / octets + i * step < lines;
}

void begin_reading(uint m0, uint n0, uint k_begin)
{
    [[unroll]] for (uint i = 0u; i < LOADS_A; i++) {
        uint line = gl_LocalInvocationID.x / OCTETS_A + i * STEP_A;
#ifdef A_K_FAST
        lines_a[i] = a_line(m0 + line);
#else
        lines_a[i] = a_begin(k_begin + line);
#endif
    }
    [[unroll]] for (uint i = 0u; i < LOADS_B; i++) {
        uint line = gl_LocalInvocationID.x / OCTETS_B + i * STEP_B;
#ifdef B_K_FAST
        lines_b[i] = b_line(n0 + line);
#else
        lines_b[i] = b_begin(k_begin + line);
#endif
    }
#ifndef A_K_FAST
    in_line_a = a_offset(m0 + gl_LocalInvocationID.x % OCTETS_A * 8u);
#endif
#ifndef B_K_FAST
    in_line_b = b_offset(n0 + gl_LocalInvocationID.x % OCTETS_B * 8u);
#endif
}

// Called for one tile of k after the other.
void read_a(uint m0, uint k0, uint k_end)
{
#ifdef A_K_FAST
    uint k = k0 + gl_LocalInvocationID.x % OCTETS_A * 8u;
    bool inside = k < k_end;
    uint offset = a_offset(inside ? k : k0);
    [[unroll]] for (uint i = 0u; i < LOADS_A; i++) {
        if (has_line(i, OCTETS_A, STEP_A, LINES_A)) {
            uvec4 octet = a_octet(lines_a[i] + offset);
            next_a[i] = inside ? octet : uvec4(0u);
        }
    }
#else
    [[unroll]] for (uint i = 0u; i < LOADS_A; i++) {
        bool inside = k0 + gl_LocalInvocationID.x / OCTETS_A + i * STEP_A < k_end;
        if (has_line(i, OCTETS_A, STEP_A, LINES_A)) {
            uvec4 octet = a_octet(inside ? lines_a[i].at + in_line_a : 0u);
            next_a[i] = inside ? octet : uvec4(0u);
        }
        a_advance(lines_a[i], TILE_K);
    }
#endif
}

void read_b(uint n0, uint k0, uint k_end)
{
#ifdef B_K_FAST
    uint k = k0 + gl_LocalInvocationID.x % OCTETS_B * 8u;
    bool inside = k < k_end;
    uint offset = b_offset(inside ? k : k0);
    [[unroll]] for (uint i = 0u; i < LOADS_B; i++) {
        if (has_line(i, OCTETS_B, STEP_B, LINES_B)) {
            uvec4 octet = b_octet(lines_b[i] + offset);
            next_b[i] = inside ? octet : uvec4(0u);
        }
    }
#else
    [[unroll]] for (uint i = 0u; i < LOADS_B; i++) {
        bool inside = k0 + gl_LocalInvocationID.x / OCTETS_B + i * STEP_B < k_end;
        if (has_line(i, OCTETS_B, STEP_B, LINES_B)) {
            uvec4 octet = b_octet(inside ? lines_b[i].at + in_line_b : 0u);
            next_b[i] = inside ? octet : uvec4(0u);
        }
        b_advance(lines_b[i], TILE_K);
    }
#endif
}

f16vec4 first_quad(uvec4 octet)
{
    return f16vec4(unpackFloat2x16(octet.x), unpackFloat2x16(octet.y));
}

f16vec4 second_quad(uvec4 octet)
{
    return f16vec4(unpackFloat2x16(octet.z), unpackFloat2x16(octet.w));
}

// What was read, into shared memory.
void share()
{
    uint line_a = gl_LocalInvocationID.x / OCTETS_A;
    uint quad_a = gl_LocalInvocationID.x % OCTETS_A * 2u;
    [[unroll]] for (uint i = 0u; i < LOADS_A; i++)
        if (has_line(i, OCTETS_A, STEP_A, LINES_A)) {
            uint at = (line_a + i * STEP_A) * PITCH_A + quad_a;
            tile_a[at] = first_quad(next_a[i]);
            tile_a[at + 1u] = second_quad(next_a[i]);
        }
    uint line_b = gl_LocalInvocationID.x / OCTETS_B;
    uint quad_b = gl_LocalInvocationID.x % OCTETS_B * 2u;
    [[unroll]] for (uint i = 0u; i < LOADS_B; i++)
        if (has_line(i, OCTETS_B, STEP_B, LINES_B)) {
            uint at = (line_b + i * STEP_B) * PITCH_B + quad_b;
            tile_b[at] = first_quad(next_b[i]);
            tile_b[at + 1u] = second_quad(next_b[i]);
        }
}
