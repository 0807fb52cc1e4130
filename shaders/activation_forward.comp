#version 450
#extension GL_GOOGLE_include_directive : require
// y = f(x); y may be x. One invocation per element.
#include "include/storage.glsl"
#include "include/activation.glsl"
#include "include/activation_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    STORED_BITS y[];
};
layout(std430, binding = 1) readonly buffer X
{
    STORED_BITS x[];
};
layout(push_constant) uniform Push
{
    vk_activation_push p;
};

float activation(float value)
{
    float unused;
    if (ACTIVATION == GELU)
        return value * normal_distribution(value, unused);
    if (ACTIVATION == SILU)
        return value * logistic(value, unused);
    if (ACTIVATION == SIGMOID)
        return logistic(value, unused);
    if (ACTIVATION == TANH)
        return hyperbolic_tangent(value);
    return value > 0.0 ? value : p.slope * value;
}

// 0 * -infinity is NaN; what is finite below -100 gives the limit.
uint at_minus_infinity()
{
    const uint nan = 0x7fc00000u;
    if (ACTIVATION == GELU || ACTIVATION == SILU)
        return nan;
    if (ACTIVATION == SIGMOID)
        return 0u;
    if (ACTIVATION == TANH)
        return floatBitsToUint(-1.0);
    return p.slope > 0.0 ? 0xff800000u : p.slope < 0.0 ? 0x7f800000u : nan;
}

uint at_plus_infinity()
{
    return ACTIVATION == SIGMOID || ACTIVATION == TANH ? floatBitsToUint(1.0) : 0x7f800000u;
}

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint bits = BITS(x[i]);
    if (is_nan(bits))
        y[i] = FROM_BITS(bits);
    else if (is_infinite(bits))
        y[i] = FROM_BITS(int(bits) > 0 ? at_plus_infinity() : at_minus_infinity());
    else
        y[i] = FROM_BITS(floatBitsToUint(activation(uintBitsToFloat(bits))));
}
