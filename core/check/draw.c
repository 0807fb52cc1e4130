#include "draw.h"

#include <string.h>

#include "tuff/random.h"

static uint32_t scale_to(uint32_t word, uint32_t bound)
{
    return (uint32_t)(((uint64_t)word * bound) >> 32);
}

uint32_t draw_between(struct draw *draw, uint32_t low, uint32_t high)
{
    uint32_t word = tuff_random_u32(draw->seed, TUFF_RANDOM_TEST, draw->stream, draw->next++);
    return low + scale_to(word, high - low + 1);
}

uint32_t draw_one_of(struct draw *draw, const uint32_t *choices, size_t count)
{
    return choices[draw_between(draw, 0, (uint32_t)count - 1)];
}

uint32_t draw_batch(struct draw *draw)
{
    static const uint32_t edges[] = {1, 2, 3, 15, 16, 17, 31, 33};
    if (draw_between(draw, 0, 1) == 0)
        return draw_one_of(draw, edges, sizeof edges / sizeof edges[0]);
    return draw_between(draw, 1, 40);
}

void draw_bytes(uint64_t seed, uint32_t stream, uint8_t *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i += 16) {
        uint32_t block[4];
        tuff_random_block(seed, TUFF_RANDOM_TEST, stream, i / 16, block);
        memcpy(bytes + i, block, count - i < sizeof block ? count - i : sizeof block);
    }
}

void draw_words(uint64_t seed, uint32_t stream, uint32_t *words, uint64_t count)
{
    for (uint64_t i = 0; i < count; i += 4) {
        uint32_t block[4];
        tuff_random_block(seed, TUFF_RANDOM_TEST, stream, i / 4, block);
        for (uint64_t j = 0; j < 4 && i + j < count; j++)
            words[i + j] = block[j];
    }
}

void draw_signed(uint64_t seed, uint32_t stream, float *values, uint64_t count)
{
    for (uint64_t i = 0; i < count; i += 4) {
        uint32_t block[4];
        tuff_random_block(seed, TUFF_RANDOM_TEST, stream, i / 4, block);
        for (uint64_t j = 0; j < 4 && i + j < count; j++) {
            float magnitude = 0.25f + 0.75f * ((float)(block[j] >> 9) * 0x1p-23f);
            values[i + j] = (block[j] & 1u) != 0 ? -magnitude : magnitude;
        }
    }
}

void draw_uniform(uint64_t seed, uint32_t stream, float low, float high, float *values, uint64_t count)
{
    for (uint64_t i = 0; i < count; i += 4) {
        uint32_t block[4];
        tuff_random_block(seed, TUFF_RANDOM_TEST, stream, i / 4, block);
        for (uint64_t j = 0; j < 4 && i + j < count; j++)
            values[i + j] = low + (high - low) * ((float)(block[j] >> 8) * 0x1p-24f);
    }
}

void draw_below(uint64_t seed, uint32_t stream, uint32_t bound, uint32_t *values, uint64_t count)
{
    for (uint64_t i = 0; i < count; i += 4) {
        uint32_t block[4];
        tuff_random_block(seed, TUFF_RANDOM_TEST, stream, i / 4, block);
        for (uint64_t j = 0; j < 4 && i + j < count; j++)
            values[i + j] = scale_to(block[j], bound);
    }
}
