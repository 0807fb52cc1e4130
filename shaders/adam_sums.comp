#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Adam over a whole parameter arena, of which some gradients are still partial sums. The first workgroups take quads of
// parameters, and leave those that the others take: of these, they add up the gradient.
#include "include/gradients_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(std430, binding = 0) buffer Parameters
{
    float parameters[];
};
layout(std430, binding = 0) buffer ParameterQuads
{
    vec4 parameter_quads[];
};
layout(std430, binding = 1) buffer Moments
{
    float moments[]; // m, then v
};
layout(std430, binding = 1) buffer MomentQuads
{
    vec4 moment_quads[];
};
layout(std430, binding = 2) buffer Gradients
{
    float gradients[];
};
layout(std430, binding = 2) readonly buffer GradientQuads
{
    vec4 gradient_quads[];
};
layout(std430, binding = 3) readonly buffer Partial
{
    float partial[];
};
layout(push_constant) uniform Push
{
    vk_adam_sums_push p;
};

#include "include/adam.glsl"
#include "include/partial_sums.glsl"
ADAM(float)
ADAM(vec4)

// Every `step`-th quad from `first` on.
void update_quads(uint first, uint step)
{
    uint begins[2 * VK_POOLED_CONVOLUTIONS], ends[2 * VK_POOLED_CONVOLUTIONS]; // what the others take
    [[unroll]] for (uint i = 0u; i < uint(VK_POOLED_CONVOLUTIONS); i++) {
        uint filters = p.sums[i].filters;
        bool has_bias = p.sums[i].bias != VK_NO_PLACE;
        begins[2u * i] = p.sums[i].weight / 4u;
        ends[2u * i] = (p.sums[i].weight + filters * (p.sums[i].columns - (has_bias ? 1u : 0u)) + 3u) / 4u;
        begins[2u * i + 1u] = has_bias ? p.sums[i].bias / 4u : 0u;
        ends[2u * i + 1u] = has_bias ? (p.sums[i].bias + filters + 3u) / 4u : 0u;
    }
    uint quads = p.quads;
    for (uint quad = first; quad < quads; quad += step) {
        bool taken = false;
        [[unroll]] for (uint i = 0u; i < 2u * uint(VK_POOLED_CONVOLUTIONS); i++)
            taken = taken || (quad >= begins[i] && quad < ends[i]);
        vec4 parameter = parameter_quads[quad], m = moment_quads[quad], v = moment_quads[quads + quad];
        adam(parameter, m, v, gradient_quads[quad]);
        if (taken)
            continue;
        parameter_quads[quad] = parameter;
        moment_quads[quad] = m;
        moment_quads[quads + quad] = v;
    }
}

void sum_and_update(uint group)
{
    uint i;
    float gradient;
    if (!add_up(find_sums(group), group, i, gradient))
        return;
    float parameter = parameters[i], m = moments[i], v = moments[4u * p.quads + i];
    adam(parameter, m, v, gradient);
    gradients[i] = gradient;
    parameters[i] = parameter;
    moments[i] = m;
    moments[4u * p.quads + i] = v;
}

void main()
{
    uint group = workgroup_number();
    if (group < p.sums[0].first_group)
        update_quads(group * gl_WorkGroupSize.x + gl_LocalInvocationID.x,
                     p.sums[0].first_group * gl_WorkGroupSize.x);
    else
        sum_and_update(group);
}
