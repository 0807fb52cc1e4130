// Tensor elements by logical position, whatever the layout: each kernel is written once and serves both.
#ifndef REFERENCE_ELEMENT_H
#define REFERENCE_ELEMENT_H

#include "reference.h"

// The first byte of a tensor's storage.
static inline void *ref_data(const struct tuff_tensor *t)
{
    return t->buffer->data + t->offset;
}

// The number, in storage order, of the element at (n,c,h,w). Dimensions from the rank on have size 1 and
// index 0: an element of a matrix is (n,c,0,0).
static inline size_t ref_at(const struct tuff_tensor *t, uint32_t n, uint32_t c, uint32_t h, uint32_t w)
{
    const size_t channels = t->dims[1], height = t->dims[2], width = t->dims[3];
    if (t->layout == TUFF_LAYOUT_BATCH16) {
        const size_t block = n / TUFF_BATCH16_LANES, lane = n % TUFF_BATCH16_LANES;
        return (((block * channels + c) * height + h) * width + w) * TUFF_BATCH16_LANES + lane;
    }
    return ((n * channels + c) * height + h) * width + w;
}

// Reads an element of an f32 tensor.
static inline double ref_get(const struct tuff_tensor *t, uint32_t n, uint32_t c, uint32_t h, uint32_t w)
{
    const float *data = ref_data(t);
    return (double)data[ref_at(t, n, c, h, w)];
}

// Writes an element of an f32 tensor: the one place where a result is rounded.
static inline void ref_set(const struct tuff_tensor *t, uint32_t n, uint32_t c, uint32_t h, uint32_t w,
                           double value)
{
    float *data = ref_data(t);
    data[ref_at(t, n, c, h, w)] = (float)value;
}

// An element of a u32 tensor.
static inline uint32_t *ref_u32(const struct tuff_tensor *t, uint32_t n, uint32_t c, uint32_t h, uint32_t w)
{
    uint32_t *data = ref_data(t);
    return &data[ref_at(t, n, c, h, w)];
}

// Samples that the storage holds. In BATCH16 this counts the padding lanes of the last block, which a kernel
// computes like any other sample.
static inline uint32_t ref_stored_batch(const struct tuff_tensor *t)
{
    if (t->layout == TUFF_LAYOUT_BATCH16)
        return (t->dims[0] + TUFF_BATCH16_LANES - 1) / TUFF_BATCH16_LANES * TUFF_BATCH16_LANES;
    return t->dims[0];
}

#endif
