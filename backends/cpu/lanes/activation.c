// Pointwise activations and their derivatives. All exponents are at most 0, so nothing overflows on the way.
#include "exponential.h"
#include "kernels.h"
#include "lanes.h"

LANES_INLINE vf absolute(vf x)
{
    return (vf)((vi)x & 0x7fffffff);
}

LANES_INLINE vf with_sign_of(vf magnitude, vf sign)
{
    return (vf)((vi)magnitude | ((vi)sign & INT32_MIN));
}

// -- Leaky ReLU.

LANES_INLINE vf leaky_relu(vf x, vf slope)
{
    return v_select(v_greater(x, v_zero()), x, slope * x);
}

LANES_INLINE vf leaky_relu_gradient(vf dy, vf x, vf slope)
{
    return v_select(v_greater(x, v_zero()), dy, slope * dy);
}

// -- GELU.

// Phi(-|x|) of the normal distribution, within about 5 * 2^-24 of itself, and *e = exp(-x^2 / 2).
// Phi(-a) = e * P(s) / (a + 2), where P is a polynomial in s = (a - 2) / (a + 2), fitted (least squares at
// Chebyshev nodes) to the Mills ratio times (a + 2) for a in [0, 14], within 2.4e-8. Beyond 14 all is 0 in
// float32.
LANES_INLINE vf normal_tail(vf x, vf *e)
{
    vf a = absolute(x);
    a = v_select(v_greater(a, v_splat(14.0f)), v_splat(14.0f), a); // NaN stays
    // The square in two parts, the first exact: an error of it would be one of the exponential, 90 times
    // over.
    const vf high = (vf)((vi)a & (int32_t)0xfffff000);
    *e = exp_of_negative_sum(v_splat(-0.5f) * high * high, v_splat(-0.5f) * (a - high) * (a + high));
    const vf r = v_splat(1.0f) / (a + v_splat(2.0f)), s = (a - v_splat(2.0f)) * r;
    vf p = v_splat(-6.98036529e-5f);
    p = p * s + v_splat(3.84401355e-5f);
    p = p * s + v_splat(7.16189097e-4f);
    p = p * s + v_splat(8.74373189e-4f);
    p = p * s + v_splat(-1.88705476e-3f);
    p = p * s + v_splat(-6.74734544e-3f);
    p = p * s + v_splat(-4.8394734e-4f);
    p = p * s + v_splat(3.67209241e-2f);
    p = p * s + v_splat(2.87984628e-2f);
    p = p * s + v_splat(-3.31404537e-1f);
    p = p * s + v_splat(6.72407985e-1f);
    return *e * (p * r);
}

LANES_INLINE vf normal_distribution(vf x, vf *e)
{
    const vf tail = normal_tail(x, e);
    return v_select(v_greater(x, v_zero()), v_splat(1.0f) - tail, tail);
}

LANES_INLINE vf gelu(vf x, vf slope)
{
    (void)slope;
    vf e;
    return x * normal_distribution(x, &e);
}

LANES_INLINE vf gelu_gradient(vf dy, vf x, vf slope)
{
    (void)slope;
    vf e;
    const vf phi = normal_distribution(x, &e);
    return dy * (phi + x * (e * v_splat(0.398942280f))); // 1 / sqrt(2 pi)
}

// -- SiLU and sigmoid.

// 1 / (1 + exp(-x)), and *derivative = its derivative, exp(-|x|) / (1 + exp(-|x|))^2.
LANES_INLINE vf logistic(vf x, vf *derivative)
{
    const vf e = exp_of_negative(-absolute(x)), r = v_splat(1.0f) / (v_splat(1.0f) + e), er = e * r;
    *derivative = er * r;
    return v_select(v_greater(x, v_zero()), r, er);
}

LANES_INLINE vf silu(vf x, vf slope)
{
    (void)slope;
    vf derivative;
    return x * logistic(x, &derivative);
}

LANES_INLINE vf silu_gradient(vf dy, vf x, vf slope)
{
    (void)slope;
    vf derivative;
    const vf s = logistic(x, &derivative);
    return dy * (s + x * derivative);
}

LANES_INLINE vf sigmoid(vf x, vf slope)
{
    (void)slope;
    vf derivative;
    return logistic(x, &derivative);
}

LANES_INLINE vf sigmoid_gradient(vf dy, vf x, vf slope)
{
    (void)slope;
    vf derivative;
    logistic(x, &derivative);
    return dy * derivative;
}

// -- Hyperbolic tangent.

// Near 0 the polynomial of Cephes' tanhf (Moshier), elsewhere 1 - 2e / (1 + e) with e = exp(-2|x|).
LANES_INLINE vf hyperbolic_tangent(vf x, vf slope)
{
    (void)slope;
    const vf a = absolute(x), z = x * x;
    vf p = v_splat(-5.70498872745e-3f);
    p = p * z + v_splat(2.06390887954e-2f);
    p = p * z + v_splat(-5.37397155531e-2f);
    p = p * z + v_splat(1.33314422036e-1f);
    p = p * z + v_splat(-3.33332819422e-1f);
    const vf near = p * z * x + x, e = exp_of_negative(v_splat(-2.0f) * a);
    const vf far = v_splat(1.0f) - v_splat(2.0f) * e / (v_splat(1.0f) + e);
    return v_select(v_greater(v_splat(0.625f), a), near, with_sign_of(far, x)); // NaN: far
}

// 1 - tanh(x)^2 without its cancellation.
LANES_INLINE vf hyperbolic_tangent_gradient(vf dy, vf x, vf slope)
{
    (void)slope;
    const vf e = exp_of_negative(v_splat(-2.0f) * absolute(x)), r = v_splat(1.0f) / (v_splat(1.0f) + e);
    return dy * (v_splat(4.0f) * e * r * r);
}

#define ACTIVATION(name)                                                                                     \
    void LANES_FN(name##_forward)(float *y, const float *x, float slope, size_t count)                       \
    {                                                                                                        \
        const vf k = v_splat(slope);                                                                         \
        size_t i = 0;                                                                                        \
        for (; i + LANES_WIDTH <= count; i += LANES_WIDTH)                                                   \
            v_store(y + i, name(v_load(x + i), k));                                                          \
        if (i < count)                                                                                       \
            v_store_first(y + i, name(v_load_first(x + i, count - i), k), count - i);                        \
    }                                                                                                        \
    void LANES_FN(name##_backward)(float *dx, const float *dy, const float *x, float slope, size_t count)    \
    {                                                                                                        \
        const vf k = v_splat(slope);                                                                         \
        size_t i = 0;                                                                                        \
        for (; i + LANES_WIDTH <= count; i += LANES_WIDTH)                                                   \
            v_store(dx + i, name##_gradient(v_load(dy + i), v_load(x + i), k));                              \
        if (i < count) {                                                                                     \
            const size_t rest = count - i;                                                                   \
            const vf d = name##_gradient(v_load_first(dy + i, rest), v_load_first(x + i, rest), k);          \
            v_store_first(dx + i, d, rest);                                                                  \
        }                                                                                                    \
    }

ACTIVATION(leaky_relu)
ACTIVATION(gelu)
ACTIVATION(silu)
ACTIVATION(sigmoid)
ACTIVATION(hyperbolic_tangent)
