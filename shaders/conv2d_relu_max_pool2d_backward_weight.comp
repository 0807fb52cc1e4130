#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dweight of convolution, ReLU and max pooling in one, as partial sums (conv2d_relu_max_pool2d_weight.glsl).
#include "include/storage.glsl"
#include "include/conv2d_relu_max_pool2d_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Partial
{
    float partial[];
};
layout(std430, binding = 1) readonly buffer DY
{
    STORED dy[];
};
layout(std430, binding = 2) readonly buffer Winner
{
    uint winner[];
};
layout(std430, binding = 3) readonly buffer X
{
    STORED x[];
};
#include "include/conv2d_relu_max_pool2d.glsl"
#include "include/conv2d_relu_max_pool2d_patch.glsl"
#include "include/conv2d_relu_max_pool2d_weight.glsl"

void main()
{
    sum_windows(element_number());
}
