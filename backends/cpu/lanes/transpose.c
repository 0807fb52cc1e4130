// Moving between row-major and batch-in-lanes: 16 x 16 transpositions of floats and of bytes.
#include "bytes.h"
#include "kernels.h"

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
            bytes16 rows[16];
            LANES_UNROLL
            for (int lane = 0; lane < LANES_BLOCK; lane++)
                rows[lane] = bytes_load(images[lane] + first);
            transpose_bytes(rows, bytes);
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
                        pixels_scaled(bytes[k] + h * LANES_WIDTH, scales[h], shifts[h]));
        }
    }
}

void LANES_FN(scale_bytes)(const uint8_t *bytes, size_t count, float scale, float shift, float *x)
{
    const vf scales = v_splat(scale), shifts = v_splat(shift);
    const size_t whole = count - count % LANES_WIDTH;
    for (size_t i = 0; i < whole; i += LANES_WIDTH)
        v_store(x + i, pixels_scaled(bytes + i, scales, shifts));
    if (whole < count) {
        uint8_t rest[LANES_WIDTH] = {0};
        memcpy(rest, bytes + whole, count - whole);
        v_store_first(x + whole, pixels_scaled(rest, scales, shifts), count - whole);
    }
}
