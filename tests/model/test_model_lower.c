// From layers to graph nodes.
#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

#include "captured_log.h"
#include "model/model.h"

enum { BATCH = 5, MAX_PARAMETERS = 16 };

struct lowered {
    struct captured_log captured;
    struct tuff_model *model;
    struct tuff_graph *graph;
    tuff_value_id input, parameters[MAX_PARAMETERS], logits;
};

// Makes the graph with the model's inputs; lowers nothing yet.
static void prepare(struct lowered *lowered, enum tuff_layout layout, const uint32_t input[4])
{
    const struct tuff_log *log = &lowered->captured.log;
    cr_assert_eq(tuff_graph_create(log, layout, &lowered->graph), TUFF_OK);
    cr_assert_eq(tuff_graph_add_value(lowered->graph, TUFF_VALUE_EXTERNAL, 0, "images", TUFF_F32, 4, input,
                                      true, &lowered->input),
                 TUFF_OK);
    size_t count = tuff_model_parameter_count(lowered->model);
    cr_assert_leq(count, MAX_PARAMETERS);
    for (size_t i = 0; i < count; i++) {
        struct tuff_parameter_info info;
        tuff_model_parameter(lowered->model, i, &info);
        cr_assert_eq(tuff_graph_add_value(lowered->graph, TUFF_VALUE_PARAMETER, (uint32_t)i, info.name,
                                          TUFF_F32, info.rank, info.dims, false, &lowered->parameters[i]),
                     TUFF_OK);
    }
}

static void lower(struct lowered *lowered, enum tuff_layout layout)
{
    uint32_t input[4] = {BATCH};
    tuff_model_input(lowered->model, input + 1);
    prepare(lowered, layout, input);
    cr_assert_eq(tuff_model_lower(lowered->model, lowered->graph, lowered->input,
                                  &(struct tuff_model_values){.parameters = lowered->parameters},
                                  &lowered->logits),
                 TUFF_OK, "%s", lowered->captured.last);
}

static void finish(struct lowered *lowered)
{
    tuff_graph_destroy(&lowered->graph);
    tuff_model_destroy(&lowered->model);
}

static void check_shape(const struct lowered *lowered, tuff_value_id id, uint32_t rank, const uint32_t *dims)
{
    const struct tuff_value *value = &lowered->graph->values[id];
    cr_expect_eq(value->shape.rank, rank, "%s", value->name);
    for (uint32_t i = 0; i < rank; i++)
        cr_expect_eq(value->shape.dims[i], dims[i], "%s: dimension %u is %u", value->name, i,
                     value->shape.dims[i]);
    cr_expect_eq(value->shape.layout, (uint32_t)lowered->graph->activation_layout, "%s", value->name);
}

