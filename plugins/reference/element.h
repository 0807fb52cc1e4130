// Tensor elements by logical position, whatever the layout: each kernel is written once and serves both.
#ifndef REFERENCE_ELEMENT_H
#define REFERENCE_ELEMENT_H

#include "reference.h"

#include "tuff/half.h"

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

// Reads element number `at`, in storage order, of an f32 or f16 tensor.
static inline double ref_load(const struct tuff_tensor *t, size_t at)
{
    if (t->dtype == TUFF_F16)
        return (double)tuff_half_to_float(((const uint16_t *)ref_data(t))[at]);
    return (double)((const float *)ref_data(t))[at];
}

// Writes it: the one place where a result is rounded.
static inline void ref_store(const struct tuff_tensor *t, size_t at, double value)
{
    if (t->dtype == TUFF_F16)
        ((uint16_t *)ref_data(t))[at] = tuff_half_from_double(value);
    else
        ((float *)ref_data(t))[at] = (float)value;
}

static inline double ref_get(const struct tuff_tensor *t, uint32_t n, uint32_t c, uint32_t h, uint32_t w)
{
    return ref_load(t, ref_at(t, n, c, h, w));
}

static inline void ref_set(const struct tuff_tensor *t, uint32_t n, uint32_t c, uint32_t h, uint32_t w,
                           double value)
{
    ref_store(t, ref_at(t, n, c, h, w), value);
}

// The bytes of an element of whatever type.
static inline unsigned char *ref_bytes(const struct tuff_tensor *t, uint32_t n, uint32_t c, uint32_t h,
                                       uint32_t w)
{
    return (unsigned char *)ref_data(t) + ref_at(t, n, c, h, w) * tuff_dtype_bytes(t->dtype);
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
