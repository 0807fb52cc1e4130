// float16 (IEEE 754 binary16) as its bits, for compilers and processors that have no such type.
#ifndef TUFF_HALF_H
#define TUFF_HALF_H

#include <stdint.h>
#include <string.h>

#ifdef __cplusplus
extern "C" {
#endif

// Exact. A NaN stays one.
static inline float tuff_half_to_float(uint16_t half)
{
    const uint32_t sign = (uint32_t)(half & 0x8000u) << 16;
    uint32_t exponent = half >> 10 & 0x1fu, fraction = half & 0x3ffu, bits;
    float value;
    if (exponent == 0) { // fraction * 2^-24, which float32 has as a normal number
        value = (float)fraction * 0x1p-24f;
        memcpy(&bits, &value, sizeof bits);
    } else if (exponent == 0x1f) {
        bits = 0x7f800000u | fraction << 13;
    } else {
        bits = (exponent + 127 - 15) << 23 | fraction << 13;
    }
    bits |= sign;
    memcpy(&value, &bits, sizeof value);
    return value;
}

// To the nearest, ties to even; what is too large becomes infinite. A NaN stays one. A float goes by way of
// its double and is rounded once.
static inline uint16_t tuff_half_from_double(double value)
{
    uint64_t bits;
    memcpy(&bits, &value, sizeof bits);
    const uint32_t sign = (uint32_t)(bits >> 48) & 0x8000u;
    const int exponent = (int)(bits >> 52 & 0x7ffu) - 1023;
    const uint64_t fraction = bits & ((UINT64_C(1) << 52) - 1);
    if (exponent == 1024 && fraction != 0)
        return (uint16_t)(sign | 0x7e00u);
    if (exponent > 15)
        return (uint16_t)(sign | 0x7c00u);
    // 42 of the 52 bits go; below the least normal number, 2^-14, one more for each power of two.
    const int dropped = exponent >= -14 ? 42 : 42 - 14 - exponent;
    if (dropped > 53)
        return (uint16_t)sign;
    const uint64_t whole =
        exponent >= -14 ? (uint64_t)(exponent + 15) << 52 | fraction : UINT64_C(1) << 52 | fraction;
    const uint64_t rest = whole & ((UINT64_C(1) << dropped) - 1), middle = UINT64_C(1) << (dropped - 1);
    uint64_t half = whole >> dropped;
    if (rest > middle || (rest == middle && (half & 1) != 0))
        half++; // a carry into the exponent is right, up to infinity
    return (uint16_t)(sign | (uint32_t)half);
}

#ifdef __cplusplus
}
#endif
#endif
