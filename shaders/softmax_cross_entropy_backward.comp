#version 450
#extension GL_GOOGLE_include_directive : require
// dlogits = (softmax - target) / valid. One invocation per sample; sums run over the classes in order.
#include "include/softmax_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer DLogits
{
    float dlogits[];
};
layout(std430, binding = 1) readonly buffer Logits
{
    float logits[];
};
layout(std430, binding = 2) readonly buffer Labels
{
    uint labels[];
};
layout(push_constant) uniform Push
{
    vk_softmax_push p;
};

void main()
{
    uint n = element_number();
    if (n >= p.batch)
        return;
    uint row = n * p.classes;
    uint valid = step_valid();
    if (n >= valid) {
        for (uint k = 0u; k < p.classes; k++)
            dlogits[row + k] = 0.0;
        return;
    }
    float greatest = logits[row];
    for (uint k = 1u; k < p.classes; k++)
        greatest = max(greatest, logits[row + k]);
    precise float sum = 0.0;
    for (uint k = 0u; k < p.classes; k++)
        sum += exp(logits[row + k] - greatest);
    uint label = labels[n];
    for (uint k = 0u; k < p.classes; k++) {
        precise float gradient = exp(logits[row + k] - greatest) / sum;
        if (k == label)
            gradient -= p.rest + p.share;
        else
            gradient -= p.share;
        dlogits[row + k] = gradient / float(valid);
    }
}
