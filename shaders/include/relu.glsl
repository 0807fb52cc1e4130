// ReLU, by itself and at the end of the kernels before it. On bits, since drivers may take NaN for absent and flush
// denormal numbers.
#include "nan.glsl"

bool relu_positive(uint bits)
{
    return int(bits) > 0 && bits <= 0x7f800000u;
}

// x > 0 ? x : +0, and NaN stays.
uint relu_bits(uint bits)
{
    return int(bits) > 0 || is_nan(bits) ? bits : 0u;
}
