#version 450
#extension GL_GOOGLE_include_directive : require
// labels = the batch's labels. One invocation per sample.
#include "include/gather_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) writeonly buffer Labels
{
    uint labels[];
};
layout(std430, binding = 1) readonly buffer SetLabels
{
    uint set_labels[];
};
layout(std430, binding = 2) readonly buffer Index
{
    uint index[];
};
layout(push_constant) uniform Push
{
    vk_gather_labels_push p;
};

void main()
{
    uint n = element_number();
    if (n >= p.batch)
        return;
    labels[n] = n < step_valid() ? set_labels[index[step_begin() + n]] : 0u;
}
