#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_shader_16bit_storage : require
// An image of float16 from NCHW to NHWC, with zeros around it, for the products on matrix units (shaders/matrix/). A
// workgroup takes PIXELS neighbours of the result and CHANNELS channels: it reads along the pixels and writes along the
// channels.
#include "include/conv2d_nhwc_push.h"
#include "include/workgroup.glsl"

const uint PIXELS = 64u; // the workgroup's size is a multiple of it
const uint CHANNELS = 32u;
const uint QUADS = CHANNELS / 4u;

layout(std430, binding = 0) writeonly buffer Turned
{
    uvec2 turned[]; // four elements each
};
layout(std430, binding = 1) readonly buffer Image
{
    uint16_t image[]; // copied as they are
};
layout(push_constant) uniform Push
{
    vk_conv2d_image_push p;
};

shared uint tile[CHANNELS][PIXELS + 1u];

void main()
{
    uint parts = (p.channels + CHANNELS - 1u) / CHANNELS;
    uint number = workgroup_number();
    uint first_channel = number % parts * CHANNELS;
    uint first_pixel = number / parts * PIXELS;
    if (first_pixel >= p.pixels) // of the whole workgroup
        return;

    uint column = gl_LocalInvocationID.x % PIXELS;
    uint pixel = min(first_pixel + column, p.pixels - 1u);
    uint row = pixel / p.turned_w;
    uint n = row / p.turned_h;
    uint h = row - n * p.turned_h - p.above; // of a row above the image it is great
    uint w = pixel - row * p.turned_w - p.left;
    bool inside = h < p.in_h && w < p.in_w;
    uint from = inside ? h * p.in_w + w : 0u;
    uint channels = min(p.channels - first_channel, CHANNELS);
    for (uint i = gl_LocalInvocationID.x / PIXELS; i < channels; i += gl_WorkGroupSize.x / PIXELS) {
        uint bits = uint(image[(n * p.channels + first_channel + i) * p.in_h * p.in_w + from]);
        tile[i][column] = inside ? bits : 0u;
    }
    barrier();
    for (uint i = gl_LocalInvocationID.x; i < PIXELS * QUADS; i += gl_WorkGroupSize.x) {
        uint c = i % QUADS * 4u;
        uint from_column = i / QUADS;
        uint to = first_pixel + from_column;
        if (c < channels && to < p.pixels)
            turned[(to * p.channels + first_channel + c) / 4u] =
                uvec2(tile[c][from_column] | tile[c + 1u][from_column] << 16,
                      tile[c + 2u][from_column] | tile[c + 3u][from_column] << 16);
    }
}
