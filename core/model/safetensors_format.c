#include "safetensors_format.h"

#include <string.h>

static const struct tuff_safetensors_dtype dtypes[] = {
    {"F32", 32},    {"F16", 16},    {"BF16", 16},   {"F64", 64},    {"BOOL", 8},    {"U8", 8},   {"I8", 8},
    {"U16", 16},    {"I16", 16},    {"U32", 32},    {"I32", 32},    {"U64", 64},    {"I64", 64}, {"C64", 64},
    {"F8_E5M2", 8}, {"F8_E4M3", 8}, {"F8_E8M0", 8}, {"F6_E2M3", 6}, {"F6_E3M2", 6}, {"F4", 4},
};

const struct tuff_safetensors_dtype *tuff_safetensors_dtype(const char *name)
{
    for (size_t i = 0; i < sizeof dtypes / sizeof dtypes[0]; i++)
        if (strcmp(dtypes[i].name, name) == 0)
            return &dtypes[i];
    return NULL;
}

bool tuff_safetensors_bytes(const struct tuff_safetensors_dtype *dtype, uint32_t rank, const uint64_t *dims,
                            uint64_t *bytes)
{
    uint64_t elements = 1;
    for (uint32_t i = 0; i < rank; i++)
        if (dims[i] == 0)
            elements = 0;
    for (uint32_t i = 0; i < rank && elements != 0; i++) {
        if (dims[i] > (UINT64_C(1) << 63) / dtype->bits / elements)
            return false;
        elements *= dims[i];
    }
    *bytes = elements * dtype->bits / 8;
    return elements * dtype->bits % 8 == 0;
}

void tuff_safetensors_encode(uint8_t *bytes, const float *values, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        uint32_t word;
        memcpy(&word, &values[i], sizeof word);
        for (int byte = 0; byte < 4; byte++)
            bytes[4 * i + (uint64_t)byte] = (uint8_t)(word >> (8 * byte));
    }
}

void tuff_safetensors_decode(float *values, const void *bytes, uint64_t count)
{
    for (uint64_t i = 0; i < count; i++) {
        const uint8_t *b = (const uint8_t *)bytes + 4 * i;
        uint32_t word = b[0] | (uint32_t)b[1] << 8 | (uint32_t)b[2] << 16 | (uint32_t)b[3] << 24;
        memcpy(&values[i], &word, sizeof word);
    }
}
