// Fusion: which neighbours become one op, and that the gradients of what has been fused are complete.
#include <criterion/criterion.h>
#include <string.h>

#include "fake_target.h"
#include "fusion_graph.h"
#include "graph/autodiff.h"
#include "graph/fusion.h"
#include "graph/plan.h"
#include "model/model.h"
#include "op/op_info.h"

// -- What is fused.

// relu_last: the ReLU behind the pooling.
static void check_pooled(bool relu_last)
{
    struct fake_target fake;
    fake_target_init(&fake);
    struct tuff_graph *graph = graph_new();
    const tuff_value_id x = images(graph);
    const struct layer conv = convolution(graph, x);
    const tuff_value_id y = relu_last ? relu(graph, pool(graph, conv.y)) : pool(graph, relu(graph, conv.y));
    loss(graph, y);
    fuse(graph, &fake, true);

    cr_assert_eq(graph->node_count, 2);
    const struct tuff_node *fused = only(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD);
    const tuff_value_id winner = fused->values[1];
    cr_expect_eq(fused->tensor_count, 5);
    cr_expect_eq(fused->values[0], y);
    cr_expect_eq(fused->values[2], x);
    cr_expect_eq(fused->values[3], conv.weight);
    cr_expect_eq(fused->values[4], conv.bias);
    cr_assert_neq(winner, TUFF_NO_VALUE);
    cr_expect_eq(graph->values[winner].kind, TUFF_VALUE_ACTIVATION);
    cr_expect_eq(graph->values[winner].shape.dtype, TUFF_U8);
    cr_expect_eq(graph->values[winner].shape.layout, TUFF_LAYOUT_BATCH16);
    cr_expect_eq(graph->values[winner].shape.rank, 4);
    const uint32_t dims[4] = {N, K, POOLED, POOLED};
    cr_expect_eq(memcmp(graph->values[winner].shape.dims, dims, sizeof dims), 0);
    struct tuff_conv2d_relu_max_pool2d_params params;
    memcpy(&params, fused->params, sizeof params);
    const struct tuff_conv2d_relu_max_pool2d_params expected = {.size = sizeof expected,
                                                                .stride_h = 1,
                                                                .stride_w = 1,
                                                                .dilation_h = 1,
                                                                .dilation_w = 1,
                                                                .groups = 1,
                                                                .pool_h = 2,
                                                                .pool_w = 2,
                                                                .pool_stride_h = 2,
                                                                .pool_stride_w = 2};
    cr_expect_eq(memcmp(&params, &expected, sizeof params), 0);

    differentiate(graph);
    const struct tuff_node *backward = only(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT);
    cr_expect_eq(backward->values[0], graph->values[conv.weight].gradient);
    cr_expect_eq(backward->values[1], graph->values[conv.bias].gradient);
    cr_expect_eq(backward->values[3], winner);
    cr_expect_eq(backward->values[4], x);
    cr_expect_eq(memcmp(backward->params, &expected, sizeof expected), 0);
    expect_gradient(graph, conv.weight);
    expect_gradient(graph, conv.bias);
    // The images need no gradient.
    cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_INPUT), 0);
    cr_expect_eq(graph->values[x].gradient, TUFF_NO_VALUE);
    cr_expect_eq(count_op(graph, TUFF_OP_RELU_BACKWARD), 0);
    cr_expect_eq(count_op(graph, TUFF_OP_MAX_POOL2D_BACKWARD), 0);
    cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_BACKWARD_WEIGHT), 0);
    tuff_graph_destroy(&graph);
}

Test(fusion, convolution_relu_pooling)
{
    check_pooled(false);
}

Test(fusion, convolution_pooling_relu)
{
    check_pooled(true);
}

