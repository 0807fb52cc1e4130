// Building a graph and its backward part.
#include <criterion/criterion.h>
#include <string.h>

#include "graph/autodiff.h"
#include "op/op_info.h"

static tuff_value_id value(struct tuff_graph *graph, enum tuff_value_kind kind, uint32_t rank, uint32_t a,
                           uint32_t b, bool batched)
{
    tuff_value_id id;
    enum tuff_status status =
        tuff_graph_add_value(graph, kind, 0, "v", TUFF_F32, rank, (uint32_t[]){a, b, 1, 1}, batched, &id);
    cr_assert_eq(status, TUFF_OK);
    return id;
}

static struct tuff_graph *graph_new(void)
{
    struct tuff_graph *graph;
    cr_assert_eq(tuff_graph_create(NULL, TUFF_LAYOUT_ROW_MAJOR, &graph), TUFF_OK);
    return graph;
}

static uint32_t count_op(const struct tuff_graph *graph, enum tuff_op op)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->node_count; i++)
        count += graph->nodes[i].op == op;
    return count;
}

struct net {
    tuff_value_id x, weight, bias, labels, state;
};

// Two linear layers that share one weight, with a relu between: the weight's gradient has two contributions.
static struct net shared_weight_net(struct tuff_graph *graph)
{
    struct net net = {
        .x = value(graph, TUFF_VALUE_EXTERNAL, 2, 8, 5, true),
        .weight = value(graph, TUFF_VALUE_PARAMETER, 2, 5, 5, false),
        .bias = value(graph, TUFF_VALUE_PARAMETER, 1, 5, 1, false),
    };
    cr_assert_eq(tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, 1, "labels", TUFF_U32, 1, (uint32_t[]){8},
                                      false, &net.labels),
                 TUFF_OK);
    cr_assert_eq(tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, 2, "state", TUFF_U32, 1,
                                      (uint32_t[]){TUFF_STEP_STATE_WORDS}, false, &net.state),
                 TUFF_OK);
    tuff_value_id first[4] = {TUFF_NO_VALUE, net.x, net.weight, net.bias};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_LINEAR_FORWARD, NULL, "a", first), TUFF_OK);
    tuff_value_id relu[2] = {TUFF_NO_VALUE, first[0]};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_RELU_FORWARD, NULL, "r", relu), TUFF_OK);
    tuff_value_id second[4] = {TUFF_NO_VALUE, relu[0], net.weight, TUFF_NO_VALUE};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_LINEAR_FORWARD, NULL, "b", second), TUFF_OK);
    tuff_value_id loss[5] = {TUFF_NO_VALUE, TUFF_NO_VALUE, second[0], net.labels, net.state};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, NULL, "l", loss), TUFF_OK);
    return net;
}

Test(graph, a_shared_weight_sums_its_gradients)
{
    struct tuff_graph *graph = graph_new();
    struct net net = shared_weight_net(graph);
    cr_assert_eq(tuff_graph_differentiate(graph), TUFF_OK);
    cr_assert_eq(count_op(graph, TUFF_OP_LINEAR_BACKWARD_WEIGHT), 2);
    cr_assert_eq(count_op(graph, TUFF_OP_ADD), 1);
    // The input needs no gradient: only the second layer passes one back.
    cr_assert_eq(count_op(graph, TUFF_OP_LINEAR_BACKWARD_INPUT), 1);
    tuff_value_id dweight = graph->values[net.weight].gradient, dbias = graph->values[net.bias].gradient;
    cr_assert_neq(dweight, TUFF_NO_VALUE);
    cr_assert_eq(graph->values[dweight].kind, TUFF_VALUE_GRADIENT);
    cr_assert_eq(graph->values[dbias].kind, TUFF_VALUE_GRADIENT);
    cr_assert_eq(graph->values[net.x].gradient, TUFF_NO_VALUE);
    tuff_graph_destroy(&graph);
    cr_assert_null(graph);
}

