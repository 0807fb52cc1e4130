#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dweight of several convolutions with ReLU and max pooling, of one kernel and one window
// (conv2d_relu_max_pool2d_weight.glsl).
#include "include/storage.glsl"
#include "include/conv2d_relu_max_pool2d_push.h"
#include "include/gradients_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Partial
{
    float partial[];
};
layout(std430, binding = 0) readonly buffer Activations
{
    STORED x[];
};
layout(std430, binding = 0) readonly buffer Gradients
{
    STORED dy[];
};
layout(std430, binding = 0) readonly buffer Winner
{
    uint winner[];
};
layout(push_constant) uniform Push
{
    vk_pooled_gradients_push several;
};
#define SEVERAL_CONVOLUTIONS
#include "include/conv2d_relu_max_pool2d.glsl"
#include "include/conv2d_relu_max_pool2d_patch.glsl"
#include "include/conv2d_relu_max_pool2d_weight.glsl"

void main()
{
    uint group = workgroup_number();
    uint i = 0u;
    for (uint other = 1u; other < uint(VK_POOLED_CONVOLUTIONS); other++)
        i = group >= several.convolutions[other].first_group ? other : i;
    p.filters = several.convolutions[i].filters;
    p.channels = several.convolutions[i].channels;
    p.in_h = several.convolutions[i].in_h;
    p.in_w = several.convolutions[i].in_w;
    p.out_h = several.convolutions[i].out_h;
    p.out_w = several.convolutions[i].out_w;
    p.pad_top = several.convolutions[i].pad_top;
    p.pad_left = several.convolutions[i].pad_left;
    p.bias = several.convolutions[i].bias;
    p.workers = several.convolutions[i].workers;
    p.windows = several.batch * p.out_h * p.out_w;
    partial_begin = several.convolutions[i].partial;
    dy_begin = several.convolutions[i].dy * STORED_IN_WORD;
    winner_begin = several.convolutions[i].winner;
    x_begin = several.convolutions[i].x * STORED_IN_WORD;
    group -= several.convolutions[i].first_group;
    sum_windows(group * gl_WorkGroupSize.x + gl_LocalInvocationID.x);
}
