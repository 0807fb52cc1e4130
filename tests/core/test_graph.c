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
    const struct tuff_softmax_cross_entropy_params smoothing = {.size = sizeof smoothing,
                                                                .label_smoothing = 0.25f};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, &smoothing, "l", loss),
                 TUFF_OK);
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

Test(graph, the_backward_loss_has_the_label_smoothing_of_the_forward)
{
    struct tuff_graph *graph = graph_new();
    struct tuff_softmax_cross_entropy_params smoothing = {0};
    shared_weight_net(graph);
    cr_assert_eq(tuff_graph_differentiate(graph), TUFF_OK);
    cr_assert_eq(count_op(graph, TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD), 1);
    for (uint32_t i = 0; i < graph->node_count; i++)
        if (graph->nodes[i].op == TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD)
            memcpy(&smoothing, graph->nodes[i].params, sizeof smoothing);
    cr_assert_eq(smoothing.label_smoothing, 0.25f);
    tuff_graph_destroy(&graph);
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

// -- Gradients of arithmetic on scalars, played through.

enum { MOST_VALUES = 64 };

static float play_once(const struct tuff_node *node, const float *numbers)
{
    const float a = numbers[node->values[1]];
    if (node->op == TUFF_OP_COPY)
        return a;
    const float b = numbers[node->values[2]];
    return node->op == TUFF_OP_ADD ? a + b : a * b;
}

// Runs the whole graph of adds, multiplies and copies, one number per value.
static void play_scalars(const struct tuff_graph *graph, float numbers[MOST_VALUES])
{
    cr_assert_leq(graph->value_count, MOST_VALUES);
    for (uint32_t n = 0; n < graph->node_count; n++)
        numbers[graph->nodes[n].values[0]] = play_once(&graph->nodes[n], numbers);
}

static tuff_value_id scalar(struct tuff_graph *graph, enum tuff_value_kind kind, uint32_t index)
{
    tuff_value_id id;
    cr_assert_eq(tuff_graph_add_value(graph, kind, index, "s", TUFF_F32, 1, (uint32_t[]){1},
                                      kind != TUFF_VALUE_PARAMETER, &id),
                 TUFF_OK);
    return id;
}

static tuff_value_id apply(struct tuff_graph *graph, enum tuff_op op, tuff_value_id a, tuff_value_id b)
{
    tuff_value_id values[3] = {TUFF_NO_VALUE, a, b};
    cr_assert_eq(tuff_graph_add_node(graph, op, NULL, NULL, values), TUFF_OK);
    return values[0];
}

// Differentiates y for two parameters p and q, plays it all at p = 3, q = 5, x = 7, and compares y and both
// gradients.
static void expect_gradients(struct tuff_graph *graph, tuff_value_id x, tuff_value_id p, tuff_value_id q,
                             tuff_value_id y, float expected_y, float dp, float dq)
{
    float numbers[MOST_VALUES] = {0};
    tuff_value_id one;
    cr_assert_eq(tuff_gradient_begin(graph, y, &one), TUFF_OK);
    cr_assert_eq(tuff_gradient_end(graph, y, one), TUFF_OK);
    cr_assert_eq(tuff_graph_differentiate(graph), TUFF_OK);
    numbers[x] = 7, numbers[p] = 3, numbers[q] = 5, numbers[one] = 1;
    play_scalars(graph, numbers);
    cr_assert_eq(numbers[y], expected_y, "y is %g", (double)numbers[y]);
    const tuff_value_id parameters[2] = {p, q};
    const float expected[2] = {dp, dq};
    for (int i = 0; i < 2; i++) {
        const tuff_value_id gradient = graph->values[parameters[i]].gradient;
        cr_assert_neq(gradient, TUFF_NO_VALUE);
        cr_assert_eq(graph->values[gradient].kind, TUFF_VALUE_GRADIENT);
        cr_assert_eq(graph->values[gradient].index, graph->values[parameters[i]].index);
        cr_assert_eq(numbers[gradient], expected[i], "gradient %d is %g, expected %g", i,
                     (double)numbers[gradient], (double)expected[i]);
    }
    // Only what lies in the gradient arena is written twice: all else may be shared.
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (uint32_t m = 0; m < n; m++)
            cr_assert(graph->nodes[n].values[0] != graph->nodes[m].values[0] ||
                      graph->values[graph->nodes[n].values[0]].kind == TUFF_VALUE_GRADIENT);
    tuff_graph_destroy(&graph);
}

struct scalars {
    struct tuff_graph *graph;
    tuff_value_id x, p, q;
};

static struct scalars scalars_new(void)
{
    struct tuff_graph *graph = graph_new();
    return (struct scalars){graph, scalar(graph, TUFF_VALUE_EXTERNAL, 0),
                            scalar(graph, TUFF_VALUE_PARAMETER, 0), scalar(graph, TUFF_VALUE_PARAMETER, 1)};
}

// y = (p*x + p*q) * (p*x): the sum's summand p*x has another use, whose gradient comes first.
Test(graph, a_summand_that_is_used_again)
{
    struct scalars s = scalars_new();
    tuff_value_id px = apply(s.graph, TUFF_OP_MULTIPLY, s.p, s.x),
                  pq = apply(s.graph, TUFF_OP_MULTIPLY, s.p, s.q);
    tuff_value_id sum = apply(s.graph, TUFF_OP_ADD, px, pq);
    tuff_value_id y = apply(s.graph, TUFF_OP_MULTIPLY, sum, px);
    // p^2 x^2 + p^2 q x
    expect_gradients(s.graph, s.x, s.p, s.q, y, 756, 504, 63);
}

// A residual block, u + v(u), twice: the gradient that a sum shares arrives before the branch's.
Test(graph, a_residual_branch_does_not_change_the_shared_gradient)
{
    struct scalars s = scalars_new();
    tuff_value_id u = apply(s.graph, TUFF_OP_MULTIPLY, s.p, s.x);
    tuff_value_id v = apply(s.graph, TUFF_OP_ADD, u, apply(s.graph, TUFF_OP_MULTIPLY, u, s.q));
    tuff_value_id y = apply(s.graph, TUFF_OP_ADD, v, apply(s.graph, TUFF_OP_MULTIPLY, v, s.p));
    // p x (1 + q) (1 + p)
    expect_gradients(s.graph, s.x, s.p, s.q, y, 504, 294, 84);
}

// y = (p + q) + (p + p): parameters as summands, whose gradients have to lie in the arena.
Test(graph, parameters_as_summands)
{
    struct scalars s = scalars_new();
    tuff_value_id y = apply(s.graph, TUFF_OP_ADD, apply(s.graph, TUFF_OP_ADD, s.p, s.q),
                            apply(s.graph, TUFF_OP_ADD, s.p, s.p));
    expect_gradients(s.graph, s.x, s.p, s.q, y, 14, 3, 1);
}

// y = (p*x)^2 + (q + q): an operand beside itself.
Test(graph, an_operand_beside_itself)
{
    struct scalars s = scalars_new();
    tuff_value_id px = apply(s.graph, TUFF_OP_MULTIPLY, s.p, s.x);
    tuff_value_id square = apply(s.graph, TUFF_OP_MULTIPLY, px, px),
                  double_px = apply(s.graph, TUFF_OP_ADD, px, px);
    tuff_value_id y = apply(s.graph, TUFF_OP_ADD, apply(s.graph, TUFF_OP_MULTIPLY, square, double_px),
                            apply(s.graph, TUFF_OP_MULTIPLY, s.q, s.q));
    // 2 p^3 x^3 + q^2
    expect_gradients(s.graph, s.x, s.p, s.q, y, 18547, 18522, 10);
}

// Nothing is copied where no parameter is a summand.
Test(graph, a_sum_copies_no_gradient)
{
    struct scalars s = scalars_new();
    tuff_value_id sum = apply(s.graph, TUFF_OP_ADD, apply(s.graph, TUFF_OP_MULTIPLY, s.p, s.x),
                              apply(s.graph, TUFF_OP_MULTIPLY, s.q, s.x));
    tuff_value_id one;
    cr_assert_eq(tuff_gradient_begin(s.graph, sum, &one), TUFF_OK);
    cr_assert_eq(tuff_gradient_end(s.graph, sum, one), TUFF_OK);
    cr_assert_eq(tuff_graph_differentiate(s.graph), TUFF_OK);
    cr_assert_eq(count_op(s.graph, TUFF_OP_COPY), 0);
    cr_assert_eq(count_op(s.graph, TUFF_OP_ADD), 1);
    cr_assert_eq(count_op(s.graph, TUFF_OP_MULTIPLY), 4);
    tuff_graph_destroy(&s.graph);
}

Test(graph, concat_parts_its_gradient)
{
    struct tuff_graph *graph = graph_new();
    tuff_value_id x = value(graph, TUFF_VALUE_EXTERNAL, 2, 4, 3, true), dy;
    tuff_value_id p = value(graph, TUFF_VALUE_PARAMETER, 2, 4, 2, false);
    tuff_value_id mixed[3] = {TUFF_NO_VALUE, x, p}, twice[3] = {TUFF_NO_VALUE, p, p};
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_CONCAT_FORWARD, NULL, "m", mixed), TUFF_OK);
    cr_assert_eq(graph->values[mixed[0]].shape.dims[1], 5);
    cr_assert_eq(tuff_graph_add_node(graph, TUFF_OP_CONCAT_FORWARD, NULL, "t", twice), TUFF_OK);
    for (int i = 0; i < 2; i++) {
        tuff_value_id y = i == 0 ? mixed[0] : twice[0];
        cr_assert_eq(tuff_gradient_begin(graph, y, &dy), TUFF_OK);
        cr_assert_eq(tuff_gradient_end(graph, y, dy), TUFF_OK);
    }
    cr_assert_eq(tuff_graph_differentiate(graph), TUFF_OK);
    // Three contributions to p: the first lies in the arena, the two others are added to it.
    const struct tuff_node *last = &graph->nodes[graph->node_count - 1];
    cr_assert_eq(count_op(graph, TUFF_OP_CONCAT_BACKWARD), 2);
    cr_assert_eq(count_op(graph, TUFF_OP_ADD), 2);
    cr_assert_eq(last->op, TUFF_OP_ADD);
    cr_assert_eq(last->values[0], graph->values[p].gradient);
    uint32_t in_arena = 0;
    for (uint32_t v = 0; v < graph->value_count; v++)
        in_arena += graph->values[v].kind == TUFF_VALUE_GRADIENT;
    cr_assert_eq(in_arena, 1);
    cr_assert_eq(graph->values[x].gradient, TUFF_NO_VALUE);
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
