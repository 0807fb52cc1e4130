#include "tuff/random.h"

enum { ROUNDS = 10 };

// Constants of Philox4x32, from the paper's table 2.
static const uint32_t MULTIPLIER_0 = 0xD2511F53u, MULTIPLIER_1 = 0xCD9E8D57u;
static const uint32_t WEYL_0 = 0x9E3779B9u, WEYL_1 = 0xBB67AE85u;

void tuff_random_block(uint64_t seed, enum tuff_random_purpose purpose, uint32_t step, uint64_t element,
                       uint32_t out[4])
{
    uint32_t k0 = (uint32_t)seed, k1 = (uint32_t)(seed >> 32);
    uint32_t c0 = (uint32_t)element, c1 = (uint32_t)(element >> 32), c2 = step, c3 = (uint32_t)purpose;
    for (int round = 0; round < ROUNDS; round++) {
        uint64_t p0 = (uint64_t)MULTIPLIER_0 * c0, p1 = (uint64_t)MULTIPLIER_1 * c2;
        uint32_t n0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0, n2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
        c0 = n0, c1 = (uint32_t)p1, c2 = n2, c3 = (uint32_t)p0;
        k0 += WEYL_0, k1 += WEYL_1;
    }
    out[0] = c0, out[1] = c1, out[2] = c2, out[3] = c3;
}

uint32_t tuff_random_u32(uint64_t seed, enum tuff_random_purpose purpose, uint32_t step, uint64_t element)
{
    uint32_t block[4];
    tuff_random_block(seed, purpose, step, element, block);
    return block[0];
}

float tuff_random_uniform(uint64_t seed, enum tuff_random_purpose purpose, uint32_t step, uint64_t element)
{
    return (float)(tuff_random_u32(seed, purpose, step, element) >> 8) * 0x1p-24f;
}

void tuff_random_permutation(uint64_t seed, uint32_t epoch, uint32_t count, uint32_t *order)
{
    for (uint32_t i = 0; i < count; i++)
        order[i] = i;
    for (uint32_t i = count; i-- > 1;) {
        uint32_t j =
            (uint32_t)(((uint64_t)tuff_random_u32(seed, TUFF_RANDOM_SHUFFLE, epoch, i) * (i + 1)) >> 32);
        uint32_t other = order[j];
        order[j] = order[i];
        order[i] = other;
    }
}
