#version 450
#extension GL_GOOGLE_include_directive : require
// y = the mean of x over each window. SHARE invocations work on an element of y: one if windows are small; else so
// many that neighbours read neighbours, and their sums are added in pairs.
#include "include/storage.glsl"
#include "include/avg_pool2d_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    STORED y[];
};
layout(std430, binding = 1) readonly buffer X
{
    STORED x[];
};
#include "include/avg_pool2d.glsl"

layout(constant_id = 6) const uint SHARE = 1u; // a power of two that divides the workgroup

shared float partial[128]; // the workgroup's size, at most

void main()
{
    uint local = gl_LocalInvocationID.x;
    uint i = workgroup_number() * (gl_WorkGroupSize.x / SHARE) + local / SHARE;
    uint lane = local % SHARE;
    bool inside = i < p.count;
    precise float sum = 0.0;
    float divisor = 1.0; // a product of two sides in 32 bits may wrap
    if (inside) {
        uint row = i / p.out_w;
        Window rows = window_of_row(row % p.out_h);
        Window columns = window_of_column(i % p.out_w);
        uint plane = row / p.out_h * (p.in_h * p.in_w);
        divisor = float(rows.counted) * float(columns.counted);
        if (SHARE == 1u) {
            for (uint h = rows.begin; h < rows.end; h++)
                for (uint w = columns.begin; w < columns.end; w++)
                    sum += float(x[plane + h * p.in_w + w]);
        } else {
            uint width = columns.end - columns.begin;
            uint area = (rows.end - rows.begin) * width;
            for (uint t = lane; t < area; t += SHARE)
                sum += float(x[plane + (rows.begin + t / width) * p.in_w + columns.begin + t % width]);
        }
    }
    if (SHARE > 1u) {
        partial[local] = sum;
        for (uint half_share = SHARE / 2u; half_share > 0u; half_share /= 2u) {
            barrier();
            if (lane < half_share)
                partial[local] += partial[local + half_share];
        }
        sum = partial[local];
    }
    if (inside && lane == 0u)
        y[i] = STORED(sum / divisor);
}
