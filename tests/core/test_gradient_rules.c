// The gradient rules of batch normalization and of the losses: which backward ops they append, and where the
// gradients go.
#include <criterion/criterion.h>

#include "graph/autodiff.h"
#include "op/op_info.h"

enum { N = 6, C = 3, H = 2, W = 5 };

static const uint32_t IMAGE[4] = {N, C, H, W}, FLAT[2] = {N, C *H *W}, CHANNELS[1] = {C};
static const struct tuff_batch_norm2d_params PARAMS = {sizeof PARAMS, 1e-5f, 0.1f};

static tuff_value_id value(struct tuff_graph *graph, enum tuff_value_kind kind, uint32_t index, uint32_t rank,
                           const uint32_t *dims, bool batched)
{
    tuff_value_id id;
    cr_assert_eq(tuff_graph_add_value(graph, kind, index, "v", TUFF_F32, rank, dims, batched, &id), TUFF_OK);
    return id;
}

static tuff_value_id add_state(struct tuff_graph *graph)
{
    tuff_value_id id;
    cr_assert_eq(tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, 9, "state", TUFF_U32, 1,
                                      (uint32_t[]){TUFF_STEP_STATE_WORDS}, false, &id),
                 TUFF_OK);
    return id;
}

// Batch normalization of x in training; returns y.
static tuff_value_id normalize(struct tuff_graph *graph, tuff_value_id x, tuff_value_id weight,
                               tuff_value_id bias, tuff_value_id state)
{
    tuff_value_id running[2];
    for (int i = 0; i < 2; i++)
        running[i] = value(graph, TUFF_VALUE_EXTERNAL, 20, 1, CHANNELS, false);
    tuff_value_id values[9] = {TUFF_NO_VALUE, TUFF_NO_VALUE, TUFF_NO_VALUE, running[0], running[1], x,
                               weight,        bias,          state};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_BATCH_NORM2D_TRAIN, &PARAMS, "norm", values), TUFF_OK);
    return values[0];
}

static uint32_t count_op(const struct tuff_graph *graph, enum tuff_op op)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->node_count; i++)
        count += graph->nodes[i].op == op;
    return count;
}

static enum tuff_value_kind kind_of_gradient(const struct tuff_graph *graph, tuff_value_id of)
{
    cr_assert_neq(graph->values[of].gradient, TUFF_NO_VALUE);
    return graph->values[graph->values[of].gradient].kind;
}

// norm with weights, norm without, log_softmax, mean squared error.
static void check_chain(enum tuff_layout layout)
{
    struct tuff_graph *graph;
    cr_assert_eq(tuff_graph_create(NULL, layout, &graph), TUFF_OK);
    const tuff_value_id state = add_state(graph), x = value(graph, TUFF_VALUE_EXTERNAL, 0, 4, IMAGE, true);
    const tuff_value_id weight = value(graph, TUFF_VALUE_PARAMETER, 0, 1, CHANNELS, false);
    const tuff_value_id bias = value(graph, TUFF_VALUE_PARAMETER, 1, 1, CHANNELS, false);
    const tuff_value_id first = normalize(graph, x, weight, bias, state);
    const tuff_value_id second = normalize(graph, first, TUFF_NO_VALUE, TUFF_NO_VALUE, state);
    tuff_value_id flat;
    cr_assert_eq(tuff_graph_add_view(graph, second, "flat", 2, FLAT, &flat), TUFF_OK);
    tuff_value_id logs[2] = {TUFF_NO_VALUE, flat};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_LOG_SOFTMAX_FORWARD, NULL, "log", logs), TUFF_OK);
    tuff_value_id loss[4] = {TUFF_NO_VALUE, logs[0], value(graph, TUFF_VALUE_EXTERNAL, 1, 2, FLAT, true),
                             state};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_MEAN_SQUARED_ERROR_FORWARD, NULL, "loss", loss), TUFF_OK);
    cr_assert_eq(graph->values[loss[0]].shape.rank, 1);
    cr_assert_eq(graph->values[loss[0]].shape.dims[0], N);

    cr_assert_eq(tuff_graph_differentiate(graph), TUFF_OK);
    cr_assert_eq(count_op(graph, TUFF_OP_MEAN_SQUARED_ERROR_BACKWARD), 1);
    cr_assert_eq(count_op(graph, TUFF_OP_LOG_SOFTMAX_BACKWARD), 1);
    cr_assert_eq(count_op(graph, TUFF_OP_BATCH_NORM2D_BACKWARD), 2);
    cr_assert_eq(count_op(graph, TUFF_OP_ADD), 0);
    cr_assert_eq(kind_of_gradient(graph, weight), TUFF_VALUE_GRADIENT);
    cr_assert_eq(kind_of_gradient(graph, bias), TUFF_VALUE_GRADIENT);
    cr_assert_eq(kind_of_gradient(graph, first), TUFF_VALUE_ACTIVATION);
    cr_assert_eq(graph->values[x].gradient,
                 TUFF_NO_VALUE); // written, since dx is no optional output, not kept
    cr_assert_eq(graph->values[loss[2]].gradient, TUFF_NO_VALUE);
    // The last backward op is the first layer's, and writes the parameters' gradients.
    const struct tuff_node *last = &graph->nodes[graph->node_count - 1];
    cr_assert_eq(last->op, TUFF_OP_BATCH_NORM2D_BACKWARD);
    cr_assert_eq(last->values[1], graph->values[weight].gradient);
    cr_assert_eq(last->values[2], graph->values[bias].gradient);
    cr_assert_eq(last->values[3], graph->values[first].gradient);
    cr_assert_eq(last->values[4], x);
    cr_assert_eq(last->values[7], weight);
    tuff_graph_destroy(&graph);
}

