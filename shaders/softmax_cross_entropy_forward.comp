#version 450
#extension GL_GOOGLE_include_directive : require
// Loss and correctness of each sample. One invocation per sample; sums run over the classes in order.
#include "include/softmax_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Loss
{
    float loss[];
};
layout(std430, binding = 1) writeonly buffer Correct
{
    uint correct[];
};
layout(std430, binding = 2) readonly buffer Logits
{
    float logits[];
};
layout(std430, binding = 3) readonly buffer Labels
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
    if (n >= step_valid()) {
        loss[n] = 0.0;
        correct[n] = 0u;
        return;
    }
    uint row = n * p.classes;
    float greatest = logits[row];
    uint first = 0u;
    for (uint k = 1u; k < p.classes; k++) {
        float value = logits[row + k];
        if (value > greatest) {
            greatest = value;
            first = k;
        }
    }
    precise float sum = 0.0;
    for (uint k = 0u; k < p.classes; k++)
        sum += exp(logits[row + k] - greatest);
    uint label = labels[n];
    precise float label_distance = logits[row + label] - greatest;
    precise float result;
    if (p.share != 0.0) {
        precise float distance = 0.0;
        for (uint k = 0u; k < p.classes; k++)
            distance += logits[row + k] - greatest;
        result = log(sum) - p.rest * label_distance - p.share * distance;
    } else {
        result = log(sum) - label_distance;
    }
    loss[n] = result;
    correct[n] = label == first ? 1u : 0u;
}
