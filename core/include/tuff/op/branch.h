// Combining branches: products, and concatenation of channels. Sums are add (basic.h).
#ifndef TUFF_OP_BRANCH_H
#define TUFF_OP_BRANCH_H

#include "../tensor.h"

#ifdef __cplusplus
extern "C" {
#endif

// Product of two tensors. y = a * b. It is its own backward op: da = dy * b, db = dy * a. In place: y may be
// a, or b.
//
// y, a, b: the same shape, f32, one layout.
struct tuff_multiply_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *a;
    const struct tuff_tensor *b;
};

// Concatenation along the channels (dimension 1): y[:, 0..A-1] = a, y[:, A..A+B-1] = b.
//
// a: (N,A,…) f32.  b: (N,B,…) f32.  y: (N,A+B,…) f32. Rank 2 to 4, one layout, equal in all other dimensions.
struct tuff_concat_forward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *y; // out
    const struct tuff_tensor *a;
    const struct tuff_tensor *b;
};

// Backward: the two parts of dy.
//
// da: (N,A,…), db: (N,B,…), dy: (N,A+B,…), as above.
struct tuff_concat_backward_args {
    uint32_t size;
    uint32_t reserved;
    const void *params; // none
    const struct tuff_tensor *workspace;
    const struct tuff_tensor *da; // out
    const struct tuff_tensor *db; // out
    const struct tuff_tensor *dy;
};

#ifdef __cplusplus
}
#endif
#endif