Test(graph, a_gradient_passes_through_a_view)
{
    struct tuff_graph *graph = graph_new();
    tuff_value_id x, view, weight = value(graph, TUFF_VALUE_PARAMETER, 2, 6, 6, false);
    cr_assert_eq(
        tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, 0, "x", TUFF_F32, 2, (uint32_t[]){4, 6}, true, &x),
        TUFF_OK);
    tuff_value_id first[4] = {TUFF_NO_VALUE, x, weight, TUFF_NO_VALUE};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_LINEAR_FORWARD, NULL, "a", first), TUFF_OK);
    cr_assert_eq(tuff_graph_add_view(graph, first[0], "image", 4, (uint32_t[]){4, 1, 2, 3}, &view), TUFF_OK);
    tuff_value_id relu[2] = {TUFF_NO_VALUE, view};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_RELU_FORWARD, NULL, "r", relu), TUFF_OK);
    tuff_value_id dy;
    cr_assert_eq(tuff_gradient_begin(graph, relu[0], &dy), TUFF_OK); // stands for what comes after
    cr_assert_eq(tuff_gradient_end(graph, relu[0], dy), TUFF_OK);
    cr_assert_eq(tuff_graph_differentiate(graph), TUFF_OK);
    cr_assert_eq(count_op(graph, TUFF_OP_RELU_BACKWARD), 1);
    cr_assert_eq(count_op(graph, TUFF_OP_LINEAR_BACKWARD_WEIGHT), 1);
    const struct tuff_node *last = &graph->nodes[graph->node_count - 1];
    cr_assert_eq(last->op, TUFF_OP_LINEAR_BACKWARD_WEIGHT);
    cr_assert_eq(graph->values[last->values[2]].shape.rank, 2); // dy in the shape of y, not of the view
    tuff_graph_destroy(&graph);
}

// Adaptive pooling's y is made by the caller: nothing else tells its size.
Test(graph, a_gradient_passes_through_pools_and_outputs_that_the_caller_made)
{
    struct tuff_graph *graph = graph_new();
    tuff_value_id x, view, y, weight = value(graph, TUFF_VALUE_PARAMETER, 2, 12, 12, false);
    cr_assert_eq(
        tuff_graph_add_value(graph, TUFF_VALUE_EXTERNAL, 0, "x", TUFF_F32, 2, (uint32_t[]){4, 12}, true, &x),
        TUFF_OK);
    tuff_value_id first[4] = {TUFF_NO_VALUE, x, weight, TUFF_NO_VALUE};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_LINEAR_FORWARD, NULL, "a", first), TUFF_OK);
    cr_assert_eq(tuff_graph_add_view(graph, first[0], "image", 4, (uint32_t[]){4, 1, 3, 4}, &view), TUFF_OK);
    const struct tuff_avg_pool2d_params params = {sizeof params, 2, 2, 2, 2, 0, 0, 0, 0, 1, 0, 1};
    tuff_value_id pool[2] = {TUFF_NO_VALUE, view};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_AVG_POOL2D_FORWARD, &params, "p", pool), TUFF_OK);
    cr_assert_eq(graph->values[pool[0]].shape.dims[2], 2); // the overhang's window
    cr_assert_eq(tuff_graph_add_value(graph, TUFF_VALUE_ACTIVATION, 0, "y", TUFF_F32, 4,
                                      (uint32_t[]){4, 1, 1, 1}, true, &y),
                 TUFF_OK);
    tuff_value_id adaptive[2] = {y, pool[0]}, relu[2] = {TUFF_NO_VALUE, y}, dy;
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD, NULL, "q", adaptive),
                 TUFF_OK);
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_RELU_FORWARD, NULL, "r", relu), TUFF_OK);
    cr_assert_eq(tuff_gradient_begin(graph, relu[0], &dy), TUFF_OK); // stands for what comes after
    cr_assert_eq(tuff_gradient_end(graph, relu[0], dy), TUFF_OK);
    cr_assert_eq(tuff_graph_differentiate(graph), TUFF_OK);
    cr_assert_eq(count_op(graph, TUFF_OP_ADAPTIVE_AVG_POOL2D_BACKWARD), 1);
    cr_assert_eq(count_op(graph, TUFF_OP_AVG_POOL2D_BACKWARD), 1);
    cr_assert_eq(count_op(graph, TUFF_OP_LINEAR_BACKWARD_WEIGHT), 1);
    tuff_graph_destroy(&graph);
}

Test(graph, refuses_what_does_not_fit)
{
    struct tuff_graph *graph = graph_new();
    tuff_value_id x = value(graph, TUFF_VALUE_EXTERNAL, 2, 8, 5, true);
    tuff_value_id weight = value(graph, TUFF_VALUE_PARAMETER, 2, 3, 4, false), view;
    tuff_value_id values[4] = {TUFF_NO_VALUE, x, weight, TUFF_NO_VALUE};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_LINEAR_FORWARD, NULL, NULL, values), TUFF_ERROR_INVALID);
    cr_assert_eq(graph->node_count, 0);
    cr_assert_eq(tuff_graph_add_view(graph, x, "v", 2, (uint32_t[]){8, 6}, &view), TUFF_ERROR_INVALID);
    tuff_graph_destroy(&graph);
    tuff_graph_destroy(&graph); // NULL-safe
}
