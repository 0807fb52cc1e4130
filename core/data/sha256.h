// SHA-256 (FIPS 180-4).
#ifndef TUFF_CORE_SHA256_H
#define TUFF_CORE_SHA256_H

#include <stddef.h>
#include <stdint.h>

enum { TUFF_SHA256_BYTES = 32, TUFF_SHA256_TEXT_BYTES = 65 };

struct tuff_sha256 {
    uint32_t state[8];
    uint64_t bytes; // so far
    uint8_t block[64];
};

void tuff_sha256_begin(struct tuff_sha256 *hash);
void tuff_sha256_add(struct tuff_sha256 *hash, const void *bytes, size_t count);
void tuff_sha256_end(struct tuff_sha256 *hash, uint8_t digest[TUFF_SHA256_BYTES]);

// In lower-case hexadecimal digits, with a 0 behind.
void tuff_sha256_text(const uint8_t digest[TUFF_SHA256_BYTES], char text[TUFF_SHA256_TEXT_BYTES]);

#endif
