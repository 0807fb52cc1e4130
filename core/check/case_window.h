// Sizes of what a sliding window makes, for cases of any shape.
#ifndef TUFF_CONFORMANCE_CASE_WINDOW_H
#define TUFF_CONFORMANCE_CASE_WINDOW_H

#include <stdint.h>

// Windows along one axis; 0 where none fits, of which the core then says what is wrong.
static inline uint32_t case_windows(uint32_t in, uint32_t before, uint32_t after, uint32_t dilation,
                                    uint32_t kernel, uint32_t stride)
{
    uint64_t padded = (uint64_t)in + before + after, span = (uint64_t)dilation * (kernel - 1) + 1;
    return kernel == 0 || stride == 0 || padded < span ? 0 : (uint32_t)((padded - span) / stride + 1);
}

#endif
