// Philox4x32-10 (Salmon, Moraes, Dror & Shaw, SC'11): random numbers by their address, as tuff/random.h has
// them.
#ifndef ONEDNN_PHILOX_H
#define ONEDNN_PHILOX_H

#include <stdint.h>

struct dnn_words {
    uint32_t word[4];
};

// The block of this key and counter.
static inline struct dnn_words dnn_philox(uint32_t key0, uint32_t key1, uint32_t c0, uint32_t c1, uint32_t c2,
                                          uint32_t c3)
{
    for (int round = 0; round < 10; round++) {
        const uint64_t p0 = UINT64_C(0xD2511F53) * c0, p1 = UINT64_C(0xCD9E8D57) * c2;
        c0 = (uint32_t)(p1 >> 32) ^ c1 ^ key0;
        c1 = (uint32_t)p1;
        c2 = (uint32_t)(p0 >> 32) ^ c3 ^ key1;
        c3 = (uint32_t)p0;
        key0 += 0x9E3779B9u;
        key1 += 0xBB67AE85u;
    }
    return (struct dnn_words){{c0, c1, c2, c3}};
}

#endif
