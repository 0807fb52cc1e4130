#include "fusion_graph.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "graph/autodiff.h"
#include "graph/fusion.h"
#include "op/op_info.h"

const struct tuff_conv2d_params CONV = {
    .size = sizeof CONV, .stride_h = 1, .stride_w = 1, .dilation_h = 1, .dilation_w = 1, .groups = 1};
const struct tuff_max_pool2d_params POOL = {.size = sizeof POOL,
                                            .kernel_h = 2,
                                            .kernel_w = 2,
                                            .stride_h = 2,
                                            .stride_w = 2,
                                            .dilation_h = 1,
                                            .dilation_w = 1};

struct tuff_graph *graph_new(void)
{
    struct tuff_graph *graph;
    cr_assert_eq(tuff_graph_create(NULL, TUFF_LAYOUT_BATCH16, &graph), TUFF_OK);
    return graph;
}

tuff_value_id value(struct tuff_graph *graph, enum tuff_value_kind kind, enum tuff_dtype dtype, uint32_t rank,
                    const uint32_t *dims, bool batched)
{
    static uint32_t index;
    tuff_value_id id;
    cr_assert_eq(tuff_graph_add_value(graph, kind, index++, "v", dtype, rank, dims, batched, &id), TUFF_OK);
    return id;
}

tuff_value_id node(struct tuff_graph *graph, enum tuff_op op, const void *params, tuff_value_id *values)
{
    cr_assert_eq(tuff_graph_add_node(graph, op, params, "n", values), TUFF_OK);
    return values[0];
}

tuff_value_id images(struct tuff_graph *graph)
{
    return value(graph, TUFF_VALUE_EXTERNAL, TUFF_F32, 4, (uint32_t[]){N, C, SIDE, SIDE}, true);
}

struct layer convolution(struct tuff_graph *graph, tuff_value_id x)
{
    const uint32_t dims[4] = {K, graph->values[x].shape.dims[1], 3, 3};
    struct layer layer = {.weight = value(graph, TUFF_VALUE_PARAMETER, TUFF_F32, 4, dims, false),
                          .bias = value(graph, TUFF_VALUE_PARAMETER, TUFF_F32, 1, dims, false)};
    layer.y = node(graph, TUFF_OP_CONV2D_FORWARD, &CONV,
                   (tuff_value_id[]){TUFF_NO_VALUE, x, layer.weight, layer.bias});
    return layer;
}

struct layer linear(struct tuff_graph *graph, tuff_value_id x, uint32_t outputs)
{
    const uint32_t dims[2] = {outputs, graph->values[x].shape.dims[1]};
    struct layer layer = {.weight = value(graph, TUFF_VALUE_PARAMETER, TUFF_F32, 2, dims, false),
                          .bias = value(graph, TUFF_VALUE_PARAMETER, TUFF_F32, 1, dims, false)};
    layer.y = node(graph, TUFF_OP_LINEAR_FORWARD, NULL,
                   (tuff_value_id[]){TUFF_NO_VALUE, x, layer.weight, layer.bias});
    return layer;
}

tuff_value_id relu(struct tuff_graph *graph, tuff_value_id x)
{
    return node(graph, TUFF_OP_RELU_FORWARD, NULL, (tuff_value_id[]){TUFF_NO_VALUE, x});
}

tuff_value_id pool_with(struct tuff_graph *graph, tuff_value_id x,
                        const struct tuff_max_pool2d_params *params)
{
    return node(graph, TUFF_OP_MAX_POOL2D_FORWARD, params,
                (tuff_value_id[]){TUFF_NO_VALUE, TUFF_NO_VALUE, x});
}

tuff_value_id pool(struct tuff_graph *graph, tuff_value_id x)
{
    return pool_with(graph, x, &POOL);
}

tuff_value_id add(struct tuff_graph *graph, tuff_value_id a, tuff_value_id b)
{
    return node(graph, TUFF_OP_ADD, NULL, (tuff_value_id[]){TUFF_NO_VALUE, a, b});
}