static void check_lenet(enum tuff_layout layout)
{
    static const struct {
        enum tuff_op op;
        uint32_t rank, output[4];
        int parameter; // number of the weight, followed by the bias; -1: none
    } expected[] = {
        {TUFF_OP_CONV2D_FORWARD, 4, {BATCH, 6, 26, 26}, 0},
        {TUFF_OP_RELU_FORWARD, 4, {BATCH, 6, 26, 26}, -1},
        {TUFF_OP_MAX_POOL2D_FORWARD, 4, {BATCH, 6, 13, 13}, -1},
        {TUFF_OP_CONV2D_FORWARD, 4, {BATCH, 16, 11, 11}, 2},
        {TUFF_OP_RELU_FORWARD, 4, {BATCH, 16, 11, 11}, -1},
        {TUFF_OP_MAX_POOL2D_FORWARD, 4, {BATCH, 16, 5, 5}, -1},
        {TUFF_OP_LINEAR_FORWARD, 2, {BATCH, 120}, 4},
        {TUFF_OP_RELU_FORWARD, 2, {BATCH, 120}, -1},
        {TUFF_OP_LINEAR_FORWARD, 2, {BATCH, 84}, 6},
        {TUFF_OP_RELU_FORWARD, 2, {BATCH, 84}, -1},
        {TUFF_OP_LINEAR_FORWARD, 2, {BATCH, 10}, 8},
    };
    struct lowered l;
    captured_log_begin(&l.captured);
    cr_assert_eq(tuff_model_load(&l.captured.log, "lenet-mnist", &l.model), TUFF_OK);
    lower(&l, layout);
    cr_assert_eq(l.graph->node_count, sizeof expected / sizeof expected[0]);
    tuff_value_id value = l.input;
    for (uint32_t i = 0; i < l.graph->node_count; i++) {
        const struct tuff_node *node = &l.graph->nodes[i];
        cr_assert_eq(node->op, expected[i].op, "node %u", i);
        check_shape(&l, node->values[0], expected[i].rank, expected[i].output);
        // The input is the output of the node before, seen through flatten at the first linear layer.
        uint32_t input = node->op == TUFF_OP_MAX_POOL2D_FORWARD ? 2 : 1;
        cr_expect_eq(l.graph->values[node->values[input]].storage, value, "node %u", i);
        if (node->op == TUFF_OP_MAX_POOL2D_FORWARD) {
            check_shape(&l, node->values[1], expected[i].rank, expected[i].output);
            cr_expect_eq(l.graph->values[node->values[1]].shape.dtype, (uint32_t)TUFF_U32);
        }
        if (expected[i].parameter >= 0) {
            cr_expect_eq(node->values[2], l.parameters[expected[i].parameter], "node %u", i);
            cr_expect_eq(node->values[3], l.parameters[expected[i].parameter + 1], "node %u", i);
        }
        value = node->values[0];
    }
    cr_expect_eq(l.logits, value);
    check_shape(&l, l.graph->nodes[6].values[1], 2, (uint32_t[]){BATCH, 400});
    finish(&l);
}

Test(model_lower, lenet)
{
    check_lenet(TUFF_LAYOUT_ROW_MAJOR);
    check_lenet(TUFF_LAYOUT_BATCH16);
}

// A model of the given layers.
static void parse(struct lowered *lowered, const char *text)
{
    captured_log_begin(&lowered->captured);
    cr_assert_eq(tuff_model_parse(&lowered->captured.log, "m.yaml", text, strlen(text), &lowered->model),
                 TUFF_OK, "%s", lowered->captured.last);
}

Test(model_lower, parameters_of_ops)
{
    struct lowered l;
    parse(&l, "name: m\ninput: [4, 33, 31]\nlayers:\n"
              "  - conv2d: {channels: 8, kernel: [3, 5], stride: [2, 1], padding: [1, 2], dilation: [4, 3], "
              "groups: 2,\n"
              "             bias: false}\n"
              "  - conv2d: {channels: 2, kernel: [4, 3], stride: [1, 2], padding: same}\n"
              "  - max_pool2d: {kernel: [3, 2], padding: [1, 0], dilation: [1, 2]}\n"
              "  - max_pool2d: {kernel: 2, stride: 1, padding: same}\n"
              "  - flatten\n"
              "  - linear: {features: 3, bias: false}\n");
    lower(&l, TUFF_LAYOUT_ROW_MAJOR);
    cr_assert_eq(l.graph->node_count, 5);
    const struct tuff_node *nodes = l.graph->nodes;

    const struct tuff_conv2d_params first = {.size = sizeof first,
                                             .stride_h = 2,
                                             .stride_w = 1,
                                             .dilation_h = 4,
                                             .dilation_w = 3,
                                             .pad_top = 1,
                                             .pad_bottom = 1,
                                             .pad_left = 2,
                                             .pad_right = 2,
                                             .groups = 2};
    cr_expect_eq(memcmp(nodes[0].params, &first, sizeof first), 0);
    cr_expect_eq(nodes[0].values[3], TUFF_NO_VALUE, "a bias that was not asked for");
    check_shape(&l, nodes[0].values[0], 4, (uint32_t[]){BATCH, 8, 14, 23});

    // Rows: 3 of padding, the odd one at the bottom. Columns: (12 - 1) * 2 + 3 - 23 = 2.
    const struct tuff_conv2d_params second = {.size = sizeof second,
                                              .stride_h = 1,
                                              .stride_w = 2,
                                              .dilation_h = 1,
                                              .dilation_w = 1,
                                              .pad_top = 1,
                                              .pad_bottom = 2,
                                              .pad_left = 1,
                                              .pad_right = 1,
                                              .groups = 1};
    cr_expect_eq(memcmp(nodes[1].params, &second, sizeof second), 0);
    cr_expect_eq(nodes[1].values[2], l.parameters[1]);
    cr_expect_eq(nodes[1].values[3], l.parameters[2]);
    check_shape(&l, nodes[1].values[0], 4, (uint32_t[]){BATCH, 2, 14, 12});

    const struct tuff_max_pool2d_params third = {.size = sizeof third,
                                                 .kernel_h = 3,
                                                 .kernel_w = 2,
                                                 .stride_h = 3,
                                                 .stride_w = 2,
                                                 .dilation_h = 1,
                                                 .dilation_w = 2,
                                                 .pad_top = 1,
                                                 .pad_bottom = 1};
    cr_expect_eq(memcmp(nodes[2].params, &third, sizeof third), 0);
    check_shape(&l, nodes[2].values[0], 4, (uint32_t[]){BATCH, 2, 5, 5});

    const struct tuff_max_pool2d_params fourth = {.size = sizeof fourth,
                                                  .kernel_h = 2,
                                                  .kernel_w = 2,
                                                  .stride_h = 1,
                                                  .stride_w = 1,
                                                  .dilation_h = 1,
                                                  .dilation_w = 1,
                                                  .pad_bottom = 1,
                                                  .pad_right = 1};
    cr_expect_eq(memcmp(nodes[3].params, &fourth, sizeof fourth), 0);
    check_shape(&l, nodes[3].values[0], 4, (uint32_t[]){BATCH, 2, 5, 5});

    cr_expect_eq(nodes[4].values[2], l.parameters[3]);
    cr_expect_eq(nodes[4].values[3], TUFF_NO_VALUE);
    check_shape(&l, l.logits, 2, (uint32_t[]){BATCH, 3});
    finish(&l);
}

