// Reverse-mode differentiation: each forward node's rule appends the ops that carry gradients back.
#ifndef TUFF_CORE_AUTODIFF_H
#define TUFF_CORE_AUTODIFF_H

#include "graph.h"

// Appends the backward ops of all nodes there are, last to first. The loss is where a node's gradient rule
// needs no incoming gradient (softmax cross-entropy). After it each parameter that the loss depends on has
// graph->values[p].gradient, of kind TUFF_VALUE_GRADIENT.
// Failure: an op on the way has no gradient rule.
TUFF_MUST_CHECK enum tuff_status tuff_graph_differentiate(struct tuff_graph *graph);

// For gradient rules.

// The gradient of `value` as it has arrived by now, in the value's shape; TUFF_NO_VALUE if none has.
TUFF_MUST_CHECK enum tuff_status tuff_gradient_of(struct tuff_graph *graph, tuff_value_id value,
                                                  tuff_value_id *gradient);

// Whether a gradient of `value` is wanted at all.
bool tuff_gradient_wanted(const struct tuff_graph *graph, tuff_value_id value);

// A new value for one contribution to the gradient of `value`: to be an output of the node that is appended
// next. For a parameter's first contribution it lies in the gradient arena.
TUFF_MUST_CHECK enum tuff_status tuff_gradient_begin(struct tuff_graph *graph, tuff_value_id value,
                                                     tuff_value_id *gradient);

// After that node: takes the contribution as the gradient, or adds it to those that came before. A
// contribution is never written again: others may read it later.
TUFF_MUST_CHECK enum tuff_status tuff_gradient_end(struct tuff_graph *graph, tuff_value_id value,
                                                   tuff_value_id gradient);

// In place of the two above, where the contribution is a gradient that is there already, of the value's
// shape: of a sum, say, whose summands take its gradient as it is. Nothing is copied, unless the value is a
// parameter.
TUFF_MUST_CHECK enum tuff_status tuff_gradient_share(struct tuff_graph *graph, tuff_value_id value,
                                                     tuff_value_id gradient);

// The gradient of what a fused op had before its ReLU, from that of its output y: appends relu_backward.
// TUFF_NO_VALUE if none has arrived.
TUFF_MUST_CHECK enum tuff_status tuff_gradient_through_relu(struct tuff_graph *graph, tuff_value_id y,
                                                            tuff_value_id *gradient);

#endif