Test(fusion, every_parameter_of_the_parts_arrives)
{
    const struct tuff_conv2d_params uneven = {.size = sizeof uneven,
                                              .stride_h = 1,
                                              .stride_w = 2,
                                              .dilation_h = 2,
                                              .dilation_w = 1,
                                              .pad_top = 1,
                                              .pad_bottom = 2,
                                              .pad_left = 3,
                                              .pad_right = 4,
                                              .groups = 2,
                                              .padding_mode = TUFF_PADDING_REFLECT};
    struct tuff_max_pool2d_params windows = POOL;
    windows.kernel_h = 3;
    windows.stride_h = 4;
    windows.stride_w = 1;
    struct fake_target fake;
    fake_target_init(&fake);
    struct tuff_graph *graph = graph_new();
    const tuff_value_id weight =
        value(graph, TUFF_VALUE_PARAMETER, TUFF_F32, 4, (uint32_t[]){K, C / 2, 3, 3}, false);
    tuff_value_id values[4] = {TUFF_NO_VALUE, images(graph), weight, TUFF_NO_VALUE};
    node(graph, TUFF_OP_CONV2D_FORWARD, &uneven, values);
    loss(graph, pool_with(graph, relu(graph, values[0]), &windows));
    fuse(graph, &fake, true);
    const struct tuff_node *fused = only(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD);
    cr_expect_eq(fused->values[4], TUFF_NO_VALUE);
    const struct tuff_conv2d_relu_max_pool2d_params expected = {.size = sizeof expected,
                                                                .stride_h = 1,
                                                                .stride_w = 2,
                                                                .dilation_h = 2,
                                                                .dilation_w = 1,
                                                                .pad_top = 1,
                                                                .pad_bottom = 2,
                                                                .pad_left = 3,
                                                                .pad_right = 4,
                                                                .groups = 2,
                                                                .padding_mode = TUFF_PADDING_REFLECT,
                                                                .pool_h = 3,
                                                                .pool_w = 2,
                                                                .pool_stride_h = 4,
                                                                .pool_stride_w = 1};
    cr_expect_eq(memcmp(fused->params, &expected, sizeof expected), 0);
    differentiate(graph);
    expect_gradient(graph, weight);
    cr_expect_eq(only(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT)->values[1], TUFF_NO_VALUE);
    tuff_graph_destroy(&graph);
}

Test(fusion, convolution_relu)
{
    struct fake_target fake;
    fake_target_init(&fake);
    struct tuff_graph *graph = graph_new();
    const tuff_value_id x = images(graph);
    const struct layer conv = convolution(graph, x);
    const tuff_value_id y = relu(graph, conv.y);
    loss(graph, y);
    fuse(graph, &fake, true);
    cr_assert_eq(graph->node_count, 2);
    const struct tuff_node *fused = only(graph, TUFF_OP_CONV2D_RELU_FORWARD);
    cr_expect_eq(fused->values[0], y);
    cr_expect_eq(fused->values[1], x);
    cr_expect_eq(fused->values[2], conv.weight);
    cr_expect_eq(fused->values[3], conv.bias);
    cr_expect_eq(memcmp(fused->params, &CONV, sizeof CONV), 0);
    differentiate(graph);
    // The gradients are the parts' own: the ReLU's from its output, which is all that is left.
    const struct tuff_node *through = only(graph, TUFF_OP_RELU_BACKWARD),
                           *backward = only(graph, TUFF_OP_CONV2D_BACKWARD_WEIGHT);
    cr_expect_eq(through->values[2], y);
    cr_expect_eq(backward->values[2], through->values[0]);
    expect_gradient(graph, conv.weight);
    expect_gradient(graph, conv.bias);
    tuff_graph_destroy(&graph);
}

Test(fusion, linear_relu)
{
    struct fake_target fake;
    fake_target_init(&fake);
    struct tuff_graph *graph = graph_new();
    const struct layer first = linear(graph, flat(graph, images(graph)), 7);
    const tuff_value_id y = relu(graph, first.y);
    const struct layer second = linear(graph, y, 3);
    loss(graph, second.y);
    fuse(graph, &fake, true);
    cr_assert_eq(graph->node_count, 3);
    const struct tuff_node *fused = only(graph, TUFF_OP_LINEAR_RELU_FORWARD);
    cr_expect_eq(fused->values[0], y);
    cr_expect_eq(fused->values[2], first.weight);
    cr_expect_eq(fused->values[3], first.bias);
    differentiate(graph);
    const struct tuff_node *through = only(graph, TUFF_OP_RELU_BACKWARD);
    cr_expect_eq(through->values[2], y);
    cr_expect_eq(count_op(graph, TUFF_OP_LINEAR_BACKWARD_WEIGHT), 2);
    cr_expect_eq(count_op(graph, TUFF_OP_LINEAR_BACKWARD_INPUT), 1);
    for (int i = 0; i < 2; i++) {
        const struct layer *layer = i == 0 ? &first : &second;
        expect_gradient(graph, layer->weight);
        expect_gradient(graph, layer->bias);
    }
    tuff_graph_destroy(&graph);
}

