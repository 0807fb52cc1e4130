#version 450
#extension GL_GOOGLE_include_directive : require
// metrics[cursor - 1] = the sums of loss and correct. One workgroup: strided partial sums, then a tree.
#include "include/softmax_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

const uint WIDTH = 64u; // invocations; the order of the sum hangs on it, so it is fixed

layout(std430, binding = 0) writeonly buffer Metrics
{
    uint metrics[];
};
layout(std430, binding = 1) readonly buffer Loss
{
    float loss[];
};
layout(std430, binding = 2) readonly buffer Correct
{
    uint correct[];
};
layout(push_constant) uniform Push
{
    vk_softmax_push p;
};

shared float losses[WIDTH];
shared uint corrects[WIDTH];

void main()
{
    uint lane = gl_LocalInvocationID.x;
    precise float loss_sum = 0.0;
    uint correct_sum = 0u;
    for (uint n = lane; n < p.batch; n += WIDTH) {
        loss_sum += loss[n];
        correct_sum += correct[n];
    }
    losses[lane] = loss_sum;
    corrects[lane] = correct_sum;
    for (uint half_width = WIDTH / 2u; half_width > 0u; half_width /= 2u) {
        barrier();
        if (lane < half_width) {
            precise float pair = losses[lane] + losses[lane + half_width];
            losses[lane] = pair;
            corrects[lane] += corrects[lane + half_width];
        }
    }
    if (lane == 0u && workgroup_number() == 0u) {
        uint row = step_cursor() - 1u;
        metrics[2u * row] = floatBitsToUint(losses[0]);
        metrics[2u * row + 1u] = corrects[0];
    }
}
