#version 450
#extension GL_GOOGLE_include_directive : require
// gradients *= min(1, max_norm / (norm + 1e-6)). One invocation per gradient.
#include "include/optimizer_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Gradients
{
    float gradients[];
};
layout(std430, binding = 1) readonly buffer Norm
{
    float norm[];
};
layout(push_constant) uniform Push
{
    vk_gradient_clip_push p;
};

void main()
{
    uint i = element_number();
    precise float scale = p.max_norm / (norm[0] + 1e-6);
    // As integers, since drivers may take NaN for absent: positive floats are in the order of their bits, and NaN
    // is above infinity.
    uint bits = floatBitsToUint(scale) & 0x7fffffffu;
    bool within = bits >= floatBitsToUint(1.0) && bits <= 0x7f800000u;
    if (i >= p.count || within)
        return;
    precise float scaled = gradients[i] * scale;
    gradients[i] = scaled;
}
