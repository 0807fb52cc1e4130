#version 450
#extension GL_GOOGLE_include_directive : require
// The loss's scale after a step (tuff/op/loss_scale.h). One invocation.
#include "include/optimizer_push.h"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer State
{
    uint state[]; // as struct tuff_step_state
};
layout(std430, binding = 1) buffer Norm
{
    float norm[];
};
layout(push_constant) uniform Push
{
    vk_loss_scale_push p;
};

const uint SKIP = 1u;
const uint LOSS_SCALE = 2u;
const uint UNSCALE = 3u;
const uint GOOD_STEPS = 4u;
const uint SKIPPED = 5u;

void main()
{
    if (element_number() != 0u)
        return;
    float scale = uintBitsToFloat(state[LOSS_SCALE]);
    // Of a power of two exactly, where a division need not be.
    const uint bits = floatBitsToUint(scale);
    float unscale = (bits & 0x7fffffu) == 0u ? uintBitsToFloat(0x7f000000u - bits) : 1.0 / scale;
    uint good_steps = state[GOOD_STEPS] + 1u;
    // On bits, since drivers may take infinity and NaN for absent.
    bool finite = (floatBitsToUint(norm[0]) & 0x7fffffffu) < 0x7f800000u;
    if (finite) {
        norm[0] *= unscale;
        if (good_steps == p.interval) {
            good_steps = 0u;
            scale = min(scale * 2.0, p.most);
        }
    } else {
        norm[0] = 0.0;
        good_steps = 0u;
        scale = max(scale * 0.5, p.least);
        state[SKIPPED] += 1u;
    }
    state[SKIP] = finite ? 0u : 1u;
    state[LOSS_SCALE] = floatBitsToUint(scale);
    state[UNSCALE] = floatBitsToUint(unscale);
    state[GOOD_STEPS] = good_steps;
}
