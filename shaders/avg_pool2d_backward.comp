#version 450
#extension GL_GOOGLE_include_directive : require
// dx = the sum of the shares that the windows which hold this element give to it. One invocation per element of dx
// gathers from them, in row-major order of the windows, so that no atomics are needed.
#include "include/storage.glsl"
#include "include/avg_pool2d_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DX
{
    STORED dx[];
};
layout(std430, binding = 1) readonly buffer DY
{
    STORED dy[];
};
#include "include/avg_pool2d.glsl"

// The windows [x, y) of an axis that hold `place`.
uvec2 windows_at(uint place, uint in_size, uint out_size, uint kernel, uint stride, uint pad_before)
{
    if (kernel == 0u)
        return uvec2(place * out_size / in_size, ((place + 1u) * out_size + in_size - 1u) / in_size);
    uint last = place + pad_before;
    return uvec2(last >= kernel ? (last - kernel) / stride + 1u : 0u, min(last / stride + 1u, out_size));
}

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uint row = i / p.in_w;
    uint plane = row / p.in_h * (p.out_h * p.out_w);
    uvec2 rows = windows_at(row % p.in_h, p.in_h, p.out_h, KERNEL_H, STRIDE_H, p.pad_top);
    uvec2 columns = windows_at(i % p.in_w, p.in_w, p.out_w, KERNEL_W, STRIDE_W, p.pad_left);
    precise float sum = 0.0;
    for (uint oh = rows.x; oh < rows.y; oh++) {
        float counted = float(window_of_row(oh).counted); // a product in 32 bits may wrap
        for (uint ow = columns.x; ow < columns.y; ow++)
            sum += float(dy[plane + oh * p.out_w + ow]) / (counted * float(window_of_column(ow).counted));
    }
    dx[i] = STORED(sum);
}
