// IDX files that tests make.
#ifndef TUFF_TESTS_IDX_BYTES_H
#define TUFF_TESTS_IDX_BYTES_H

#include <zlib.h>

#include "scratch.h"

static inline void put_word(unsigned char *to, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        to[i] = (unsigned char)(word >> (24 - 8 * i));
}

// Magic, dims, elements, of malloc. Element i is i * 7 mod `below`.
static inline unsigned char *idx_bytes(uint32_t magic, uint32_t rank, const uint32_t *dims, size_t elements,
                                       unsigned below, size_t *count)
{
    *count = 4 + 4 * rank + elements;
    unsigned char *bytes = malloc(*count);
    cr_assert_not_null(bytes);
    put_word(bytes, magic);
    for (uint32_t i = 0; i < rank; i++)
        put_word(bytes + 4 + 4 * i, dims[i]);
    for (size_t i = 0; i < elements; i++)
        bytes[4 + 4 * rank + i] = (unsigned char)(i * 7 % below);
    return bytes;
}

static inline unsigned char *image_bytes(uint32_t n, uint32_t height, uint32_t width, size_t *count)
{
    return idx_bytes(0x803, 3, (const uint32_t[]){n, height, width}, (size_t)n * height * width, 251, count);
}

static inline unsigned char *label_bytes(uint32_t n, size_t *count)
{
    return idx_bytes(0x801, 1, &n, n, 10, count);
}

// One gzip member, of malloc.
static inline unsigned char *gzip_bytes(const void *bytes, size_t count, size_t *packed_count)
{
    z_stream z = {0};
    cr_assert_eq(deflateInit2(&z, 6, Z_DEFLATED, 15 + 16, 8, Z_DEFAULT_STRATEGY), Z_OK);
    *packed_count = deflateBound(&z, (uLong)count) + 64;
    unsigned char *packed = malloc(*packed_count);
    cr_assert_not_null(packed);
    z.next_in = (unsigned char *)(uintptr_t)bytes;
    z.avail_in = (uInt)count;
    z.next_out = packed;
    z.avail_out = (uInt)*packed_count;
    cr_assert_eq(deflate(&z, Z_FINISH), Z_STREAM_END);
    *packed_count = z.total_out;
    deflateEnd(&z);
    return packed;
}

static inline const char *write_gzip(const char *name, const void *bytes, size_t count)
{
    size_t packed_count;
    unsigned char *packed = gzip_bytes(bytes, count, &packed_count);
    const char *path = scratch_write(name, packed, packed_count);
    free(packed);
    return path;
}

#endif
