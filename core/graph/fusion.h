// Fusion: neighbours in a graph become one op where a backend has it.
#ifndef TUFF_CORE_FUSION_H
#define TUFF_CORE_FUSION_H

#include "graph.h"

struct tuff_target;

// Puts fused ops in the place of the sequences of forward ops that they compute: conv2d_forward, relu_forward
// and max_pool2d_forward; a convolution and a ReLU; a linear layer and a ReLU; a batch normalization and a
// ReLU. A sequence is fused if the target has the fused op and, for training, its gradients' ops, for these
// very shapes, and if nobody else reads what is between its parts. To be called before
// tuff_graph_differentiate. Values that only stood between fused parts stay in the graph, unused. training:
// gradients will be asked for.
TUFF_MUST_CHECK enum tuff_status tuff_graph_fuse(struct tuff_graph *graph, const struct tuff_target *target,
                                                 bool training);

#endif
