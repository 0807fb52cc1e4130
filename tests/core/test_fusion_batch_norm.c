// Fusion of a batch normalization and the ReLU behind it.
#include <criterion/criterion.h>
#include <string.h>

#include "fake_target.h"
#include "fusion_graph.h"
#include "graph/autodiff.h"
#include "graph/fusion.h"
#include "op/op_info.h"

struct norm {
    tuff_value_id weight, bias, running_mean, running_variance, state;
    tuff_value_id y, mean, inverse;
};

static const struct tuff_batch_norm2d_params NORM = {
    .size = sizeof NORM, .epsilon = 1e-3f, .momentum = 0.25f};

// training: batch_norm2d_train, else batch_norm2d_eval.
static struct norm normalization(struct tuff_graph *graph, tuff_value_id x, bool training)
{
    const uint32_t words = TUFF_STEP_STATE_WORDS, channels = graph->values[x].shape.dims[1];
    struct norm norm = {
        .weight = value(graph, TUFF_VALUE_PARAMETER, TUFF_F32, 1, &channels, false),
        .bias = value(graph, TUFF_VALUE_PARAMETER, TUFF_F32, 1, &channels, false),
        .running_mean = value(graph, TUFF_VALUE_EXTERNAL, TUFF_F32, 1, &channels, false),
        .running_variance = value(graph, TUFF_VALUE_EXTERNAL, TUFF_F32, 1, &channels, false),
        .state = value(graph, TUFF_VALUE_EXTERNAL, TUFF_U32, 1, &words, false),
        .mean = TUFF_NO_VALUE,
        .inverse = TUFF_NO_VALUE,
    };
    if (!training) {
        norm.y = node(graph, TUFF_OP_BATCH_NORM2D_EVAL, &NORM,
                      (tuff_value_id[]){TUFF_NO_VALUE, x, norm.running_mean, norm.running_variance,
                                        norm.weight, norm.bias});
        return norm;
    }
    tuff_value_id values[9] = {
        TUFF_NO_VALUE, TUFF_NO_VALUE, TUFF_NO_VALUE, norm.running_mean, norm.running_variance, x,
        norm.weight,   norm.bias,     norm.state};
    norm.y = node(graph, TUFF_OP_BATCH_NORM2D_TRAIN, &NORM, values);
    norm.mean = values[1];
    norm.inverse = values[2];
    return norm;
}

Test(fusion_batch_norm, relu)
{
    struct fake_target fake;
    fake_target_init(&fake);
    struct tuff_graph *graph = graph_new();
    const tuff_value_id x = convolution(graph, images(graph)).y;
    const struct norm norm = normalization(graph, x, true);
    const tuff_value_id y = relu(graph, norm.y);
    loss(graph, y);
    fuse(graph, &fake, true);
    const struct tuff_node *fused = only(graph, TUFF_OP_BATCH_NORM2D_RELU_TRAIN);
    cr_expect_eq(count_op(graph, TUFF_OP_BATCH_NORM2D_TRAIN), 0);
    cr_expect_eq(count_op(graph, TUFF_OP_RELU_FORWARD), 0);
    const tuff_value_id expected[9] = {y, norm.mean,   norm.inverse, norm.running_mean, norm.running_variance,
                                       x, norm.weight, norm.bias,    norm.state};
    cr_expect_eq(fused->tensor_count, 9);
    cr_expect_eq(memcmp(fused->values, expected, sizeof expected), 0);
    cr_expect_eq(memcmp(fused->params, &NORM, sizeof NORM), 0);

    differentiate(graph);
    const struct tuff_node *backward = only(graph, TUFF_OP_BATCH_NORM2D_RELU_BACKWARD);
    cr_expect_eq(count_op(graph, TUFF_OP_BATCH_NORM2D_BACKWARD), 0);
    cr_expect_eq(count_op(graph, TUFF_OP_RELU_BACKWARD), 0);
    const tuff_value_id read[6] = {x, norm.mean, norm.inverse, norm.weight, norm.state, y};
    cr_expect_eq(backward->tensor_count, 10);
    cr_expect_eq(backward->values[1], graph->values[norm.weight].gradient);
    cr_expect_eq(backward->values[2], graph->values[norm.bias].gradient);
    cr_expect_eq(memcmp(&backward->values[4], read, sizeof read), 0);
    expect_gradient(graph, norm.weight);
    expect_gradient(graph, norm.bias);
    tuff_graph_destroy(&graph);
}

Test(fusion_batch_norm, relu_of_evaluation)
{
    struct fake_target fake;
    fake_target_init(&fake);
    struct tuff_graph *graph = graph_new();
    const tuff_value_id x = images(graph);
    const struct norm norm = normalization(graph, x, false);
    const tuff_value_id y = relu(graph, norm.y);
    loss(graph, y);
    fuse(graph, &fake, false);
    const struct tuff_node *fused = only(graph, TUFF_OP_BATCH_NORM2D_RELU_EVAL);
    const tuff_value_id expected[6] = {y,           x,        norm.running_mean, norm.running_variance,
                                       norm.weight, norm.bias};
    cr_expect_eq(memcmp(fused->values, expected, sizeof expected), 0);
    cr_expect_eq(count_op(graph, TUFF_OP_BATCH_NORM2D_EVAL), 0);
    cr_expect_eq(count_op(graph, TUFF_OP_RELU_FORWARD), 0);
    tuff_graph_destroy(&graph);
}

// lacks: the op that the target has no kernel for; TUFF_OP_COUNT: none. shared: a sum reads the normalization
// too.
static bool norm_is_fused(enum tuff_op lacks, bool shared, bool training)
{
    struct fake_target fake;
    fake_target_init(&fake);
    if (lacks != TUFF_OP_COUNT)
        fake_target_lacks(&fake, lacks);
    struct tuff_graph *graph = graph_new();
    const struct norm norm = normalization(graph, images(graph), true);
    const tuff_value_id y = relu(graph, norm.y);
    loss(graph, shared ? add(graph, y, norm.y) : y);
    fuse(graph, &fake, training);
    const bool fused = has_fused(graph);
    tuff_graph_destroy(&graph);
    return fused;
}

Test(fusion_batch_norm, relu_stays_apart)
{
    cr_expect(norm_is_fused(TUFF_OP_COUNT, false, true));
    cr_expect_not(norm_is_fused(TUFF_OP_COUNT, true, true));
    cr_expect_not(norm_is_fused(TUFF_OP_BATCH_NORM2D_RELU_TRAIN, false, true));
    cr_expect_not(norm_is_fused(TUFF_OP_BATCH_NORM2D_RELU_BACKWARD, false, true));
    cr_expect(norm_is_fused(TUFF_OP_BATCH_NORM2D_RELU_BACKWARD, false, false));
}
