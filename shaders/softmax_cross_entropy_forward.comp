#version 450
#extension GL_GOOGLE_include_directive : require
// Loss and correctness of each sample.
#include "include/nan.glsl"
#include "include/softmax_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"
#include "include/softmax_share.glsl"

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
    uint n = sample_number();
    if (n >= p.batch) // all invocations of a sample alike, as below
        return;
    uint begin = first_class();
    if (n >= step_valid()) {
        if (begin == 0u) {
            loss[n] = 0.0;
            correct[n] = 0u;
        }
        return;
    }
    uint row = n * p.classes;
    uint first = min(begin, p.classes - 1u);
    float greatest = logits[row + first];
    bool lost = is_nan(floatBitsToUint(greatest)); // then no class is the greatest
    for (uint k = begin + SHARE; k < p.classes; k += SHARE) {
        float value = logits[row + k];
        lost = lost || is_nan(floatBitsToUint(value));
        if (value > greatest) {
            greatest = value;
            first = k;
        }
    }
    greatest = greatest_of_share(greatest, first);
    bool guessed = sum_of_share(lost ? 1.0 : 0.0) == 0.0;
    precise float sum = 0.0;
    for (uint k = begin; k < p.classes; k += SHARE)
        sum += exp(logits[row + k] - greatest);
    sum = sum_of_share(sum);
    uint label = labels[n];
    precise float label_distance = logits[row + label] - greatest;
    precise float result;
    if (p.share != 0.0) {
        precise float distance = 0.0;
        for (uint k = begin; k < p.classes; k += SHARE)
            distance += logits[row + k] - greatest;
        distance = sum_of_share(distance);
        result = log(sum) - p.rest * label_distance - p.share * distance;
    } else {
        result = log(sum) - label_distance;
    }
    if (begin != 0u)
        return;
    loss[n] = result;
    correct[n] = guessed && label == first ? 1u : 0u;
}
