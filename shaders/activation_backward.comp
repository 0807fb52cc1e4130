#version 450
#extension GL_GOOGLE_include_directive : require
// dx = dy * f'(x); dx may be dy. One invocation per element.
#include "include/storage.glsl"
#include "include/activation.glsl"
#include "include/activation_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DX
{
    STORED_BITS dx[];
};
layout(std430, binding = 1) readonly buffer DY
{
    STORED_BITS dy[];
};
layout(std430, binding = 2) readonly buffer X
{
    STORED_BITS x[];
};
layout(push_constant) uniform Push
{
    vk_activation_push p;
};

// f'(x), not of leaky ReLU.
float derivative(float value)
{
    if (ACTIVATION == GELU) {
        float e;
        float phi = normal_distribution(value, e);
        return phi + value * (e * 0.398942280); // 1 / sqrt(2 pi)
    }
    if (ACTIVATION == TANH) { // 1 - tanh^2 without its cancellation
        float e = exp_of_negative_sum(-2.0 * abs(value), 0.0);
        precise float r = 1.0 / (1.0 + e);
        return 4.0 * e * r * r;
    }
    float slope;
    float s = logistic(value, slope);
    return ACTIVATION == SILU ? s + value * slope : slope;
}

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint bits = BITS(x[i]);
    if (ACTIVATION == LEAKY_RELU) {
        bool positive = int(bits) > 0 && !is_nan(bits);
        dx[i] = FROM_BITS(positive ? BITS(dy[i]) : floatBitsToUint(p.slope * uintBitsToFloat(BITS(dy[i]))));
        return;
    }
    bool bounded = ACTIVATION == SIGMOID || ACTIVATION == TANH;
    if (is_nan(bits) || (is_infinite(bits) && !bounded)) // infinity times 0
        dx[i] = FROM_BITS(0x7fc00000u);
    else
        dx[i] = FROM_BITS(floatBitsToUint(uintBitsToFloat(BITS(dy[i])) * derivative(uintBitsToFloat(bits))));
}
