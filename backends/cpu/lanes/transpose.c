// Moving between row-major and batch-in-lanes: 16 x 16 transpositions of floats and of bytes.
#include "kernels.h"
#include "lanes.h"

#if LANES_WIDTH > 4

#if LANES_WIDTH == 16
typedef __m512 quads;
#define QUADS_PS(name) _mm512_##name##_ps
#define QUADS_PD(name) _mm512_##name##_pd
#define QUADS_TO_PD    _mm512_castps_pd
#define QUADS_TO_PS    _mm512_castpd_ps
#else
typedef __m256 quads;
#define QUADS_PS(name) _mm256_##name##_ps
#define QUADS_PD(name) _mm256_##name##_pd
#define QUADS_TO_PD    _mm256_castps_pd
#define QUADS_TO_PS    _mm256_castpd_ps
#endif

// Four floats from each of rows 0, 4, 8, ... below `from`, one after the other.
LANES_INLINE quads quads_load(const float *from, ptrdiff_t row)
{
#if LANES_WIDTH == 16
    __m512 v = _mm512_castps128_ps512(_mm_loadu_ps(from));
    v = _mm512_insertf32x4(v, _mm_loadu_ps(from + 4 * row), 1);
    v = _mm512_insertf32x4(v, _mm_loadu_ps(from + 8 * row), 2);
    return _mm512_insertf32x4(v, _mm_loadu_ps(from + 12 * row), 3);
#else
    return _mm256_insertf128_ps(_mm256_castps128_ps256(_mm_loadu_ps(from)), _mm_loadu_ps(from + 4 * row), 1);
#endif
}

// LANES_WIDTH rows of 16 columns become 16 rows of LANES_WIDTH. Loading rows 4 apart side by side leaves only
// 4 x 4 transpositions within each quarter of a register.
LANES_INLINE void transpose_tile(const float *from, ptrdiff_t from_row, float *to, ptrdiff_t to_row)
{
    LANES_UNROLL
    for (int q = 0; q < 4; q++) {
        const float *f = from + 4 * q;
        const quads a = quads_load(f, from_row), b = quads_load(f + from_row, from_row);
        const quads c = quads_load(f + 2 * from_row, from_row), d = quads_load(f + 3 * from_row, from_row);
        const quads ab_low = QUADS_PS(unpacklo)(a, b), ab_high = QUADS_PS(unpackhi)(a, b);
        const quads cd_low = QUADS_PS(unpacklo)(c, d), cd_high = QUADS_PS(unpackhi)(c, d);
        float *t = to + 4 * q * to_row;
        v_store(t, (vf)QUADS_TO_PS(QUADS_PD(unpacklo)(QUADS_TO_PD(ab_low), QUADS_TO_PD(cd_low))));
        v_store(t + to_row, (vf)QUADS_TO_PS(QUADS_PD(unpackhi)(QUADS_TO_PD(ab_low), QUADS_TO_PD(cd_low))));
        v_store(t + 2 * to_row,
                (vf)QUADS_TO_PS(QUADS_PD(unpacklo)(QUADS_TO_PD(ab_high), QUADS_TO_PD(cd_high))));
        v_store(t + 3 * to_row,
                (vf)QUADS_TO_PS(QUADS_PD(unpackhi)(QUADS_TO_PD(ab_high), QUADS_TO_PD(cd_high))));
    }
}

#else

LANES_INLINE void transpose_tile(const float *from, ptrdiff_t from_row, float *to, ptrdiff_t to_row)
{
    for (ptrdiff_t column = 0; column < LANES_BLOCK; column++) {
        const float *f = from + column;
        v_store(to + column * to_row, (vf){f[0], f[from_row], f[2 * from_row], f[3 * from_row]});
    }
}

#endif

void LANES_FN(transpose)(const float *from, ptrdiff_t from_row, ptrdiff_t rows, ptrdiff_t columns, float *to,
                         ptrdiff_t to_row)
{
    const ptrdiff_t whole_rows = rows - rows % LANES_WIDTH, whole_columns = columns - columns % LANES_BLOCK;
    for (ptrdiff_t c = 0; c < whole_columns; c += LANES_BLOCK) {
        for (ptrdiff_t r = 0; r < whole_rows; r += LANES_WIDTH)
            transpose_tile(from + r * from_row + c, from_row, to + c * to_row + r, to_row);
        // memcpy, not assignment: these may be integers, and floats must keep a NaN's bits.
        for (ptrdiff_t r = whole_rows; r < rows; r++) {
            for (ptrdiff_t i = c; i < c + LANES_BLOCK; i++)
                memcpy(to + i * to_row + r, from + r * from_row + i, sizeof *to);
        }
    }
    for (ptrdiff_t c = whole_columns; c < columns; c++) {
        for (ptrdiff_t r = 0; r < rows; r++)
            memcpy(to + c * to_row + r, from + r * from_row + c, sizeof *to);
    }
}

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

// 16 rows of 16 bytes; to[column][row].
LANES_INLINE void transpose_bytes(const uint8_t *const *rows, ptrdiff_t from, uint8_t to[16][16])
{
    bytes16 v[16], t[16];
    LANES_UNROLL
    for (int i = 0; i < 16; i++)
        memcpy(&v[i], rows[i] + from, sizeof v[i]);
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
        memcpy(to[i], &v[i], sizeof v[i]);
}

void LANES_FN(gather_bytes)(const uint8_t *const *images, ptrdiff_t pixels, const float *scale,
                            const float *shift, float *x)
{
    vf scales[LANES_PARTS], shifts[LANES_PARTS];
    LANES_UNROLL
    for (int h = 0; h < LANES_PARTS; h++) {
        scales[h] = v_load(scale + h * LANES_WIDTH);
        shifts[h] = v_load(shift + h * LANES_WIDTH);
    }
    uint8_t bytes[16][16];
    for (ptrdiff_t i = 0; i < pixels; i += 16) {
        ptrdiff_t first = i;
        if (i + 16 <= pixels || pixels >= 16) {
            // The last tile overlaps the one before, rather than to read beyond the images.
            first = i + 16 <= pixels ? i : pixels - 16;
            transpose_bytes(images, first, bytes);
        } else {
            for (ptrdiff_t k = 0; k < pixels; k++) {
                for (ptrdiff_t lane = 0; lane < LANES_BLOCK; lane++)
                    bytes[k][lane] = images[lane][k];
            }
        }
        const ptrdiff_t count = pixels - first < 16 ? pixels - first : 16;
        for (ptrdiff_t k = 0; k < count; k++) {
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++)
                v_store(x + (first + k) * LANES_BLOCK + h * LANES_WIDTH,
                        v_from_u8(bytes[k] + h * LANES_WIDTH) * scales[h] + shifts[h]);
        }
    }
}
