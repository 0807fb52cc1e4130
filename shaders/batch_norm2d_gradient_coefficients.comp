#version 450
#extension GL_GOOGLE_include_directive : require
// The rest of the coefficients of dx: mean, and weight * inverse where inverse stands. One invocation per channel.
#include "include/batch_norm2d_push.h"
#include "include/batch_norm2d.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Coefficients
{
    vec4 coefficients[];
};
layout(std430, binding = 1) readonly buffer Mean
{
    float mean[];
};
layout(std430, binding = 2) readonly buffer Weight
{
    float weight[]; // without affine something else, which is not read
};

void main()
{
    uint c = element_number();
    if (c >= CHANNELS)
        return;
    coefficients[c].x = mean[c];
    if (p.affine != 0u)
        coefficients[c].y *= weight[c];
}
