#version 450
#extension GL_GOOGLE_include_directive : require
// y = kept ? x * scale : 0, forward and backward; y may be x. One invocation per element.
#include "include/storage.glsl"
#include "include/dropout_push.h"
#include "include/philox.glsl"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Y
{
    STORED y[];
};
layout(std430, binding = 1) readonly buffer X
{
    STORED x[];
};
layout(push_constant) uniform Push
{
    vk_dropout_push p;
};

const uint DROPOUT_PURPOSE = 5u; // TUFF_RANDOM_DROPOUT

void main()
{
    uint i = element_number();
    if (i >= p.count)
        return;
    uvec4 words = philox(uvec2(p.seed_low, p.seed_high), uvec4(i, p.layer, step_number(), DROPOUT_PURPOSE));
    y[i] = STORED(words.x >> 8 >= p.threshold ? float(x[i]) * p.scale : 0.0);
}