Test(fusion, evaluation_has_no_winner)
{
    struct fake_target fake;
    fake_target_init(&fake);
    struct tuff_graph *graph = graph_new();
    loss(graph, pool(graph, relu(graph, convolution(graph, images(graph)).y)));
    const uint32_t values = graph->value_count;
    fuse(graph, &fake, false);
    cr_expect_eq(only(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD)->values[1], TUFF_NO_VALUE);
    cr_expect_eq(graph->value_count, values);
    tuff_graph_destroy(&graph);
}

// Two fused layers, a node of something else between the parts of the second.
Test(fusion, layers_behind_layers)
{
    struct fake_target fake;
    fake_target_init(&fake);
    struct tuff_graph *graph = graph_new();
    struct layer layers[2];
    layers[0] = convolution(graph, images(graph));
    const tuff_value_id between = pool(graph, relu(graph, layers[0].y));
    layers[1] = convolution(graph, between);
    const tuff_value_id other = add(graph, between, between);
    const tuff_value_id y = pool(graph, relu(graph, layers[1].y)),
                        logits = linear(graph, flat(graph, y), 3).y;
    loss(graph, add(graph, logits, linear(graph, flat(graph, other), 3).y));
    fuse(graph, &fake, true);
    cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD), 2);
    cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_FORWARD) + count_op(graph, TUFF_OP_RELU_FORWARD) +
                     count_op(graph, TUFF_OP_MAX_POOL2D_FORWARD),
                 0);
    differentiate(graph);
    cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT), 2);
    const struct tuff_node *to_between = only(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_INPUT);
    cr_expect_eq(to_between->values[3], layers[1].weight);
    for (int i = 0; i < 2; i++) {
        expect_gradient(graph, layers[i].weight);
        expect_gradient(graph, layers[i].bias);
    }
    tuff_graph_destroy(&graph);
}

// -- What is not.

// Fuses for training; returns how many fused ops of this kind came of it. Destroys the graph.
static uint32_t fused_for_training(struct tuff_graph **graph, enum tuff_op op)
{
    struct fake_target fake;
    fake_target_init(&fake);
    fuse(*graph, &fake, true);
    const uint32_t count = count_op(*graph, op);
    differentiate(*graph);
    tuff_graph_destroy(graph);
    return count;
}

Test(fusion, not_what_somebody_else_reads)
{
    // Between convolution and ReLU.
    struct tuff_graph *graph = graph_new();
    tuff_value_id z = convolution(graph, images(graph)).y, a = relu(graph, z);
    loss(graph, add(graph, a, z));
    cr_expect_eq(fused_for_training(&graph, TUFF_OP_CONV2D_RELU_FORWARD), 0);

    // Read twice by the same node.
    graph = graph_new();
    z = convolution(graph, images(graph)).y;
    loss(graph, relu(graph, add(graph, z, z)));
    cr_expect_eq(fused_for_training(&graph, TUFF_OP_CONV2D_RELU_FORWARD), 0);

    // Between ReLU and pooling: the first two can still be one.
    for (int with_linear = 0; with_linear < 2; with_linear++) {
        graph = graph_new();
        a = relu(graph, convolution(graph, images(graph)).y);
        const tuff_value_id y = pool(graph, a);
        loss(graph, add(graph, linear(graph, flat(graph, y), 3).y, linear(graph, flat(graph, a), 3).y));
        cr_expect_eq(fused_for_training(&graph, with_linear ? TUFF_OP_CONV2D_RELU_FORWARD
                                                            : TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD),
                     with_linear ? 1 : 0);
    }

    // Between pooling and ReLU.
    graph = graph_new();
    const tuff_value_id pooled = pool(graph, convolution(graph, images(graph)).y);
    loss(graph, add(graph, relu(graph, pooled), pooled));
    cr_expect_eq(fused_for_training(&graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD), 0);

    // Between a linear layer and its ReLU.
    graph = graph_new();
    z = linear(graph, flat(graph, images(graph)), 3).y;
    loss(graph, add(graph, relu(graph, z), z));
    cr_expect_eq(fused_for_training(&graph, TUFF_OP_LINEAR_RELU_FORWARD), 0);
}

