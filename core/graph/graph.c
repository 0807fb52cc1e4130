#include "graph.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "op/op_info.h"

enum tuff_status tuff_graph_create(const struct tuff_log *log, enum tuff_layout activation_layout,
                                   struct tuff_graph **graph)
{
    *graph = calloc(1, sizeof **graph);
    if (*graph == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "out of memory");
    (*graph)->log = log;
    (*graph)->activation_layout = activation_layout;
    return TUFF_OK;
}

void tuff_graph_destroy(struct tuff_graph **graph)
{
    if (*graph == NULL)
        return;
    free((*graph)->values);
    free((*graph)->nodes);
    free(*graph);
    *graph = NULL;
}

// Makes room for one more element in an array that doubles.
static enum tuff_status grow(const struct tuff_log *log, void **array, uint32_t count, uint32_t *capacity,
                             size_t element)
{
    if (count < *capacity)
        return TUFF_OK;
    uint32_t larger = *capacity == 0 ? 32 : 2 * *capacity;
    void *grown = realloc(*array, larger * element);
    if (grown == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "out of memory");
    *array = grown;
    *capacity = larger;
    return TUFF_OK;
}

static enum tuff_status append_value(struct tuff_graph *graph, const struct tuff_value *value,
                                     tuff_value_id *id)
{
    void *values = graph->values;
    enum tuff_status status =
        grow(graph->log, &values, graph->value_count, &graph->value_capacity, sizeof *value);
    graph->values = values;
    if (status != TUFF_OK)
        return status;
    *id = graph->value_count++;
    graph->values[*id] = *value;
    if (value->storage == TUFF_NO_VALUE)
        graph->values[*id].storage = *id;
    return TUFF_OK;
}

enum tuff_status tuff_graph_add_value(struct tuff_graph *graph, enum tuff_value_kind kind, uint32_t index,
                                      const char *name, enum tuff_dtype dtype, uint32_t rank,
                                      const uint32_t *dims, bool batched, tuff_value_id *value)
{
    struct tuff_value made = {
        .kind = kind,
        .index = index,
        .shape = {.size = sizeof made.shape,
                  .dtype = (uint32_t)dtype,
                  .layout = batched ? (uint32_t)graph->activation_layout : TUFF_LAYOUT_ROW_MAJOR,
                  .rank = rank,
                  .dims = {1, 1, 1, 1}},
        .storage = TUFF_NO_VALUE,
        .gradient = TUFF_NO_VALUE,
        .needs_gradient = kind == TUFF_VALUE_PARAMETER || kind == TUFF_VALUE_ROUNDED,
    };
    if (rank < 1 || rank > TUFF_MAX_RANK)
        return tuff_fail(graph->log, TUFF_ERROR_INTERNAL, "%s: %u dimensions", name, rank);
    snprintf(made.name, sizeof made.name, "%s", name);
    memcpy(made.shape.dims, dims, rank * sizeof *dims);
    return append_value(graph, &made, value);
}

enum tuff_status tuff_graph_add_view(struct tuff_graph *graph, tuff_value_id of, const char *name,
                                     uint32_t rank, const uint32_t *dims, tuff_value_id *value)
{
    struct tuff_value made = graph->values[of];
    const struct tuff_tensor base = made.shape;
    made.gradient = TUFF_NO_VALUE; // kept with the storage
    made.shape.rank = rank;
    for (uint32_t i = 0; i < TUFF_MAX_RANK; i++)
        made.shape.dims[i] = i < rank ? dims[i] : 1;
    snprintf(made.name, sizeof made.name, "%s", name);
    bool batch_kept = base.layout == TUFF_LAYOUT_ROW_MAJOR || made.shape.dims[0] == base.dims[0];
    if (rank < 1 || rank > TUFF_MAX_RANK || !batch_kept ||
        tuff_tensor_elements(&made.shape) != tuff_tensor_elements(&base))
        return tuff_fail(graph->log, TUFF_ERROR_INVALID, "%s: not a view of as many elements", name);
    return append_value(graph, &made, value);
}

static struct tuff_op_args shape_arguments(const struct tuff_graph *graph, const struct tuff_node *node)
{
    struct tuff_op_args args = {.size = tuff_op_args_size(node->op), .params = node->params};
    for (uint32_t i = 0; i < node->tensor_count; i++)
        args.tensors[i] = node->values[i] == TUFF_NO_VALUE ? NULL : &graph->values[node->values[i]].shape;
    return args;
}

