#include "compare.h"

#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <string.h>

static float as_float_bits(uint32_t word)
{
    float value;
    memcpy(&value, &word, sizeof value);
    return value;
}

bool compare_float(float got, float expected, double tolerance)
{
    if (got == expected || (isnan(got) && isnan(expected)))
        return true;
    return isfinite(tolerance) && fabs((double)got - (double)expected) <= tolerance;
}

static uint32_t element(uint32_t dtype, const void *values, uint64_t i)
{
    if (dtype == TUFF_U8)
        return ((const uint8_t *)values)[i];
    return ((const uint32_t *)values)[i];
}

static bool equal_bits(uint32_t dtype, uint32_t got, uint32_t expected)
{
    return got == expected ||
           (dtype == TUFF_F32 && isnan(as_float_bits(got)) && isnan(as_float_bits(expected)));
}

void compare_elements(uint32_t dtype, const void *got, const void *expected, const double *tolerance,
                      uint64_t begin, uint64_t end, struct comparison *result)
{
    for (uint64_t i = begin; i < end; i++) {
        uint32_t a = element(dtype, got, i), b = element(dtype, expected, i);
        bool good;
        if (tolerance == NULL || tolerance[i] < 0) {
            good = equal_bits(dtype, a, b);
        } else {
            float x = as_float_bits(a), y = as_float_bits(b);
            good = compare_float(x, y, tolerance[i]);
            double ratio = fabs((double)x - (double)y) / tolerance[i];
            if (good && ratio > result->worst_ratio) // a NaN is not greater
                result->worst_ratio = ratio;
        }
        if (!good && dtype == TUFF_F32) {
            const double least = fabs((double)as_float_bits(b));
            good = as_float_bits(a) == 0 && least > 0 && least < result->flushed;
        }
        if (!good && result->mismatches++ == 0)
            result->first = i;
    }
    result->compared += end - begin;
}

void compare_print_element(uint32_t dtype, const void *values, uint64_t i, bool as_float, char *text,
                           size_t bytes)
{
    uint32_t word = element(dtype, values, i);
    if (dtype == TUFF_F32 || as_float)
        snprintf(text, bytes, "%.9g (0x%08" PRIx32 ")", (double)as_float_bits(word), word);
    else
        snprintf(text, bytes, "%" PRIu32, word);
}
