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

// The first words of the blocks of these elements. Those of even and of odd lanes are worked out apart, each
// in the lower half of a 64-bit lane, where products find their operands; what the upper halves hold means
// nothing.
LANES_INLINE vu random_words(const struct lanes_dropout *d, vu element)
{
    const vq zero = {0}, lower = zero + UINT32_MAX;
    vq first[2];
    LANES_UNROLL
    for (int odd = 0; odd < 2; odd++) {
        vq c0 = odd ? (vq)element >> 32 : (vq)element;
        vq c1 = zero + d->layer, c2 = zero + d->step, c3 = zero + DROPOUT_PURPOSE;
        uint32_t key0 = d->seed_low, key1 = d->seed_high;
        LANES_UNROLL
        for (int round = 0; round < ROUNDS; round++) {
            const vq product0 = multiply_halves(c0, zero + 0xD2511F53u);
            const vq product1 = multiply_halves(c2, zero + 0xCD9E8D57u);
            c0 = (product1 >> 32) ^ c1 ^ (zero + key0);
            c1 = product1;
            c2 = (product0 >> 32) ^ c3 ^ (zero + key1);
            c3 = product0;
            key0 += 0x9E3779B9u;
            key1 += 0xBB67AE85u;
        }
        first[odd] = c0;
    }
    return (vu)((first[0] & lower) | (first[1] << 32));
}

void LANES_FN(dropout)(const struct lanes_dropout *d, float *y, const float *x, uint32_t first,
                       uint32_t position_step, uint32_t lane_step, uint32_t samples, size_t count)
{
    const struct lanes_dropout of = *d; // y could alias *d for all the compiler knows
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
        const vu words = random_words(&of, v_load_u32(lane_elements) + v_splat_u32(element)) >> 8;
        const vf uniform = __builtin_convertvector((vi)words, vf) * v_splat(0x1p-24f);
        const vm kept = v_not(v_greater(v_splat(of.probability), uniform));
        const vm present = v_greater(v_splat((float)samples - (float)lane), v_load(lane_numbers));
        const vf scaled = v_load_first(x + i, rest) * v_splat(of.scale);
        v_store_first(y + i, v_keep(v_and(kept, present), scaled), rest);
    }
}