tuff_value_id flat(struct tuff_graph *graph, tuff_value_id x)
{
    const struct tuff_tensor *shape = &graph->values[x].shape;
    uint32_t dims[2] = {shape->dims[0], 1};
    for (uint32_t d = 1; d < shape->rank; d++)
        dims[1] *= shape->dims[d];
    tuff_value_id view;
    cr_assert_eq(tuff_graph_add_view(graph, x, "flat", 2, dims, &view), TUFF_OK);
    return view;
}

void loss(struct tuff_graph *graph, tuff_value_id x)
{
    const uint32_t batch = N, words = TUFF_STEP_STATE_WORDS;
    const struct tuff_softmax_cross_entropy_params plain = {.size = sizeof plain};
    tuff_value_id labels = value(graph, TUFF_VALUE_EXTERNAL, TUFF_U32, 1, &batch, false),
                  state = value(graph, TUFF_VALUE_EXTERNAL, TUFF_U32, 1, &words, false);
    if (graph->values[x].shape.rank != 2)
        x = flat(graph, x);
    node(graph, TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD, &plain,
         (tuff_value_id[]){TUFF_NO_VALUE, TUFF_NO_VALUE, x, labels, state});
}

uint32_t count_op(const struct tuff_graph *graph, enum tuff_op op)
{
    uint32_t count = 0;
    for (uint32_t i = 0; i < graph->node_count; i++)
        count += graph->nodes[i].op == op;
    return count;
}

const struct tuff_node *only(const struct tuff_graph *graph, enum tuff_op op)
{
    cr_assert_eq(count_op(graph, op), 1, "%u of %s", count_op(graph, op), tuff_op_info(op)->name);
    uint32_t i = 0;
    while (graph->nodes[i].op != op)
        i++;
    return &graph->nodes[i];
}

void expect_order(const struct tuff_graph *graph)
{
    bool *written = calloc(graph->value_count, sizeof *written);
    for (uint32_t n = 0; n < graph->node_count; n++) {
        const struct tuff_op_info *info = tuff_op_info(graph->nodes[n].op);
        for (int writing = 0; writing < 2; writing++) {
            for (uint32_t i = 0; i < graph->nodes[n].tensor_count; i++) {
                const tuff_value_id id = graph->nodes[n].values[i];
                if (id == TUFF_NO_VALUE || graph->values[id].kind != TUFF_VALUE_ACTIVATION)
                    continue;
                if (writing && info->roles[i].access != TUFF_ACCESS_IN)
                    written[graph->values[id].storage] = true;
                else if (!writing && info->roles[i].access != TUFF_ACCESS_OUT)
                    cr_assert(written[graph->values[id].storage],
                              "node %u (%s) reads %s before it is written", n, info->name,
                              info->roles[i].name);
            }
        }
    }
    free(written);
}

void fuse(struct tuff_graph *graph, const struct fake_target *fake, bool training)
{
    cr_assert_eq(tuff_graph_fuse(graph, &fake->target, training), TUFF_OK);
    expect_order(graph);
}

void differentiate(struct tuff_graph *graph)
{
    cr_assert_eq(tuff_graph_differentiate(graph), TUFF_OK);
    expect_order(graph);
}

void expect_gradient(const struct tuff_graph *graph, tuff_value_id parameter)
{
    const tuff_value_id gradient = graph->values[parameter].gradient;
    cr_assert_neq(gradient, TUFF_NO_VALUE);
    cr_expect_eq(graph->values[gradient].kind, TUFF_VALUE_GRADIENT);
    cr_expect_eq(graph->values[gradient].index, graph->values[parameter].index);
    uint32_t writers = 0;
    for (uint32_t n = 0; n < graph->node_count; n++)
        for (uint32_t i = 0; i < graph->nodes[n].tensor_count; i++)
            writers += graph->nodes[n].values[i] == gradient &&
                       tuff_op_info(graph->nodes[n].op)->roles[i].access == TUFF_ACCESS_OUT;
    cr_expect_eq(writers, 1);
}

bool has_fused(const struct tuff_graph *graph)
{
    for (uint32_t n = 0; n < graph->node_count; n++)
        if (tuff_op_info(graph->nodes[n].op)->fused)
            return true;
    return false;
}
