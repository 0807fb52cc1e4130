// What a node is called by people: the layer that it belongs to.
#ifndef TUFF_CORE_NODE_LAYER_H
#define TUFF_CORE_NODE_LAYER_H

#include "graph.h"

// The layer whose parameters it has; of a backward op, the one that made what it reads, or whose gradient
// comes in; else what it makes.
void tuff_node_layer(const struct tuff_graph *graph, const struct tuff_node *node, char *layer, size_t bytes);

#endif