// The model's shapes and those that the ops infer agree, whatever the settings.
Test(model_lower, shapes_agree_with_the_ops)
{
    static const char *const paddings[] = {"0", "1", "same", "valid", "[0, 1]"};
    static const char *const strides[] = {"1", "2", "[3, 1]", "[1, 4]"};
    static const char *const kernels[] = {"2", "3", "[5, 2]"};
    static const char *const kinds[] = {
        "conv2d: {channels: 3,", "conv2d: {channels: 4, groups: 2, dilation: [1, 2],", "max_pool2d: {"};
    int tried = 0;
    for (int i = 0; i < 5 * 4 * 3 * 3; i++, tried++) {
        char text[256];
        snprintf(
            text, sizeof text,
            "name: m\ninput: [2, 9, 12]\nlayers:\n  - %s kernel: %s, stride: %s, padding: %s}\n  - flatten\n"
            "  - linear: {features: 2}\n",
            kinds[i % 3], kernels[i / 3 % 3], strides[i / 9 % 4], paddings[i / 36]);
        struct lowered l;
        parse(&l, text);
        lower(&l, TUFF_LAYOUT_ROW_MAJOR);
        struct tuff_layer_info info;
        tuff_model_layer(l.model, 0, &info);
        check_shape(&l, l.graph->nodes[0].values[0], 4,
                    (uint32_t[]){BATCH, info.output_dims[0], info.output_dims[1], info.output_dims[2]});
        finish(&l);
    }
    cr_expect_eq(tried, 180);
}

Test(model_lower, an_input_of_another_shape)
{
    struct lowered l;
    captured_log_begin(&l.captured);
    cr_assert_eq(tuff_model_load(&l.captured.log, "lenet-mnist", &l.model), TUFF_OK);
    prepare(&l, TUFF_LAYOUT_ROW_MAJOR, (uint32_t[]){BATCH, 1, 28, 27});
    cr_expect_eq(tuff_model_lower(l.model, l.graph, l.input,
                                  &(struct tuff_model_values){.parameters = l.parameters}, &l.logits),
                 TUFF_ERROR_INVALID);
    cr_expect_eq(l.captured.count, 1);
    cr_expect_str_eq(l.captured.last,
                     "model lenet-mnist: expected an input of (N,1,28,28), found rank 4: (5,1,28,27)");
    cr_expect_eq(l.graph->node_count, 0);
    finish(&l);
}
