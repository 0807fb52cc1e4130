// Recomputation of activations ("Training Deep Nets with Sublinear Memory Cost", Chen et al., 2016): what
// backward ops need of the forward pass is computed a second time when they come to it, so that it need not
// be kept between.
#ifndef TUFF_CORE_RECOMPUTE_H
#define TUFF_CORE_RECOMPUTE_H

#include "graph.h"

// Of a graph that is differentiated and has no optimizer yet: nodes from `first` to before `end` are the
// model's forward ops, all from `end` on are the loss's, the metrics' and backward ones. The forward ops are
// cut into segments where a single activation passes from one to the next, each as soon as its outputs take
// `segment_bytes`. What passes is kept. Else, but for the last segment, whose backward ops come at once, what
// backward ops read is made again, by copies of the forward ops in front of the first that reads any of its
// segment. A copy gives the same bits: what an op changes beside its outputs, running statistics, its copy
// changes in memory of its own.
TUFF_MUST_CHECK enum tuff_status tuff_graph_recompute(struct tuff_graph *graph, uint32_t first, uint32_t end,
                                                      uint64_t segment_bytes);

// Bytes of all activations that nodes from `first` to before `end` make.
uint64_t tuff_graph_output_bytes(const struct tuff_graph *graph, uint32_t first, uint32_t end);

#endif
