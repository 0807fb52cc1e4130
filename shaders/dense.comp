#version 450
#extension GL_GOOGLE_include_directive : require
#extension GL_EXT_control_flow_attributes : require
// Linear layers with ReLUs between them, softmax cross entropy of what they give, and the gradients of all that down to
// the first layer's input. A workgroup takes SAMPLES samples all the way; what is between the layers stays in shared
// memory. Inputs of layers come in quads. Logits, losses and biases are float32 whatever the storage.
#include "include/storage.glsl"
#include "include/dense_push.h"
#include "include/relu.glsl"
#include "include/step_state.glsl"
#include "include/workgroup.glsl"

layout(constant_id = 1) const uint SAMPLES = 1u;
layout(constant_id = 2) const uint OUTPUTS = 4u; // of an invocation, forward; a multiple of 4
layout(constant_id = 3) const uint LANES = 1u;   // invocations that share a sum, forward
layout(constant_id = 4) const uint QUADS = 1u;   // of an invocation, backward
layout(constant_id = 5) const uint LAYERS = 1u;
layout(constant_id = 6) const uint ROW = 1u;     // quads of a sample in shared memory
layout(constant_id = 7) const uint PARTS = 1u;   // with several lanes: invocations * OUTPUTS * SAMPLES

layout(std430, binding = 0) buffer Activations
{
    float activations[];
};
layout(std430, binding = 0) buffer StoredActivations
{
    STORED stored[];
};
layout(std430, binding = 0) buffer ActivationQuads
{
    STORED4 activation_quads[];
};
layout(std430, binding = 1) readonly buffer WeightQuads
{
    STORED4 weight_quads[];
};
layout(std430, binding = 2) readonly buffer Biases
{
    float biases[];
};
layout(push_constant) uniform Push
{
    vk_dense_push p;
};

// Of each sample, layer after layer: what it gives, and once that is used up, its gradient. Behind a layer's last output
// stand zeros up to a whole quad.
shared vec4 rows[SAMPLES * ROW];
shared float parts[PARTS];

uint first_sample;

// The quad, or the element, that a place in words is.
uint quad_of(uint place)
{
    return place * STORED_IN_WORD / 4u;
}

uint element_of(uint place)
{
    return place * STORED_IN_WORD;
}

// Four outputs of the layer from o on, of which some may be beyond the last.
void finish(uint layer, uint s, uint o, vec4 sums)
{
    uint outputs = p.layers[layer].outputs;
    uint bias = p.layers[layer].bias;
    vec4 values = vec4(0.0);
    [[unroll]] for (uint i = 0u; i < 4u; i++) {
        bool inside = o + i < outputs;
        float start = bias != VK_NO_PLACE && inside ? biases[bias + o + i] : 0.0;
        float value = sums[i] + start;
        if (layer + 1u < LAYERS)
            value = uintBitsToFloat(relu_bits(floatBitsToUint(value)));
        values[i] = inside ? value : 0.0;
        if (!inside || first_sample + s >= p.batch)
            continue;
        uint to = (first_sample + s) * outputs + o + i;
        if (layer + 1u < LAYERS)
            stored[element_of(p.layers[layer].y) + to] = STORED(value);
        else
            activations[p.layers[layer].y + to] = value;
    }
    if (o < outputs)
        rows[s * ROW + p.layers[layer].row + o / 4u] = values;
}

