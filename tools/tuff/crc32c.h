// CRC-32C (Castagnoli), the checksum of RFC 3720; zlib's crc32 has another polynomial.
#ifndef TUFF_TOOL_CRC32C_H
#define TUFF_TOOL_CRC32C_H

#include <stddef.h>
#include <stdint.h>

uint32_t crc32c(const void *data, size_t bytes);

#endif