// The element type of a node's output `role`: float16 where its float inputs are.
static enum tuff_dtype output_dtype(const struct tuff_graph *graph, const struct tuff_op_info *info,
                                    const struct tuff_role *role, const struct tuff_node *node)
{
    for (uint32_t i = 0; tuff_role_takes_f16(role) && i < info->tensor_count; i++)
        if (info->roles[i].dtype == TUFF_DTYPE_FLOAT && node->values[i] != TUFF_NO_VALUE)
            return (enum tuff_dtype)graph->values[node->values[i]].shape.dtype;
    return (enum tuff_dtype)tuff_role_plain_dtype(role);
}

// Makes the mandatory outputs that are still missing, in the shapes that follow from the inputs, and passes
// on whether a gradient is needed to all outputs of a forward op.
static enum tuff_status make_outputs(struct tuff_graph *graph, const struct tuff_op_info *info,
                                     const char *name, struct tuff_node *node)
{
    struct tuff_tensor shapes[TUFF_OP_MAX_TENSORS];
    struct tuff_tensor *tensors[TUFF_OP_MAX_TENSORS] = {NULL};
    bool wanted = false, needs_gradient = false;
    for (uint32_t i = 0; i < info->tensor_count; i++) {
        bool absent = node->values[i] == TUFF_NO_VALUE;
        tensors[i] = absent && info->roles[i].optional ? NULL : &shapes[i];
        shapes[i] = (struct tuff_tensor){.size = sizeof shapes[i], .dims = {1, 1, 1, 1}};
        if (!absent) {
            shapes[i] = graph->values[node->values[i]].shape;
            needs_gradient = needs_gradient || graph->values[node->values[i]].needs_gradient;
        } else if (!info->roles[i].optional) {
            if (info->roles[i].access != TUFF_ACCESS_OUT || info->infer == NULL)
                return tuff_fail(graph->log, TUFF_ERROR_INTERNAL, "%s: tensor %s is missing", info->name,
                                 info->roles[i].name);
            wanted = true;
        }
    }
    enum tuff_status status = wanted ? info->infer(graph->log, node->params, tensors) : TUFF_OK;
    for (uint32_t i = 0; status == TUFF_OK && wanted && i < info->tensor_count; i++) {
        const struct tuff_role *role = &info->roles[i];
        if (node->values[i] != TUFF_NO_VALUE || role->optional)
            continue;
        char full[TUFF_VALUE_NAME_BYTES];
        snprintf(full, sizeof full, "%s.%s", name == NULL ? info->name : name, role->name);
        status =
            tuff_graph_add_value(graph, TUFF_VALUE_ACTIVATION, 0, full, output_dtype(graph, info, role, node),
                                 shapes[i].rank, shapes[i].dims, role->batched, &node->values[i]);
        if (status == TUFF_OK)
            graph->values[node->values[i]].needs_gradient = needs_gradient;
    }
    // Outputs that the caller made because nothing tells their shape (of an adaptive pool, say).
    for (uint32_t i = 0; needs_gradient && info->gradient != NULL && i < info->tensor_count; i++)
        if (info->roles[i].access == TUFF_ACCESS_OUT && node->values[i] != TUFF_NO_VALUE)
            graph->values[node->values[i]].needs_gradient = true;
    return status;
}

enum tuff_status tuff_graph_add_node(struct tuff_graph *graph, enum tuff_op op, const void *params,
                                     const char *name, tuff_value_id *values)
{
    const struct tuff_op_info *info = tuff_op_info(op);
    struct tuff_node node = {.op = op, .tensor_count = info->tensor_count};
    if (info->params_size != 0 && params == NULL)
        return tuff_fail(graph->log, TUFF_ERROR_INTERNAL, "%s: parameters are missing", info->name);
    if (info->params_size > sizeof node.params)
        return tuff_fail(graph->log, TUFF_ERROR_INTERNAL, "%s: parameters of %u bytes", info->name,
                         info->params_size);
    if (info->params_size != 0)
        memcpy(node.params, params, info->params_size);
    memcpy(node.values, values, info->tensor_count * sizeof *values);
    enum tuff_status status = make_outputs(graph, info, name, &node);
    if (status != TUFF_OK)
        return status;
    struct tuff_op_args args = shape_arguments(graph, &node);
    status = tuff_op_check(graph->log, op, &args);
    if (status != TUFF_OK)
        return status;
    void *nodes = graph->nodes;
    status = grow(graph->log, &nodes, graph->node_count, &graph->node_capacity, sizeof node);
    graph->nodes = nodes;
    if (status != TUFF_OK)
        return status;
    graph->nodes[graph->node_count++] = node;
    memcpy(values, node.values, info->tensor_count * sizeof *values);
    return TUFF_OK;
}