void forward(uint layer)
{
    uint quads = p.layers[layer].inputs / 4u;
    uint outputs = p.layers[layer].outputs;
    uint weights = quad_of(p.layers[layer].weight);
    uint lane = gl_LocalInvocationID.x % LANES;
    uint threads = gl_WorkGroupSize.x / LANES;
    for (uint base = 0u; base < outputs; base += threads * OUTPUTS) {
        uint o = base + gl_LocalInvocationID.x / LANES * OUTPUTS;
        float sums[OUTPUTS * SAMPLES];
        [[unroll]] for (uint i = 0u; i < OUTPUTS * SAMPLES; i++)
            sums[i] = 0.0;
        // Drivers that compute on the CPU leave in a loop what stands in it.
        uint input_begin[SAMPLES], weight_begin[OUTPUTS];
        [[unroll]] for (uint s = 0u; s < SAMPLES; s++)
            input_begin[s] = layer == 0u ? quad_of(p.x) + min(first_sample + s, p.batch - 1u) * quads
                                         : s * ROW + p.layers[max(layer, 1u) - 1u].row;
        [[unroll]] for (uint j = 0u; j < OUTPUTS; j++)
            weight_begin[j] = weights + min(o + j, outputs - 1u) * quads;
        for (uint quad = lane; quad < quads; quad += LANES) {
            vec4 inputs[SAMPLES];
            [[unroll]] for (uint s = 0u; s < SAMPLES; s++)
                inputs[s] = layer == 0u ? vec4(activation_quads[input_begin[s] + quad])
                                        : rows[input_begin[s] + quad];
            [[unroll]] for (uint j = 0u; j < OUTPUTS; j++) {
                vec4 weight = vec4(weight_quads[weight_begin[j] + quad]);
                [[unroll]] for (uint s = 0u; s < SAMPLES; s++)
                    [[unroll]] for (uint c = 0u; c < 4u; c++)
                        sums[j * SAMPLES + s] += inputs[s][c] * weight[c];
            }
        }
        if (LANES == 1u) {
            [[unroll]] for (uint s = 0u; s < SAMPLES; s++)
                [[unroll]] for (uint j = 0u; j < OUTPUTS; j += 4u)
                    finish(layer, s, o + j, vec4(sums[j * SAMPLES + s], sums[(j + 1u) * SAMPLES + s],
                                                 sums[(j + 2u) * SAMPLES + s], sums[(j + 3u) * SAMPLES + s]));
            continue;
        }
        [[unroll]] for (uint i = 0u; i < OUTPUTS * SAMPLES; i++)
            parts[gl_LocalInvocationID.x * OUTPUTS * SAMPLES + i] = sums[i];
        barrier();
        for (uint i = gl_LocalInvocationID.x; i < threads * OUTPUTS / 4u * SAMPLES; i += gl_WorkGroupSize.x) {
            uint s = i % SAMPLES;
            uint first = i / SAMPLES * 4u; // output of this round
            vec4 sum = vec4(0.0);
            for (uint other = 0u; other < LANES; other++)
                [[unroll]] for (uint c = 0u; c < 4u; c++)
                    sum[c] += parts[((first / OUTPUTS * LANES + other) * OUTPUTS + first % OUTPUTS + c) * SAMPLES + s];
            finish(layer, s, base + first, sum);
        }
        barrier();
    }
}

float logit(uint s, uint k)
{
    return rows[s * ROW + p.layers[LAYERS - 1u].row + k / 4u][k % 4u];
}

// Loss and correctness of the sample, and the gradient of its logits.
void cross_entropy(uint s)
{
    uint n = first_sample + s;
    uint classes = p.layers[LAYERS - 1u].outputs;
    uint valid = step_valid();
    bool present = n < valid;
    float greatest = logit(s, 0u);
    bool lost = is_nan(floatBitsToUint(greatest)); // then no class is the greatest
    uint first = 0u;
    for (uint k = 1u; k < classes; k++) {
        float value = logit(s, k);
        lost = lost || is_nan(floatBitsToUint(value));
        first = value > greatest ? k : first;
        greatest = value > greatest ? value : greatest;
    }
    precise float sum = 0.0;
    precise float distances = 0.0;
    for (uint k = 0u; k < classes; k++) {
        precise float distance = logit(s, k) - greatest;
        sum += exp(distance);
        distances += distance;
    }
    uint label = floatBitsToUint(activations[p.labels + n]);
    precise float label_distance = logit(s, label) - greatest;
    precise float result = log(sum) - label_distance;
    if (p.share != 0.0)
        result = log(sum) - p.rest * label_distance - p.share * distances;
    activations[p.loss + n] = present ? result : 0.0;
    activations[p.correct + n] = uintBitsToFloat(present && !lost && label == first ? 1u : 0u);
    for (uint quad = 0u; quad < (classes + 3u) / 4u; quad++) {
        vec4 gradients = vec4(0.0);
        [[unroll]] for (uint c = 0u; c < 4u; c++) {
            uint k = quad * 4u + c;
            precise float gradient = exp(logit(s, min(k, classes - 1u)) - greatest) / sum;
            gradient -= k == label ? p.rest + p.share : p.share;
            gradient = gradient / float(valid) * step_loss_scale();
            gradients[c] = present && k < classes ? gradient : 0.0;
            if (k < classes)
                stored[element_of(p.layers[LAYERS - 1u].dy) + n * classes + k] = STORED(gradients[c]);
        }
        rows[s * ROW + p.layers[LAYERS - 1u].row + quad] = gradients;
    }
}