Test(fusion, not_through_a_view)
{
    struct tuff_graph *graph = graph_new();
    loss(graph, relu(graph, flat(graph, convolution(graph, images(graph)).y)));
    cr_expect_eq(fused_for_training(&graph, TUFF_OP_CONV2D_RELU_FORWARD), 0);

    // The ReLU reads the value itself, and somebody else a view of it.
    graph = graph_new();
    tuff_value_id z = convolution(graph, images(graph)).y, a = relu(graph, z);
    loss(graph, add(graph, flat(graph, a), flat(graph, z)));
    cr_expect_eq(fused_for_training(&graph, TUFF_OP_CONV2D_RELU_FORWARD), 0);

    // Views of what comes out at the end are no obstacle.
    graph = graph_new();
    a = relu(graph, convolution(graph, images(graph)).y);
    loss(graph, add(graph, flat(graph, a), flat(graph, a)));
    cr_expect_eq(fused_for_training(&graph, TUFF_OP_CONV2D_RELU_FORWARD), 1);
}

// Without the pooling, which stays as it is.
static void check_pool_stays(const struct tuff_max_pool2d_params *windows, bool stays)
{
    for (int relu_last = 0; relu_last < 2; relu_last++) {
        struct tuff_graph *graph = graph_new();
        const struct layer conv = convolution(
            graph, value(graph, TUFF_VALUE_EXTERNAL, TUFF_F32, 4, (uint32_t[]){N, C, 40, 40}, true));
        loss(graph, relu_last ? relu(graph, pool_with(graph, conv.y, windows))
                              : pool_with(graph, relu(graph, conv.y), windows));
        struct fake_target fake;
        fake_target_init(&fake);
        fuse(graph, &fake, true);
        cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD), stays ? 0 : 1);
        cr_expect_eq(count_op(graph, TUFF_OP_MAX_POOL2D_FORWARD), stays ? 1 : 0);
        cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_RELU_FORWARD), stays && !relu_last ? 1 : 0);
        tuff_graph_destroy(&graph);
    }
}

Test(fusion, not_a_pooling_with_padding_or_dilation)
{
    check_pool_stays(&POOL, false);
    for (int i = 0; i < 6; i++) {
        struct tuff_max_pool2d_params windows = POOL;
        uint32_t *const fields[] = {&windows.pad_top,   &windows.pad_bottom, &windows.pad_left,
                                    &windows.pad_right, &windows.dilation_h, &windows.dilation_w};
        ++*fields[i];
        check_pool_stays(&windows, true);
    }
}

Test(fusion, not_a_pooling_whose_winners_are_no_bytes)
{
    struct tuff_max_pool2d_params windows = POOL;
    windows.kernel_h = 15;
    windows.kernel_w = 17;
    check_pool_stays(&windows, false);
    windows.kernel_h = 16;
    windows.kernel_w = 16;
    check_pool_stays(&windows, true);
}

// conv, relu, pool twice, so that the second one has to pass a gradient back; on a target without `op`.
static struct tuff_graph *fused_without(enum tuff_op op, bool training)
{
    struct fake_target fake;
    fake_target_init(&fake);
    fake_target_lacks(&fake, op);
    struct tuff_graph *graph = graph_new();
    const tuff_value_id y = pool(graph, relu(graph, convolution(graph, images(graph)).y));
    loss(graph, linear(graph, flat(graph, relu(graph, convolution(graph, y).y)), 2).y);
    loss(graph, linear(graph, flat(graph, pool(graph, relu(graph, convolution(graph, y).y))), 2).y);
    loss(graph, relu(graph, linear(graph, flat(graph, y), 2).y));
    fuse(graph, &fake, training);
    cr_expect_eq(count_op(graph, op), 0);
    if (training)
        differentiate(graph);
    cr_expect_eq(count_op(graph, op), 0, "%s, which the target lacks", tuff_op_info(op)->name);
    return graph;
}

