// Dropout: the mask of Philox4x32-10 (Salmon, Moraes, Dror & Shaw, SC'11), a counter per lane.
#include "kernels.h"
#include "lanes.h"

typedef uint64_t vq __attribute__((vector_size(LANES_WIDTH * 4)));

enum { ROUNDS = 10, DROPOUT_PURPOSE = 5 }; // TUFF_RANDOM_DROPOUT of tuff/random.h

// The products of the lower halves of 64-bit lanes.
LANES_INLINE vq multiply_halves(vq a, vq b)
{
#if LANES_WIDTH == 16
    return (vq)_mm512_mul_epu32((__m512i)a, (__m512i)b);
#elif LANES_WIDTH == 8
    return (vq)_mm256_mul_epu32((__m256i)a, (__m256i)b);
#elif defined(__SSE2__)
    return (vq)_mm_mul_epu32((__m128i)a, (__m128i)b);
#else
    return (a & UINT32_MAX) * (b & UINT32_MAX);
#endif
}

// The products a * by, 64 bits wide, in two halves.
LANES_INLINE vu multiply_wide(vu a, uint32_t by, vu *low)
{
    const vq factor = (vq){0} + by, lower = (vq){0} + UINT32_MAX;
    const vq even = multiply_halves((vq)a, factor), odd = multiply_halves((vq)a >> 32, factor);
    *low = (vu)((even & lower) | (odd << 32));
    return (vu)((even >> 32) | (odd & ~lower));
}

// The first words of the blocks of these elements.
LANES_INLINE vu random_words(const struct lanes_dropout *d, vu element)
{
    vu c0 = element, c1 = v_splat_u32(d->layer), c2 = v_splat_u32(d->step), c3 = v_splat_u32(DROPOUT_PURPOSE);
    uint32_t key0 = d->seed_low, key1 = d->seed_high;
    LANES_UNROLL
    for (int round = 0; round < ROUNDS; round++) {
        vu low0, low1;
        const vu high0 = multiply_wide(c0, 0xD2511F53u, &low0), high1 = multiply_wide(c2, 0xCD9E8D57u, &low1);
        c0 = high1 ^ c1 ^ v_splat_u32(key0);
        c1 = low1;
        c2 = high0 ^ c3 ^ v_splat_u32(key1);
        c3 = low0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return c0;
}

void LANES_FN(dropout)(const struct lanes_dropout *d, float *y, const float *x, uint32_t first,
                       uint32_t position_step, uint32_t lane_step, uint32_t samples, size_t count)
{
    float lane_numbers[LANES_WIDTH];
    uint32_t lane_elements[LANES_WIDTH];
    for (uint32_t lane = 0; lane < LANES_WIDTH; lane++) {
        lane_numbers[lane] = (float)lane;
        lane_elements[lane] = lane * lane_step;
    }
    for (size_t i = 0; i < count; i += LANES_WIDTH) {
        const size_t rest = count - i;
        const uint32_t lane = (uint32_t)(i % LANES_BLOCK);
        const uint32_t element = first + (uint32_t)(i / LANES_BLOCK) * position_step + lane * lane_step;
        const vu words = random_words(d, v_load_u32(lane_elements) + v_splat_u32(element)) >> 8;
        const vf uniform = __builtin_convertvector((vi)words, vf) * v_splat(0x1p-24f);
        const vm kept = v_not(v_greater(v_splat(d->probability), uniform));
        const vm present = v_greater(v_splat((float)samples - (float)lane), v_load(lane_numbers));
        const vf scaled = v_load_first(x + i, rest) * v_splat(d->scale);
        v_store_first(y + i, v_keep(v_and(kept, present), scaled), rest);
    }
}
