// Element-by-element comparison in which NaN does not pass for a number.
#ifndef TUFF_CONFORMANCE_COMPARE_H
#define TUFF_CONFORMANCE_COMPARE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tuff/tensor.h"

struct comparison {
    uint64_t compared;
    uint64_t mismatches;
    uint64_t first;     // the first mismatch's element
    double worst_ratio; // the greatest |difference| / tolerance of elements that have a tolerance above 0
    double flushed;     // to be set: zero passes, too, for a float below this that is no zero
};

// Whether one float passes: equal, or both NaN, or within a finite tolerance.
bool compare_float(float got, float expected, double tolerance);

// Compares elements [begin, end). tolerance[i] below 0 (CASE_EXACT), or NULL for all: equal bits, or any NaN
// for any NaN if the dtype is f32. Else elements are compared as floats, whatever the dtype. Adds to *result.
void compare_elements(uint32_t dtype, const void *got, const void *expected, const double *tolerance,
                      uint64_t begin, uint64_t end, struct comparison *result);

// "got 1.5 (0x3fc00000)" and the like.
void compare_print_element(uint32_t dtype, const void *values, uint64_t element, bool as_float, char *text,
                           size_t bytes);

#endif