Test(fusion, not_what_the_target_lacks)
{
    static const enum tuff_op FORWARD = TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD,
                              INPUT = TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_INPUT,
                              WEIGHT = TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT,
                              CONV_RELU = TUFF_OP_CONV2D_RELU_FORWARD,
                              LINEAR_RELU = TUFF_OP_LINEAR_RELU_FORWARD;
    static const struct {
        enum tuff_op lacks;
        bool training;
        uint32_t pooled, conv_relu, linear_relu;
    } rows[] = {
        {FORWARD, true, 0, 3, 1},     {FORWARD, false, 0, 3, 1},     {WEIGHT, true, 0, 3, 1},
        {WEIGHT, false, 2, 1, 1},     {INPUT, true, 1, 2, 1}, // the first layer passes nothing back
        {INPUT, false, 2, 1, 1},      {CONV_RELU, true, 2, 0, 1},    {CONV_RELU, false, 2, 0, 1},
        {LINEAR_RELU, true, 2, 1, 0}, {LINEAR_RELU, false, 2, 1, 0},
    };
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        struct tuff_graph *graph = fused_without(rows[i].lacks, rows[i].training);
        const char *name = tuff_op_info(rows[i].lacks)->name;
        cr_expect_eq(count_op(graph, FORWARD), rows[i].pooled, "without %s", name);
        cr_expect_eq(count_op(graph, CONV_RELU), rows[i].conv_relu, "without %s", name);
        cr_expect_eq(count_op(graph, LINEAR_RELU), rows[i].linear_relu, "without %s", name);
        tuff_graph_destroy(&graph);
    }
}

static enum tuff_op declined;

// Declines one op, for K channels out.
static int supports(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    (void)device;
    const bool is_weight = op == TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT;
    for (uint32_t i = 0; i < tuff_op_info(op)->tensor_count; i++)
        cr_assert(args->tensors[i] != NULL || tuff_op_info(op)->roles[i].optional);
    cr_expect_eq(tuff_op_info(op)->check(NULL, args->params, args->tensors), TUFF_OK);
    return !(op == declined && args->tensors[is_weight ? 2 : 0]->dims[1] == K);
}

Test(fusion, not_shapes_that_the_target_declines)
{
    static const enum tuff_op ops[] = {TUFF_OP_CONV2D_RELU_FORWARD, TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD,
                                       TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT, TUFF_OP_FILL};
    struct fake_target fake;
    fake_target_init(&fake);
    fake.interface.supports = supports;
    for (size_t i = 0; i < sizeof ops / sizeof *ops; i++) {
        declined = ops[i];
        struct tuff_graph *graph = graph_new();
        loss(graph, pool(graph, relu(graph, convolution(graph, images(graph)).y)));
        loss(graph, linear(graph, flat(graph, relu(graph, convolution(graph, images(graph)).y)), 2).y);
        fuse(graph, &fake, true);
        cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD),
                     ops[i] == TUFF_OP_FILL || i == 0);
        cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_RELU_FORWARD), i == 0                   ? 0
                                                                   : ops[i] == TUFF_OP_FILL ? 1
                                                                                            : 2);
        tuff_graph_destroy(&graph);
    }
}

// -- Gradients that nobody wants.

static void freeze(struct tuff_graph *graph, const struct layer *layer)
{
    // Before the layer's own output is made, whose need follows from these.
    graph->values[layer->weight].needs_gradient = false;
    graph->values[layer->bias].needs_gradient = false;
}

// A frozen layer behind one that learns passes the gradient on; one in front of all needs none at all.
static void check_frozen(int frozen)
{
    struct fake_target fake;
    fake_target_init(&fake);
    struct tuff_graph *graph = graph_new();
    struct layer layers[2];
    tuff_value_id x = images(graph);
    for (int i = 0; i < 2; i++) {
        const uint32_t dims[4] = {K, graph->values[x].shape.dims[1], 3, 3};
        layers[i] = (struct layer){.weight = value(graph, TUFF_VALUE_PARAMETER, TUFF_F32, 4, dims, false),
                                   .bias = value(graph, TUFF_VALUE_PARAMETER, TUFF_F32, 1, dims, false)};
        if (i == frozen)
            freeze(graph, &layers[i]);
        x = node(graph, TUFF_OP_CONV2D_FORWARD, &CONV,
                 (tuff_value_id[]){TUFF_NO_VALUE, x, layers[i].weight, layers[i].bias});
        x = relu(graph, x);
        if (i == frozen)
            x = pool(graph, x);
    }
    const struct layer last = linear(graph, flat(graph, x), 2);
    loss(graph, last.y);
    fuse(graph, &fake, true);
    only(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD);
    differentiate(graph);
    cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT), 0);
    cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_INPUT), frozen == 1 ? 1 : 0);
    cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_BACKWARD_WEIGHT), 1);
    cr_expect_eq(count_op(graph, TUFF_OP_CONV2D_BACKWARD_INPUT), 0);
    cr_expect_eq(graph->values[layers[frozen].weight].gradient, TUFF_NO_VALUE);
    cr_expect_eq(graph->values[layers[frozen].bias].gradient, TUFF_NO_VALUE);
    expect_gradient(graph, layers[1 - frozen].weight);
    expect_gradient(graph, layers[1 - frozen].bias);
    expect_gradient(graph, last.weight);
    tuff_graph_destroy(&graph);
}

