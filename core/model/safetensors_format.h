// What reading and writing safetensors share.
#ifndef TUFF_CORE_SAFETENSORS_FORMAT_H
#define TUFF_CORE_SAFETENSORS_FORMAT_H

#include <stdbool.h>

#include "safetensors.h"

#define TUFF_SAFETENSORS_METADATA "__metadata__"

enum {
    TUFF_SAFETENSORS_LENGTH_BYTES = 8,
    TUFF_SAFETENSORS_ALIGNMENT = 8, // of the data part in the file
    TUFF_SAFETENSORS_MAX_RANK = 8,
    // Some hundred thousand tensors. The format allows 100 MB, but a byte of JSON can take 40 of memory.
    TUFF_SAFETENSORS_MAX_HEADER_BYTES = 1 << 24,
};

struct tuff_safetensors_dtype {
    const char *name;
    uint32_t bits;
};

// NULL if the format has no such type.
const struct tuff_safetensors_dtype *tuff_safetensors_dtype(const char *name);

// Bytes of a tensor of that type and shape; false if they are no whole number or 2^60 and more.
bool tuff_safetensors_bytes(const struct tuff_safetensors_dtype *dtype, uint32_t rank, const uint64_t *dims,
                            uint64_t *bytes);

#endif
