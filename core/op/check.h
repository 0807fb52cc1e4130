// What the ops' checks share.
#ifndef TUFF_CORE_OP_CHECK_H
#define TUFF_CORE_OP_CHECK_H

#include <stdbool.h>

#include "op_info.h"

const char *tuff_dtype_name(uint32_t dtype);

// "(16, 6, 13, 13)"; room for any tensor.
struct tuff_shape_text {
    char text[64];
};
struct tuff_shape_text tuff_shape_text(const struct tuff_tensor *tensor);

bool tuff_same_shape(const struct tuff_tensor *a, const struct tuff_tensor *b);

// How many there are, without padding; for an op's work.
double tuff_elements(const struct tuff_tensor *tensor);

// For inference: gives `to` the rank and dimensions of `from`.
void tuff_take_shape(struct tuff_tensor *to, const struct tuff_tensor *from);

// Logs unless tensor has these dimensions.
TUFF_MUST_CHECK enum tuff_status tuff_check_shape(const struct tuff_log *log, const char *op,
                                                  const char *name, const struct tuff_tensor *tensor,
                                                  uint32_t rank, const uint32_t *dims);

// A window that slides over one dimension of an image: of convolution and pooling.
struct tuff_window {
    uint32_t input, kernel, stride, dilation, pad_before, pad_after;
};

// (input + pads - dilation*(kernel-1) - 1) / stride + 1. Logs a kernel that does not fit, and a zero stride,
// kernel or dilation. `axis` is "height" or "width".
TUFF_MUST_CHECK enum tuff_status tuff_window_output(const struct tuff_log *log, const char *op,
                                                    const char *axis, const struct tuff_window *window,
                                                    uint32_t *output);

#endif
