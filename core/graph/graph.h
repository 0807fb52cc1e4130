// The graph: values (tensors without memory) and nodes (ops on them), in the order in which they run.
#ifndef TUFF_CORE_GRAPH_H
#define TUFF_CORE_GRAPH_H

#include <stdbool.h>

#include "tuff/log.h"
#include "tuff/op.h"

typedef uint32_t tuff_value_id;
#define TUFF_NO_VALUE UINT32_MAX

enum tuff_value_kind {
    TUFF_VALUE_ACTIVATION, // lives from its first write to its last read, in a shared arena
    TUFF_VALUE_PARAMETER,  // in the parameter arena; index: the parameter's number
    TUFF_VALUE_ROUNDED,  // a parameter as float16, in an arena of its own that a cast fills; index: likewise
    TUFF_VALUE_GRADIENT, // a parameter's gradient, in the gradient arena; index: the parameter's number
    TUFF_VALUE_EXTERNAL, // memory of whoever runs the program; index: its number there
};

// As long as a parameter's name may be, with what is put before it, or behind a layer's.
enum { TUFF_VALUE_NAME_BYTES = 136 };

struct tuff_value {
    char name[TUFF_VALUE_NAME_BYTES];
    enum tuff_value_kind kind;
    uint32_t index;
    struct tuff_tensor shape; // buffer NULL, offset 0
    tuff_value_id storage;    // itself, or the value whose memory this one shows under another shape
    tuff_value_id gradient;   // the value that holds its gradient, once there is one (autodiff)
    bool needs_gradient;      // it depends on a parameter
};

enum { TUFF_MAX_PARAMS_BYTES = 128 };

struct tuff_node {
    enum tuff_op op;
    uint32_t tensor_count;
    tuff_value_id values[TUFF_OP_MAX_TENSORS]; // in the order of the op's arguments
    _Alignas(16) uint8_t params[TUFF_MAX_PARAMS_BYTES];
};

struct tuff_graph {
    const struct tuff_log *log;
    enum tuff_layout activation_layout; // of every batched value
    enum tuff_dtype gradient_type;      // of gradients, but for those of parameters; TUFF_F32 at first
    struct tuff_value *values;
    uint32_t value_count, value_capacity;
    struct tuff_node *nodes;
    uint32_t node_count, node_capacity;
};

TUFF_MUST_CHECK enum tuff_status
tuff_graph_create(const struct tuff_log *log, enum tuff_layout activation_layout, struct tuff_graph **graph);
void tuff_graph_destroy(struct tuff_graph **graph); // NULL-safe, nulls

// A new value. batched: its first dimension is the batch, so that it has the activation layout. name is for
// messages.
TUFF_MUST_CHECK enum tuff_status tuff_graph_add_value(struct tuff_graph *graph, enum tuff_value_kind kind,
                                                      uint32_t index, const char *name, enum tuff_dtype dtype,
                                                      uint32_t rank, const uint32_t *dims, bool batched,
                                                      tuff_value_id *value);

// The same memory under another shape with as many elements; batched values keep their first dimension.
TUFF_MUST_CHECK enum tuff_status tuff_graph_add_view(struct tuff_graph *graph, tuff_value_id of,
                                                     const char *name, uint32_t rank, const uint32_t *dims,
                                                     tuff_value_id *value);

// Appends a node. values: one per tensor of the op, in the order of its arguments; TUFF_NO_VALUE for an
// optional one that is absent, and for an output of a forward op that shall be made: it becomes an activation
// of the inferred shape called `name`, and its id is written back into `values`. Checks everything.
TUFF_MUST_CHECK enum tuff_status tuff_graph_add_node(struct tuff_graph *graph, enum tuff_op op,
                                                     const void *params, const char *name,
                                                     tuff_value_id *values);

#endif
