// What ReLU and max pooling make of a window: its greatest element, if that is above zero, and where it was.
#ifndef TUFF_CPU_LANES_WINDOW_H
#define TUFF_CPU_LANES_WINDOW_H

#include "lanes.h"

// Each lane's number, 0 to 255, as a byte.
LANES_INLINE void window_store_bytes(uint8_t *to, vi v)
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

// y and winner (may be NULL) of windows whose greatest element is `best`, at `where`. A NaN is not above
// zero.
LANES_INLINE void window_finish(vf best, vu where, float *y, uint8_t *winner)
{
    v_store(y, v_select(v_not_at_most(best, v_zero()), best, v_zero()));
    if (winner)
        window_store_bytes(winner, (vi)v_select_u32(v_greater(best, v_zero()), where, v_splat_u32(255)));
}

// The greater of two that are numbers.
LANES_INLINE vf window_greater(vf a, vf b)
{
#if LANES_WIDTH == 16
    return (vf)_mm512_max_ps((__m512)a, (__m512)b);
#elif LANES_WIDTH == 8
    return (vf)_mm256_max_ps((__m256)a, (__m256)b);
#elif defined(__SSE2__)
    return (vf)_mm_max_ps((__m128)a, (__m128)b);
#else
    return v_select(v_greater(a, b), a, b);
#endif
}

// Windows of two by two: a and b above, c and d below.
LANES_INLINE void window_2x2(vf a, vf b, vf c, vf d, float *y, uint8_t *winner)
{
    const vf above = window_greater(a, b), under = window_greater(c, d);
    const vf best = window_greater(window_greater(above, under), v_zero());
#if LANES_WIDTH == 16
    const vm nan = _mm512_cmp_ps_mask((__m512)a, (__m512)b, _CMP_UNORD_Q) |
                   _mm512_cmp_ps_mask((__m512)c, (__m512)d, _CMP_UNORD_Q);
    v_store(y, v_select(nan, v_splat(__builtin_nanf("")), best));
    if (!winner)
        return;
    const vm alive = v_greater(best, v_zero()) & ~nan, below = v_greater(under, above);
    const vm right = (v_greater(b, a) & ~below) | (v_greater(d, c) & below);
    const __m512i where = _mm512_mask_add_epi32(_mm512_maskz_set1_epi32(right, 1), below,
                                                _mm512_maskz_set1_epi32(right, 1), _mm512_set1_epi32(2));
    window_store_bytes(winner, (vi)_mm512_mask_mov_epi32(_mm512_set1_epi32(255), alive, where));
#else
#if LANES_WIDTH == 8
    const vi nan = (vi)_mm256_or_ps(_mm256_cmp_ps((__m256)a, (__m256)b, _CMP_UNORD_Q),
                                    _mm256_cmp_ps((__m256)c, (__m256)d, _CMP_UNORD_Q));
#else
    const vi nan = ~((a == a) & (b == b) & (c == c) & (d == d));
#endif
    v_store(y, (vf)((vi)best | nan)); // all ones is a NaN
    if (!winner)
        return;
    const vi alive = (best > v_zero()) & ~nan, below = under > above;
    const vi right = (below & (d > c)) | (~below & (b > a));
    window_store_bytes(winner, (((right & 1) | (below & 2)) & alive) | (~alive & 255));
#endif
}

#endif
