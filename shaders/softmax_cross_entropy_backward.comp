#version 450
#extension GL_GOOGLE_include_directive : require
// dlogits = (softmax - target) / valid * the loss's scale
#include "include/storage.glsl"
#include "include/softmax_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"
#include "include/softmax_share.glsl"

layout(std430, binding = 0) writeonly buffer DLogits
{
    STORED dlogits[];
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
    uint n = sample_number();
    if (n >= p.batch) // all invocations of a sample alike, as below
        return;
    uint begin = first_class();
    uint row = n * p.classes;
    uint valid = step_valid();
    if (n >= valid) {
        for (uint k = begin; k < p.classes; k += SHARE)
            dlogits[row + k] = STORED(0.0);
        return;
    }
    uint place = min(begin, p.classes - 1u);
    float greatest = logits[row + place];
    for (uint k = begin + SHARE; k < p.classes; k += SHARE)
        greatest = max(greatest, logits[row + k]);
    greatest = greatest_of_share(greatest, place);
    precise float sum = 0.0;
    for (uint k = begin; k < p.classes; k += SHARE)
        sum += exp(logits[row + k] - greatest);
    sum = sum_of_share(sum);
    uint label = labels[n];
    float scale = step_loss_scale();
    for (uint k = begin; k < p.classes; k += SHARE) {
        precise float gradient = exp(logits[row + k] - greatest) / sum;
        if (k == label)
            gradient -= p.rest + p.share;
        else
            gradient -= p.share;
        dlogits[row + k] = STORED(gradient / float(valid) * scale);
    }
}
