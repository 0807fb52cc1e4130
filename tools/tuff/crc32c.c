#include "crc32c.h"

// 0x1EDC6F41 with its bits reversed, since the lowest bit of a byte comes first.
static const uint32_t POLYNOMIAL = UINT32_C(0x82F63B78);

// Bit by bit: an event has some fifty bytes.
uint32_t crc32c(const void *data, size_t bytes)
{
    const uint8_t *next = data;
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= next[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc >> 1 ^ ((crc & 1) != 0 ? POLYNOMIAL : 0);
    }
    return ~crc;
}
