// Tensors as kernels see them: a shape, an element type, a storage order and a place in a device buffer.
#ifndef TUFF_TENSOR_H
#define TUFF_TENSOR_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

// Part of the plugin ABI: append only.
enum tuff_dtype {
    TUFF_F32 = 0, // IEEE 754 binary32
    TUFF_U32 = 1,
    TUFF_U8 = 2,
    TUFF_F16 = 3, // IEEE 754 binary16 (half.h), since ABI 0.3: row-major, and only where an op says so (op.h)
};

// Storage order of a tensor whose first dimension is the batch. Part of the plugin ABI: append only.
//
// TUFF_LAYOUT_ROW_MAJOR: the dimensions as written, last one contiguous: N,C,H,W or N,F. Parameters, labels,
//   data sets and all that the host reads or writes by name are always row-major.
// TUFF_LAYOUT_BATCH16: the batch in blocks of 16 lanes, innermost: [ceil(N/16)][C][H][W][16], or
//   [ceil(N/16)][F][16]. Sample n is lane n % 16 of block n / 16. Lanes at and beyond N in the last block are
//   padding. They behave as samples of their own: kernels compute them like any others. The core guarantees
//   that in padding lanes activations are finite and gradients are zero, so that a sum over the batch may run
//   over whole blocks; an op that creates a batch (gather_images, copy, softmax_cross_entropy_backward)
//   writes zeros there.
enum tuff_layout {
    TUFF_LAYOUT_ROW_MAJOR = 0,
    TUFF_LAYOUT_BATCH16 = 1,
};

enum { TUFF_MAX_RANK = 4, TUFF_BATCH16_LANES = 16 };

struct tuff_buffer; // device memory; each backend defines its own

struct tuff_tensor {
    uint32_t size;                // sizeof(struct tuff_tensor) of whoever filled it in
    uint32_t dtype;               // enum tuff_dtype
    uint32_t layout;              // enum tuff_layout
    uint32_t rank;                // 1 to TUFF_MAX_RANK
    uint32_t dims[TUFF_MAX_RANK]; // logical sizes in canonical order, each at least 1; those from rank on are 1
    struct tuff_buffer *buffer;   // NULL while only shapes are asked about (supports, workspace_size)
    uint64_t offset;              // bytes into buffer; a multiple of the device's buffer_alignment
};

static inline uint32_t tuff_dtype_bytes(uint32_t dtype)
{
    return dtype == TUFF_U8 ? 1u : dtype == TUFF_F16 ? 2u : 4u;
}

// Logical elements: the product of the dimensions.
static inline uint64_t tuff_tensor_elements(const struct tuff_tensor *t)
{
    uint64_t n = 1;
    for (uint32_t i = 0; i < t->rank; i++)
        n *= t->dims[i];
    return n;
}

// Elements that the storage holds, padding lanes included.
static inline uint64_t tuff_tensor_stored_elements(const struct tuff_tensor *t)
{
    uint64_t n = tuff_tensor_elements(t);
    if (t->layout == TUFF_LAYOUT_BATCH16 && t->dims[0] != 0) {
        uint64_t per_sample = n / t->dims[0];
        uint64_t blocks = ((uint64_t)t->dims[0] + TUFF_BATCH16_LANES - 1) / TUFF_BATCH16_LANES;
        n = blocks * TUFF_BATCH16_LANES * per_sample;
    }
    return n;
}

// Bytes that the storage holds, padding lanes included.
static inline uint64_t tuff_tensor_bytes(const struct tuff_tensor *t)
{
    return tuff_tensor_stored_elements(t) * tuff_dtype_bytes(t->dtype);
}

#ifdef __cplusplus
}
#endif
#endif
