// ReLU and max pooling of one row of windows, with the batch in the lanes.
#include "kernels.h"
#include "lanes.h"

// Each lane's number, below 256, as a byte.
LANES_INLINE void store_bytes(uint8_t *to, vu v)
{
#if LANES_WIDTH == 16
    _mm_storeu_si128((__m128i_u *)(void *)to, _mm512_cvtepi32_epi8((__m512i)v));
#elif LANES_WIDTH == 8
    const __m128i words =
        _mm_packs_epi32(_mm256_castsi256_si128((__m256i)v), _mm256_extracti128_si256((__m256i)v, 1));
    _mm_storel_epi64((__m128i_u *)(void *)to, _mm_packus_epi16(words, words));
#else
    for (int i = 0; i < LANES_WIDTH; i++)
        to[i] = (uint8_t)v[i];
#endif
}

// y and winner of windows whose greatest element is `best`, at `where`. A NaN is no number above zero.
LANES_INLINE void finish(vf best, vu where, float *y, uint8_t *winner)
{
    const vm alive = v_greater(best, v_zero());
    v_store(y, v_select(v_not_at_most(best, v_zero()), best, v_zero()));
    if (winner)
        store_bytes(winner, v_select_u32(alive, where, v_splat_u32(255)));
}

// The greater of two, the first of equals; NaN if one is.
LANES_INLINE vf greater_of(vf a, vf b, vm *second)
{
    *second = v_greater(b, a);
    return v_select(v_and(v_is_number(a), v_not_at_most(b, a)), b, a);
}

LANES_INLINE void pool_2x2(const struct lanes_window_pool *p, const float *z, float *y, uint8_t *winner)
{
    const float *top = z, *bottom = z + p->width * LANES_BLOCK;
    for (ptrdiff_t pw = 0; pw < p->out_w; pw++) {
        LANES_UNROLL
        for (int h = 0; h < LANES_PARTS; h++) {
            vm right_above, right_below, below;
            const vf above = greater_of(v_load(top + h * LANES_WIDTH),
                                        v_load(top + LANES_BLOCK + h * LANES_WIDTH), &right_above);
            const vf under = greater_of(v_load(bottom + h * LANES_WIDTH),
                                        v_load(bottom + LANES_BLOCK + h * LANES_WIDTH), &right_below);
            const vf best = greater_of(above, under, &below);
            const vu where = v_select_u32(below, v_select_u32(right_below, v_splat_u32(3), v_splat_u32(2)),
                                          v_select_u32(right_above, v_splat_u32(1), v_splat_u32(0)));
            finish(best, where, y + h * LANES_WIDTH, winner ? winner + h * LANES_WIDTH : NULL);
        }
        top += p->stride_w * LANES_BLOCK;
        bottom += p->stride_w * LANES_BLOCK;
        y += LANES_BLOCK;
        if (winner)
            winner += LANES_BLOCK;
    }
}

LANES_INLINE void pool_any(const struct lanes_window_pool *p, const float *z, float *y, uint8_t *winner)
{
    for (ptrdiff_t pw = 0; pw < p->out_w; pw++) {
        for (ptrdiff_t h = 0; h < LANES_PARTS; h++) {
            const float *window = z + pw * p->stride_w * LANES_BLOCK + h * LANES_WIDTH;
            vf best = v_load(window);
            vu where = v_splat_u32(0);
            uint32_t place = 0;
            for (ptrdiff_t r = 0; r < p->kernel_h; r++) {
                for (ptrdiff_t s = 0; s < p->kernel_w; s++, place++) {
                    const vf x = v_load(window + (r * p->width + s) * LANES_BLOCK);
                    const vm beats = v_and(v_not_at_most(x, best), v_is_number(best));
                    best = v_select(beats, x, best);
                    where = v_select_u32(beats, v_splat_u32(place), where);
                }
            }
            finish(best, where, y + pw * LANES_BLOCK + h * LANES_WIDTH,
                   winner ? winner + pw * LANES_BLOCK + h * LANES_WIDTH : NULL);
        }
    }
}

void LANES_FN(relu_max_pool)(const struct lanes_window_pool *p, const float *z, float *y, uint8_t *winner)
{
    const int is_2x2 = p->kernel_h == 2 && p->kernel_w == 2;
    if (is_2x2 && winner)
        pool_2x2(p, z, y, winner);
    else if (is_2x2)
        pool_2x2(p, z, y, NULL);
    else
        pool_any(p, z, y, winner);
}