// The gradient of the layer's input: of the ReLU before it too, where a layer is before it.
void backward(uint layer)
{
    uint quads = p.layers[layer].inputs / 4u;
    uint outputs = p.layers[layer].outputs;
    uint weights = quad_of(p.layers[layer].weight);
    uint row_end = p.layers[layer].row + (outputs + 3u) / 4u;
    for (uint base = gl_LocalInvocationID.x * QUADS; base < quads; base += gl_WorkGroupSize.x * QUADS) {
        vec4 sums[QUADS * SAMPLES];
        [[unroll]] for (uint i = 0u; i < QUADS * SAMPLES; i++)
            sums[i] = vec4(0.0);
        uint columns[QUADS];
        [[unroll]] for (uint j = 0u; j < QUADS; j++)
            columns[j] = weights + min(base + j, quads - 1u);
        uint last = (outputs - 1u) * quads;
        uint line = 0u;
        for (uint row = p.layers[layer].row; row < row_end; row++) {
            vec4 gradients[SAMPLES];
            [[unroll]] for (uint s = 0u; s < SAMPLES; s++)
                gradients[s] = rows[s * ROW + row];
            [[unroll]] for (uint c = 0u; c < 4u; c++) {
                uint begin = min(line, last);
                line += quads;
                [[unroll]] for (uint j = 0u; j < QUADS; j++) {
                    vec4 weight = vec4(weight_quads[columns[j] + begin]);
                    [[unroll]] for (uint s = 0u; s < SAMPLES; s++)
                        sums[j * SAMPLES + s] += gradients[s][c] * weight;
                }
            }
        }
        [[unroll]] for (uint j = 0u; j < QUADS; j++) {
            [[unroll]] for (uint s = 0u; s < SAMPLES; s++) {
                uint quad = base + j;
                uint to = (first_sample + s) * quads + quad;
                bool stored = quad < quads && first_sample + s < p.batch;
                vec4 sum = sums[j * SAMPLES + s];
                if (layer == 0u) {
                    if (stored)
                        activation_quads[quad_of(p.dx) + to] = STORED4(sum);
                    continue;
                }
                uint at = s * ROW + p.layers[max(layer, 1u) - 1u].row + min(quad, quads - 1u);
                vec4 given = rows[at];
                [[unroll]] for (uint c = 0u; c < 4u; c++)
                    sum[c] = relu_positive(floatBitsToUint(given[c])) ? sum[c] : 0.0;
                if (quad < quads)
                    rows[at] = sum;
                if (stored)
                    activation_quads[quad_of(p.layers[max(layer, 1u) - 1u].dy) + to] = STORED4(sum);
            }
        }
    }
}

void main()
{
    first_sample = workgroup_number() * SAMPLES;
    if (first_sample >= p.batch)
        return;
    // Not a loop: a driver that does not unroll it loads the first layer's input from both places.
    forward(0u);
    barrier();
    if (LAYERS > 1u)
        forward(1u);
    barrier();
    if (LAYERS > 2u)
        forward(2u);
    barrier();
    for (uint s = gl_LocalInvocationID.x; s < SAMPLES && first_sample + s < p.batch; s += gl_WorkGroupSize.x)
        cross_entropy(s);
    barrier();
    if (LAYERS > 2u)
        backward(2u);
    barrier();
    if (LAYERS > 1u)
        backward(1u);
    barrier();
    if (p.dx != VK_NO_PLACE)
        backward(0u);
}
