// What the activations and their derivatives are made of. GLSL has no erf, and its exp and tanh may be as wrong as
// 3 + 2|x| units and more; these are good to a few units on every device that adds and multiplies in float32.
#include "nan.glsl"

layout(constant_id = 1) const uint ACTIVATION = 0u; // enum tuff_activation

const uint LEAKY_RELU = 0u, GELU = 1u, SILU = 2u, SIGMOID = 3u, TANH = 4u;

// Of bits, as is_nan.
bool is_infinite(uint bits)
{
    return (bits & 0x7fffffffu) == 0x7f800000u;
}

// e^(x + c) for x <= 0 and |c| <= 0.05, within about one unit; 0 for x below -87.3, where the result leaves the normal
// numbers. x = n*log(2) + r with |r| <= log(2)/2, and e^r by its Taylor series.
float exp_of_negative_sum(float x, float c)
{
    if (x < -87.3)
        return 0.0;
    int n = int(x * 1.44269504 - 0.5); // towards zero: rounds
    float whole = float(n);
    // log(2) in two parts; the first has so few bits that n times it is exact.
    precise float r = (x - whole * 0.693145752) - whole * 1.42860682e-6 + c;
    precise float series = 1.0 / 5040.0;
    series = series * r + 1.0 / 720.0;
    series = series * r + 1.0 / 120.0;
    series = series * r + 1.0 / 24.0;
    series = series * r + 1.0 / 6.0;
    series = series * r + 0.5;
    series = series * r + 1.0;
    series = series * r + 1.0;
    precise float result = series * intBitsToFloat((n + 127) << 23);
    return result;
}

// Phi(-|x|) of the normal distribution, and e = exp(-x^2 / 2). Phi(-a) = e * P(s) / (a + 2), P a polynomial in
// s = (a - 2) / (a + 2), fitted to the Mills ratio times (a + 2) for a in [0, 14], within 2.4e-8. Beyond 14 all is 0.
float normal_tail(float x, out float e)
{
    float a = min(abs(x), 14.0);
    // The square in two parts, the first exact: an error of it would be one of the exponential, 90 times over.
    float high = uintBitsToFloat(floatBitsToUint(a) & 0xfffff000u);
    precise float x_high = -0.5 * high * high;
    precise float x_low = -0.5 * (a - high) * (a + high);
    e = exp_of_negative_sum(x_high, x_low);
    precise float r = 1.0 / (a + 2.0);
    precise float s = (a - 2.0) * r;
    precise float p = -6.98036529e-5;
    p = p * s + 3.84401355e-5;
    p = p * s + 7.16189097e-4;
    p = p * s + 8.74373189e-4;
    p = p * s - 1.88705476e-3;
    p = p * s - 6.74734544e-3;
    p = p * s - 4.8394734e-4;
    p = p * s + 3.67209241e-2;
    p = p * s + 2.87984628e-2;
    p = p * s - 3.31404537e-1;
    p = p * s + 6.72407985e-1;
    precise float tail = e * (p * r);
    return tail;
}

float normal_distribution(float x, out float e)
{
    float tail = normal_tail(x, e);
    return x > 0.0 ? 1.0 - tail : tail;
}

// 1 / (1 + exp(-x)), and its derivative.
float logistic(float x, out float derivative)
{
    float e = exp_of_negative_sum(-abs(x), 0.0);
    precise float r = 1.0 / (1.0 + e);
    precise float er = e * r;
    derivative = er * r;
    return x > 0.0 ? r : er;
}

// Near 0 the polynomial of Cephes' tanhf (Moshier), elsewhere 1 - 2e / (1 + e) with e = exp(-2|x|).
float hyperbolic_tangent(float x)
{
    float a = abs(x);
    if (a < 0.625) {
        precise float z = x * x;
        precise float p = -5.70498872745e-3;
        p = p * z + 2.06390887954e-2;
        p = p * z - 5.37397155531e-2;
        p = p * z + 1.33314422036e-1;
        p = p * z - 3.33332819422e-1;
        precise float near = p * z * x + x;
        return near;
    }
    float e = exp_of_negative_sum(-2.0 * a, 0.0);
    precise float far = 1.0 - 2.0 * e / (1.0 + e);
    return x < 0.0 ? -far : far;
}
