// fill, copy, cast, add: moving and combining whole tensors.
#ifndef TUFF_OP_BASIC_H
#define TUFF_OP_BASIC_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

struct tuff_fill_params {
    uint32_t size;
    uint32_t bits; // the 32-bit pattern: of a float for f32, of an integer for u32; u8 takes its low byte
};

// Fill. y[i] = value, for every stored element, padding lanes included.
//
// y: any shape, any dtype but f16.
struct tuff_fill_args {
    uint32_t size;
    uint32_t reserved;
    const struct tuff_fill_params *params;
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
};

// Copy, also from one layout to the other. y = x, element by element of the logical shape.
//
// x, y: the same shape and dtype (f32 or u32); the layouts may differ. Padding lanes of y become zero when x
// is row-major, and are copied when both are BATCH16.
struct tuff_copy_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
};

// Change of precision. y = x, rounded to the nearest, ties to even, where y is the narrower; what is beyond
// its range becomes infinite.
//
// x, y: the same shape, row-major, one f32 and one f16.
struct tuff_cast_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *x;
};

// Sum of two tensors. y = a + b. In place: y may be a, or b.
//
// y, a, b: the same shape, f32, one layout.
struct tuff_add_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *a;
    const struct tuff_tensor *b;
};

#ifdef __cplusplus
}
#endif
#endif
