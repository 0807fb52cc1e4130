#include "node_layer.h"

#include <stdio.h>
#include <string.h>

#include "op/op_info.h"

static const struct tuff_value *value_of(const struct tuff_graph *graph, const struct tuff_node *node,
                                         uint32_t index)
{
    return node->values[index] == TUFF_NO_VALUE ? NULL : &graph->values[node->values[index]];
}

// "conv1" of "conv1.weight", and of a gradient's "dconv1.weight".
static void cut_name(const char *name, bool gradient, char *layer, size_t bytes)
{
    const char *begin = name + (gradient && name[0] == 'd');
    const char *dot = strrchr(begin, '.');
    const size_t length = dot == NULL ? strlen(begin) : (size_t)(dot - begin);
    snprintf(layer, bytes, "%.*s", (int)length, begin);
}

// The first tensor of a role; NULL: there is none.
static const struct tuff_value *value_of_role(const struct tuff_graph *graph, const struct tuff_node *node,
                                              const char *role)
{
    const struct tuff_op_info *info = tuff_op_info(node->op);
    for (uint32_t i = 0; i < node->tensor_count; i++)
        if (strcmp(info->roles[i].name, role) == 0)
            return value_of(graph, node, i);
    return NULL;
}

void tuff_node_layer(const struct tuff_graph *graph, const struct tuff_node *node, char *layer, size_t bytes)
{
    const struct tuff_op_info *info = tuff_op_info(node->op);
    const struct tuff_value *first = NULL, *y = value_of_role(graph, node, "y"),
                            *index = value_of_role(graph, node, "index"),
                            *dy = value_of_role(graph, node, "dy");
    for (uint32_t i = 0; i < node->tensor_count; i++) {
        const struct tuff_value *value = value_of(graph, node, i);
        first = first == NULL ? value : first;
        if (value == NULL || (value->kind != TUFF_VALUE_PARAMETER && value->kind != TUFF_VALUE_ROUNDED &&
                              value->kind != TUFF_VALUE_GRADIENT))
            continue;
        cut_name(value->name, value->kind == TUFF_VALUE_GRADIENT, layer, bytes);
        return;
    }
    if (y != NULL)
        cut_name(y->name, false, layer, bytes);
    else if (dy != NULL)
        cut_name(index != NULL ? index->name : dy->name, index == NULL, layer, bytes);
    else if (first != NULL)
        cut_name(first->name, false, layer, bytes);
    // What has no layer is called by its op: the rest of its name says more.
    if (first != NULL && strcmp(layer, info->name) == 0)
        snprintf(layer, bytes, "%s", first->name + strlen(layer) + (first->name[strlen(layer)] == '.'));
}
