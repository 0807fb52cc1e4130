// ReLU, by itself and at the end of the kernels before it. On bits, since drivers may take NaN for absent and flush
// denormal numbers.
bool relu_positive(uint bits)
{
    return int(bits) > 0 && bits <= 0x7f800000u;
}

// x > 0 ? x : +0, and NaN stays.
uint relu_bits(uint bits)
{
    bool is_nan = (bits & 0x7fffffffu) > 0x7f800000u;
    return int(bits) > 0 || is_nan ? bits : 0u;
}