Test(gradient_rules, batch_norm_and_losses_in_a_chain)
{
    check_chain(TUFF_LAYOUT_ROW_MAJOR);
}

Test(gradient_rules, batch_norm_and_losses_in_batch16)
{
    check_chain(TUFF_LAYOUT_BATCH16);
}

Test(gradient_rules, a_target_gets_no_gradient)
{
    struct tuff_graph *graph;
    cr_assert_eq(tuff_graph_create(NULL, TUFF_LAYOUT_ROW_MAJOR, &graph), TUFF_OK);
    tuff_value_id loss[4] = {TUFF_NO_VALUE, value(graph, TUFF_VALUE_PARAMETER, 0, 2, FLAT, true),
                             value(graph, TUFF_VALUE_PARAMETER, 1, 2, FLAT, true), add_state(graph)};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_MEAN_SQUARED_ERROR_FORWARD, NULL, "loss", loss), TUFF_OK);
    cr_assert_eq(tuff_graph_differentiate(graph), TUFF_ERROR_UNSUPPORTED);
    tuff_graph_destroy(&graph);
}

Test(gradient_rules, batch_norm_refuses_weight_without_bias)
{
    struct tuff_graph *graph;
    cr_assert_eq(tuff_graph_create(NULL, TUFF_LAYOUT_ROW_MAJOR, &graph), TUFF_OK);
    const tuff_value_id x = value(graph, TUFF_VALUE_EXTERNAL, 0, 4, IMAGE, true);
    tuff_value_id channels[3];
    for (int i = 0; i < 3; i++)
        channels[i] = value(graph, TUFF_VALUE_EXTERNAL, 1, 1, CHANNELS, false);
    tuff_value_id values[6] = {TUFF_NO_VALUE, x, channels[0], channels[1], channels[2], TUFF_NO_VALUE};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_BATCH_NORM2D_EVAL, &PARAMS, "norm", values),
                 TUFF_ERROR_INVALID);
    const struct tuff_batch_norm2d_params wrong[2] = {{sizeof wrong[0], -1e-5f, 0.1f},
                                                      {sizeof wrong[0], 1e-5f, 1.5f}};
    values[4] = TUFF_NO_VALUE;
    for (int i = 0; i < 2; i++)
        cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_BATCH_NORM2D_EVAL, &wrong[i], "norm", values),
                     TUFF_ERROR_INVALID);
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_BATCH_NORM2D_EVAL, &PARAMS, "norm", values), TUFF_OK);
    tuff_graph_destroy(&graph);
}