Test(fusion, a_frozen_layer_in_front_gets_no_gradients)
{
    check_frozen(0);
}

Test(fusion, a_frozen_layer_behind_passes_them_on)
{
    check_frozen(1);
}

// -- Whole models.

// The model's training step, with every parameter's gradient. expected: that there is something to fuse.
static struct tuff_graph *lower(const char *name, const struct fake_target *fake, bool fused, bool expected)
{
    struct tuff_model *model;
    cr_assert_eq(tuff_model_load(NULL, name, &model), TUFF_OK);
    struct tuff_graph *graph = graph_new();
    const uint32_t words = TUFF_STEP_STATE_WORDS;
    uint32_t dims[4] = {N};
    tuff_model_input(model, dims + 1);
    const tuff_value_id x = value(graph, TUFF_VALUE_EXTERNAL, TUFF_F32, 4, dims, true),
                        state = value(graph, TUFF_VALUE_EXTERNAL, TUFF_U32, 1, &words, false);
    const size_t count = tuff_model_parameter_count(model), buffers = tuff_model_buffer_count(model);
    tuff_value_id *values = calloc(count + buffers, sizeof *values), logits;
    for (size_t i = 0; i < count + buffers; i++) {
        struct tuff_parameter_info info;
        if (i < count)
            tuff_model_parameter(model, i, &info);
        else
            tuff_model_buffer(model, i - count, &info);
        values[i] = value(graph, i < count ? TUFF_VALUE_PARAMETER : TUFF_VALUE_EXTERNAL, TUFF_F32, info.rank,
                          info.dims, false);
    }
    const struct tuff_model_values with = {
        .parameters = values, .buffers = values + count, .training = true, .state = state, .seed = 1};
    cr_assert_eq(tuff_model_lower(model, graph, x, &with, &logits), TUFF_OK);
    if (fused)
        fuse(graph, fake, true);
    cr_expect_eq(has_fused(graph), expected);
    loss(graph, logits);
    differentiate(graph);
    for (size_t i = 0; i < count; i++)
        expect_gradient(graph, values[i]);
    free(values);
    tuff_model_destroy(&model);
    return graph;
}

Test(fusion, whole_models_have_all_gradients_in_no_more_memory)
{
    static const char *const models[] = {"lenet-mnist", "lenet-cifar10", "resnet9-cifar10"};
    struct fake_target fake;
    fake_target_init(&fake);
    for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
        uint64_t bytes[2];
        for (int fused = 0; fused < 2; fused++) {
            struct tuff_graph *graph = lower(models[i], &fake, fused != 0, fused != 0);
            struct tuff_plan *plan;
            cr_assert_eq(tuff_plan_create(&fake.target, graph, false, fake.target.log, &plan), TUFF_OK);
            bytes[fused] = plan->arena_bytes;
            tuff_plan_destroy(&plan);
            tuff_graph_destroy(&graph);
        }
        cr_expect_leq(bytes[1], bytes[0], "%s: %llu bytes with fusion, %llu without", models[i],
                      (unsigned long long)bytes[1], (unsigned long long)bytes[0]);
    }
}

Test(fusion, a_model_without_such_neighbours_stays)
{
    // A batch normalization between each convolution and its ReLU, and no op for these two.
    struct fake_target fake;
    fake_target_init(&fake);
    fake_target_lacks(&fake, TUFF_OP_BATCH_NORM2D_RELU_TRAIN);
    struct tuff_graph *graphs[2];
    for (int fused = 0; fused < 2; fused++)
        graphs[fused] = lower("resnet9-cifar10", &fake, fused != 0, false);
    cr_assert_eq(graphs[1]->node_count, graphs[0]->node_count);
    for (uint32_t n = 0; n < graphs[0]->node_count; n++)
        cr_expect_eq(graphs[1]->nodes[n].op, graphs[0]->nodes[n].op);
    for (int fused = 0; fused < 2; fused++)
        tuff_graph_destroy(&graphs[fused]);
}
