// Graphs for the tests of fusion: what they are made of, and what they are asked.
#ifndef TUFF_TESTS_CORE_FUSION_GRAPH_H
#define TUFF_TESTS_CORE_FUSION_GRAPH_H

#include "fake_target.h"
#include "graph/graph.h"
#include "tuff/op.h"

// A convolution of (N,C,H,W) with (K,C,3,3) gives (N,K,OUT,OUT); windows of 2 x 2 pool that to
// (N,K,POOLED,POOLED).
enum { N = 5, C = 2, SIDE = 11, K = 4, OUT = 9, POOLED = 4 };

extern const struct tuff_conv2d_params CONV;
extern const struct tuff_max_pool2d_params POOL;

struct layer {
    tuff_value_id weight, bias, y;
};

struct tuff_graph *graph_new(void);
tuff_value_id value(struct tuff_graph *graph, enum tuff_value_kind kind, enum tuff_dtype dtype, uint32_t rank,
                    const uint32_t *dims, bool batched);

// Appends a node whose only new outputs are its first tensors; returns the first.
tuff_value_id node(struct tuff_graph *graph, enum tuff_op op, const void *params, tuff_value_id *values);
tuff_value_id images(struct tuff_graph *graph);

// K filters of 3 x 3 on x.
struct layer convolution(struct tuff_graph *graph, tuff_value_id x);
struct layer linear(struct tuff_graph *graph, tuff_value_id x, uint32_t outputs);
tuff_value_id relu(struct tuff_graph *graph, tuff_value_id x);
tuff_value_id pool_with(struct tuff_graph *graph, tuff_value_id x,
                        const struct tuff_max_pool2d_params *params);
tuff_value_id pool(struct tuff_graph *graph, tuff_value_id x);
tuff_value_id add(struct tuff_graph *graph, tuff_value_id a, tuff_value_id b);
tuff_value_id flat(struct tuff_graph *graph, tuff_value_id x);

// The loss of x, flattened if it is an image.
void loss(struct tuff_graph *graph, tuff_value_id x);
uint32_t count_op(const struct tuff_graph *graph, enum tuff_op op);

// The only node of this op.
const struct tuff_node *only(const struct tuff_graph *graph, enum tuff_op op);

// Whatever a node reads of the activations, a node before it has written.
void expect_order(const struct tuff_graph *graph);
void fuse(struct tuff_graph *graph, const struct fake_target *fake, bool training);
void differentiate(struct tuff_graph *graph);

// Exactly one node writes the gradient of the parameter, in the gradient arena.
void expect_gradient(const struct tuff_graph *graph, tuff_value_id parameter);
bool has_fused(const struct tuff_graph *graph);

#endif
