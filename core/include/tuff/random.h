// Random numbers that are the same on every machine and backend: Philox4x32-10 (Salmon, Moraes, Dror & Shaw,
// SC'11), addressed by (seed, purpose, step, element). No state: any number can be had at any time, in any
// order.
#ifndef TUFF_RANDOM_H
#define TUFF_RANDOM_H

#include <stdint.h>

#include "status.h"

#ifdef __cplusplus
extern "C" {
#endif

// Append only: a purpose's number is part of what a seed means.
enum tuff_random_purpose {
    TUFF_RANDOM_INITIALIZE =
        1,                   // step: the parameter's position in the model; element: index in the parameter
    TUFF_RANDOM_SHUFFLE = 2, // step: epoch; element: position
    TUFF_RANDOM_DIGITS = 3,  // step: which draw; element: sample
    TUFF_RANDOM_TEST = 4,
    // step: the optimizer's; with micro-batches the part's, counted through all steps
    TUFF_RANDOM_DROPOUT = 5, // element: number in the tensor, with the layer above it
    TUFF_RANDOM_AUGMENT = 6, // element: position in the index, the block above it
};

// One Philox block. key = the seed's low and high word; counter = element low, element high, step, purpose.
TUFF_API void tuff_random_block(uint64_t seed, enum tuff_random_purpose purpose, uint32_t step,
                                uint64_t element, uint32_t out[4]);

// The first word of the block.
TUFF_API uint32_t tuff_random_u32(uint64_t seed, enum tuff_random_purpose purpose, uint32_t step,
                                  uint64_t element);

// Uniform in [0,1): the upper 24 bits of the first word times 2^-24, exact.
TUFF_API float tuff_random_uniform(uint64_t seed, enum tuff_random_purpose purpose, uint32_t step,
                                   uint64_t element);

// Normally distributed, with mean 0 and standard deviation 1, within ±5.42: the quantile of (k + 1/2) / 2^24,
// k being the upper 24 bits of the first word.
TUFF_API double tuff_random_normal(uint64_t seed, enum tuff_random_purpose purpose, uint32_t step,
                                   uint64_t element);

// A random order of 0 … count-1, each exactly once (Fisher–Yates from the end; j = floor(u32 * (i+1) /
// 2^32)).
TUFF_API void tuff_random_permutation(uint64_t seed, uint32_t epoch, uint32_t count, uint32_t *order);

#ifdef __cplusplus
}
#endif
#endif
