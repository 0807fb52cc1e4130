// Floats in files: little-endian, whatever the machine's order.
#ifndef TUFF_CORE_FLOATS_H
#define TUFF_CORE_FLOATS_H

#include <stdint.h>
#include <string.h>

static inline void tuff_floats_encode(uint8_t *to, const float *values, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, &values[i], sizeof word);
        for (int byte = 0; byte < 4; byte++)
            to[4 * i + (uint64_t)byte] = (uint8_t)(word >> (8 * byte));
    }
}

static inline void tuff_floats_decode(float *values, const uint8_t *from, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *b = from + 4 * i;
        uint32_t word = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
        memcpy(&values[i], &word, sizeof word);
    }
}

#endif
