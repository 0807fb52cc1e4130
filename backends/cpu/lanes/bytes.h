// Vectors of 16 bytes, whatever the width of the float vectors, and how the pixels in them become floats.
#ifndef TUFF_CPU_LANES_BYTES_H
#define TUFF_CPU_LANES_BYTES_H

#include "lanes.h"

// Bytes of a and b in turn, from their first halves and from their second.
#if defined(__SSE2__)
typedef __m128i bytes16;
#define INTERLEAVE_FIRST(a, b)  _mm_unpacklo_epi8(a, b)
#define INTERLEAVE_SECOND(a, b) _mm_unpackhi_epi8(a, b)
#else
typedef uint8_t bytes16 __attribute__((vector_size(16)));
#define INTERLEAVE_FIRST(a, b)                                                                               \
    __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23)
#define INTERLEAVE_SECOND(a, b)                                                                              \
    __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31)
#endif

LANES_INLINE bytes16 bytes_load(const uint8_t *from)
{
    bytes16 v;
    memcpy(&v, from, sizeof v);
    return v;
}

LANES_INLINE void bytes_store(uint8_t *to, bytes16 v)
{
    memcpy(to, &v, sizeof v);
}

// The bytes of a word, four times over.
LANES_INLINE bytes16 bytes_splat_word(int32_t word)
{
#if defined(__SSE2__)
    return _mm_set1_epi32(word);
#else
    const int32_t words[4] = {word, word, word, word};
    bytes16 v;
    memcpy(&v, words, sizeof v);
    return v;
#endif
}

// Byte which[i] of `from`, or 0 where which[i] is 0x80 or more. Others above 15 are not allowed.
LANES_INLINE bytes16 bytes_pick(bytes16 from, bytes16 which)
{
#if defined(__SSSE3__)
    return _mm_shuffle_epi8(from, which);
#else
    uint8_t bytes[32] = {0}, picks[16], to[16];
    bytes_store(bytes, from);
    bytes_store(picks, which);
    for (int i = 0; i < 16; i++)
        to[i] = bytes[picks[i] < 16 ? picks[i] : 16];
    return bytes_load(to);
#endif
}

// v: 16 rows of 16 bytes, of which nothing is left; to[column][row].
LANES_INLINE void transpose_bytes(bytes16 v[16], uint8_t to[16][16])
{
    bytes16 t[16];
    // Interleaving row i with row i + 8, four times over, turns rows into columns.
    LANES_UNROLL
    for (int stage = 0; stage < 4; stage++) {
        LANES_UNROLL
        for (int i = 0; i < 8; i++) {
            t[2 * i] = INTERLEAVE_FIRST(v[i], v[i + 8]);
            t[2 * i + 1] = INTERLEAVE_SECOND(v[i], v[i + 8]);
        }
        LANES_UNROLL
        for (int i = 0; i < 16; i++)
            v[i] = t[i];
    }
    LANES_UNROLL
    for (int i = 0; i < 16; i++)
        bytes_store(to[i], v[i]);
}

// LANES_WIDTH pixels: byte * scale + shift. Every picture's pixels pass through here, so that all ops round
// them alike.
LANES_INLINE vf pixels_scaled(const uint8_t *bytes, vf scale, vf shift)
{
    return v_from_u8(bytes) * scale + shift;
}

#endif
