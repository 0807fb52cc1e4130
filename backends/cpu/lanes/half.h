// Vectors of eight lanes, half a block, whatever LANES_WIDTH is: what the kernels for single samples share.
#ifndef TUFF_CPU_LANES_HALF_H
#define TUFF_CPU_LANES_HALF_H

#include "lanes.h"
#include "table.h"

#if LANES_WIDTH >= 8

#include "compress_table.h"

// to[j][i] = from[i][j] for eight by eight floats.
LANES_INLINE void half_transpose(const float *const from[LANES_HALF], float *const to[LANES_HALF])
{
    LANES_UNROLL
    for (int q = 0; q < 2; q++) {
        // Rows four apart side by side: four by four transpositions within each half are left.
        __m256 row[4];
        LANES_UNROLL
        for (int i = 0; i < 4; i++)
            row[i] = _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from[i] + 4 * q)),
                                          _mm_loadu_ps(from[i + 4] + 4 * q), 1);
        const __m256 low01 = _mm256_unpacklo_ps(row[0], row[1]), high01 = _mm256_unpackhi_ps(row[0], row[1]);
        const __m256 low23 = _mm256_unpacklo_ps(row[2], row[3]), high23 = _mm256_unpackhi_ps(row[2], row[3]);
        _mm256_storeu_ps(to[4 * q], _mm256_shuffle_ps(low01, low23, _MM_SHUFFLE(1, 0, 1, 0)));
        _mm256_storeu_ps(to[4 * q + 1], _mm256_shuffle_ps(low01, low23, _MM_SHUFFLE(3, 2, 3, 2)));
        _mm256_storeu_ps(to[4 * q + 2], _mm256_shuffle_ps(high01, high23, _MM_SHUFFLE(1, 0, 1, 0)));
        _mm256_storeu_ps(to[4 * q + 3], _mm256_shuffle_ps(high01, high23, _MM_SHUFFLE(3, 2, 3, 2)));
    }
}

// The gradients of eight windows that have a winner, and a bit in `present`, go to entries->…[count …], each
// with its place: first[lane] + by_winner[winner]. winner: eight bytes. Returns the new count. Up to eight
// entries behind it are overwritten.
LANES_INLINE ptrdiff_t half_collect(const struct lanes_entries *entries, ptrdiff_t count, __m256 gradients,
                                    __m128i winner, __m256i first, __m256i by_winner, unsigned present)
{
    const __m256i w = _mm256_cvtepu8_epi32(winner);
    const __m256i place = _mm256_add_epi32(first, _mm256_permutevar8x32_epi32(by_winner, w));
    const unsigned dead =
        (unsigned)_mm256_movemask_ps(_mm256_castsi256_ps(_mm256_cmpeq_epi32(w, _mm256_set1_epi32(255))));
    const unsigned chosen = ~dead & present;
    const __m256i order = _mm256_cvtepu8_epi32(_mm_loadl_epi64((const __m128i_u *)&compress_table[chosen]));
    _mm256_storeu_si256((__m256i_u *)(entries->places + count), _mm256_permutevar8x32_epi32(place, order));
    _mm256_storeu_ps(entries->gradients + count, _mm256_permutevar8x32_ps(gradients, order));
    return count + __builtin_popcount(chosen);
}

#else

LANES_INLINE void half_transpose(const float *const from[LANES_HALF], float *const to[LANES_HALF])
{
    for (int i = 0; i < LANES_HALF; i++) {
        for (int j = 0; j < LANES_HALF; j++)
            to[j][i] = from[i][j];
    }
}

#endif

// Register tiles of `rows` x `vectors` accumulators, TILE_MOST at most; NAME(rows, vectors) for each.
enum { HALF_TILE_MOST = 12, HALF_TILE_ROWS = 6 };
#define HALF_TILES(NAME)                                                                                     \
    NAME(1, 1)                                                                                               \
    NAME(1, 2)                                                                                               \
    NAME(1, 3) NAME(1, 4) NAME(1, 5) NAME(1, 6) NAME(1, 7) NAME(1, 8) NAME(1, 9) NAME(1, 10) NAME(1, 11)     \
        NAME(1, 12) NAME(2, 1) NAME(2, 2) NAME(2, 3) NAME(2, 4) NAME(2, 5) NAME(2, 6) NAME(3, 1) NAME(3, 2)  \
            NAME(3, 3) NAME(3, 4) NAME(4, 1) NAME(4, 2) NAME(4, 3) NAME(5, 1) NAME(5, 2) NAME(6, 1)          \
                NAME(6, 2)

// How to cut rows x vectors into tiles: of so many vectors, then of so many rows.
LANES_INLINE void half_tile(ptrdiff_t rows, ptrdiff_t vectors, ptrdiff_t *tile_rows, ptrdiff_t *tile_vectors)
{
    const ptrdiff_t parts = (vectors + HALF_TILE_MOST - 1) / HALF_TILE_MOST;
    *tile_vectors = (vectors + parts - 1) / parts;
    ptrdiff_t most = HALF_TILE_MOST / *tile_vectors;
    if (most > HALF_TILE_ROWS)
        most = HALF_TILE_ROWS;
    const ptrdiff_t row_parts = (rows + most - 1) / most;
    *tile_rows = (rows + row_parts - 1) / row_parts;
}

#endif
