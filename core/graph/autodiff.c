#include "autodiff.h"

#include <stdio.h>

#include "op/op_info.h"

// A gradient is kept with the storage: a view and what it shows share one.

static enum tuff_status in_shape_of(struct tuff_graph *graph, tuff_value_id like, tuff_value_id *gradient)
{
    const struct tuff_tensor shape = graph->values[like].shape, have = graph->values[*gradient].shape;
    bool same = shape.rank == have.rank;
    for (uint32_t i = 0; i < TUFF_MAX_RANK; i++)
        same = same && shape.dims[i] == have.dims[i];
    if (same)
        return TUFF_OK;
    char name[TUFF_VALUE_NAME_BYTES];
    snprintf(name, sizeof name, "%s", graph->values[*gradient].name);
    return tuff_graph_add_view(graph, *gradient, name, shape.rank, shape.dims, gradient);
}

enum tuff_status tuff_gradient_of(struct tuff_graph *graph, tuff_value_id value, tuff_value_id *gradient)
{
    *gradient = graph->values[graph->values[value].storage].gradient;
    return *gradient == TUFF_NO_VALUE ? TUFF_OK : in_shape_of(graph, value, gradient);
}

bool tuff_gradient_wanted(const struct tuff_graph *graph, tuff_value_id value)
{
    return graph->values[value].needs_gradient;
}

enum tuff_status tuff_gradient_begin(struct tuff_graph *graph, tuff_value_id value, tuff_value_id *gradient)
{
    const struct tuff_value of = graph->values[value]; // a copy: adding a value moves the array
    bool first = graph->values[of.storage].gradient == TUFF_NO_VALUE;
    bool of_parameter = of.kind == TUFF_VALUE_PARAMETER || of.kind == TUFF_VALUE_ROUNDED;
    enum tuff_value_kind kind = of_parameter && first ? TUFF_VALUE_GRADIENT : TUFF_VALUE_ACTIVATION;
    enum tuff_dtype type = of_parameter ? TUFF_F32 : graph->gradient_type;
    char name[sizeof of.name + 1];
    snprintf(name, sizeof name, "d%s", of.name);
    enum tuff_status status = tuff_graph_add_value(graph, kind, of.index, name, type, of.shape.rank,
                                                   of.shape.dims, false, gradient);
    if (status == TUFF_OK)
        graph->values[*gradient].shape.layout = of.shape.layout;
    return status;
}

enum tuff_status tuff_gradient_end(struct tuff_graph *graph, tuff_value_id value, tuff_value_id gradient)
{
    tuff_value_id storage = graph->values[value].storage, before = graph->values[storage].gradient;
    if (before == TUFF_NO_VALUE) {
        graph->values[storage].gradient = gradient;
        return TUFF_OK;
    }
    enum tuff_status status = in_shape_of(graph, value, &before);
    if (status != TUFF_OK)
        return status;
    // A parameter's gradient is summed where it lies, in the gradient arena. Any other may be shared
    // (tuff_gradient_share), so the sum is a value of its own; the plan puts it in the place of a summand
    // that nobody reads any more.
    tuff_value_id values[3] = {before, before, gradient};
    bool in_arena = graph->values[before].kind == TUFF_VALUE_GRADIENT;
    if (!in_arena)
        status = tuff_gradient_begin(graph, value, &values[0]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_ADD, NULL, NULL, values);
    if (status == TUFF_OK && !in_arena)
        graph->values[storage].gradient = values[0];
    return status;
}

enum tuff_status tuff_gradient_share(struct tuff_graph *graph, tuff_value_id value, tuff_value_id gradient)
{
    const struct tuff_value *of = &graph->values[value];
    if ((of->kind != TUFF_VALUE_PARAMETER && of->kind != TUFF_VALUE_ROUNDED) ||
        graph->values[of->storage].gradient != TUFF_NO_VALUE)
        return tuff_gradient_end(graph, value, gradient);
    // A parameter's first contribution has to lie in the gradient arena.
    tuff_value_id values[2] = {TUFF_NO_VALUE, gradient};
    enum tuff_status status = tuff_gradient_begin(graph, value, &values[0]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_COPY, NULL, NULL, values);
    return status == TUFF_OK ? tuff_gradient_end(graph, value, values[0]) : status;
}

enum tuff_status tuff_gradient_through_relu(struct tuff_graph *graph, tuff_value_id y,
                                            tuff_value_id *gradient)
{
    tuff_value_id values[3] = {TUFF_NO_VALUE, TUFF_NO_VALUE, y};
    *gradient = TUFF_NO_VALUE;
    enum tuff_status status = tuff_gradient_of(graph, y, &values[1]);
    if (status != TUFF_OK || values[1] == TUFF_NO_VALUE)
        return status;
    status = tuff_gradient_begin(graph, y, &values[0]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_RELU_BACKWARD, NULL, NULL, values);
    *gradient = values[0];
    return status;
}

enum tuff_status tuff_graph_differentiate(struct tuff_graph *graph)
{
    for (uint32_t i = graph->node_count; i-- > 0;) {
        const struct tuff_node node = graph->nodes[i];
        const struct tuff_op_info *info = tuff_op_info(node.op);
        bool on_the_way = false; // an output that depends on a parameter
        for (uint32_t t = 0; t < node.tensor_count; t++)
            on_the_way =
                on_the_way || (info->roles[t].access != TUFF_ACCESS_IN && node.values[t] != TUFF_NO_VALUE &&
                               graph->values[node.values[t]].needs_gradient);
        if (!on_the_way)
            continue;
        if (info->gradient == NULL)
            return tuff_fail(graph->log, TUFF_ERROR_UNSUPPORTED, "%s has no gradient", info->name);
        enum tuff_status status = info->gradient(graph, &node);
        if (status != TUFF_OK)
            return status;
    }
    return TUFF_OK;
}
