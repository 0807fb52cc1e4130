#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// dweight and dbias of several linear layers, and metrics_record in a workgroup of its own. Each invocation sums over the
// batch for a block of weights: OUTPUTS rows, QUADS quads of columns.
#include "include/storage.glsl"
#include "include/dense_push.h"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(constant_id = 1) const uint OUTPUTS = 4u;
layout(constant_id = 2) const uint QUADS = 1u;

layout(std430, binding = 0) readonly buffer Activations
{
    float activations[];
};
layout(std430, binding = 0) readonly buffer StoredActivations
{
    STORED stored[];
};
layout(std430, binding = 0) readonly buffer ActivationQuads
{
    STORED4 activation_quads[];
};
layout(std430, binding = 1) writeonly buffer Gradients
{
    float gradients[];
};
layout(std430, binding = 1) writeonly buffer GradientQuads
{
    vec4 gradient_quads[];
};
layout(std430, binding = 2) writeonly buffer Metrics
{
    uint metrics[];
};
layout(push_constant) uniform Push
{
    vk_dense_gradients_push p;
};

void sum_block(uint layer, uint block)
{
    uint quads = p.layers[layer].inputs / 4u;
    uint outputs = p.layers[layer].outputs;
    uint blocks = (quads + QUADS - 1u) / QUADS; // of a row
    uint row = block / blocks;
    uint column = (block - row * blocks) * QUADS;
    row *= OUTPUTS;
    if (row >= outputs)
        return;
    vec4 sums[OUTPUTS * QUADS];
    float bias_sums[OUTPUTS];
    [[unroll]] for (uint i = 0u; i < OUTPUTS * QUADS; i++)
        sums[i] = vec4(0.0);
    [[unroll]] for (uint i = 0u; i < OUTPUTS; i++)
        bias_sums[i] = 0.0;
    // Drivers that compute on the CPU leave in a loop what stands in it.
    uint value_begin[QUADS], gradient_begin[OUTPUTS];
    [[unroll]] for (uint j = 0u; j < QUADS; j++)
        value_begin[j] = p.layers[layer].x * STORED_IN_WORD / 4u + min(column + j, quads - 1u);
    [[unroll]] for (uint i = 0u; i < OUTPUTS; i++)
        gradient_begin[i] = p.layers[layer].dy * STORED_IN_WORD + min(row + i, outputs - 1u);
    uint batch = p.batch, value_line = 0u, gradient_line = 0u;
    for (uint n = 0u; n < batch; n++) {
        vec4 values[QUADS];
        [[unroll]] for (uint j = 0u; j < QUADS; j++)
            values[j] = vec4(activation_quads[value_begin[j] + value_line]);
        [[unroll]] for (uint i = 0u; i < OUTPUTS; i++) {
            float gradient = float(stored[gradient_begin[i] + gradient_line]);
            bias_sums[i] += gradient;
            [[unroll]] for (uint j = 0u; j < QUADS; j++)
                sums[i * QUADS + j] += gradient * values[j];
        }
        value_line += quads;
        gradient_line += outputs;
    }
    uint weights = p.layers[layer].dweight / 4u, biases = p.layers[layer].dbias;
    [[unroll]] for (uint i = 0u; i < OUTPUTS; i++) {
        if (row + i >= outputs)
            continue;
        [[unroll]] for (uint j = 0u; j < QUADS; j++)
            if (column + j < quads)
                gradient_quads[weights + (row + i) * quads + column + j] = sums[i * QUADS + j];
        if (column == 0u && biases != VK_NO_PLACE)
            gradients[biases + row + i] = bias_sums[i];
    }
}

// As in metrics_record.comp: strided partial sums, then a tree.
const uint WIDTH = 64u;
shared float losses[WIDTH];
shared uint corrects[WIDTH];

void record_metrics()
{
    for (uint place = gl_LocalInvocationID.x; place < WIDTH; place += gl_WorkGroupSize.x) {
        precise float loss_sum = 0.0;
        uint correct_sum = 0u;
        for (uint n = place; n < p.batch; n += WIDTH) {
            loss_sum += activations[p.loss + n];
            correct_sum += floatBitsToUint(activations[p.correct + n]);
        }
        losses[place] = loss_sum;
        corrects[place] = correct_sum;
    }
    for (uint half_width = WIDTH / 2u; half_width > 0u; half_width /= 2u) {
        barrier();
        for (uint place = gl_LocalInvocationID.x; place < half_width; place += gl_WorkGroupSize.x) {
            precise float pair = losses[place] + losses[place + half_width];
            losses[place] = pair;
            corrects[place] += corrects[place + half_width];
        }
    }
    if (gl_LocalInvocationID.x == 0u) {
        uint row = step_cursor() - 1u;
        metrics[2u * row] = floatBitsToUint(losses[0]);
        metrics[2u * row + 1u] = corrects[0];
    }
}

void main()
{
    uint group = workgroup_number();
    if (group >= p.metrics_group) {
        if (group == p.metrics_group)
            record_metrics();
        return;
    }
    uint layer = 0u;
    for (uint other = 1u; other < uint(VK_DENSE_LAYERS); other++)
        layer = group >= p.layers[other].first_group ? other : layer;
    sum_block(layer, (group - p.layers[layer].first_group) * gl_WorkGroupSize.x + gl_LocalInvocationID.x);
}
