// Nodes of an ONNX graph, as the layers' kinds write them.
#ifndef TUFF_CORE_ONNX_NODE_H
#define TUFF_CORE_ONNX_NODE_H

#include "layer.h"
#include "proto.h"
#include "window.h"

// A value's name: that of its layer, of a part of it, and "output".
enum { TUFF_ONNX_VALUE_BYTES = TUFF_LAYER_PATH_BYTES + 64 };

// A layer's node, while it is made: inputs first, then the operator with the output, then attributes. A layer
// may be several nodes: all but the last are parts.
struct tuff_onnx_node {
    const struct tuff_layer *layer;
    const char *inputs[TUFF_LAYER_MAX_INPUTS]; // the layer's
    struct tuff_proto *graph;                  // what the layer needs besides, and parts, go there
    struct tuff_proto proto;
    bool ended; // it has its operator: an input begins another one
};

void tuff_onnx_node_input(struct tuff_onnx_node *node, const char *value);
// The layer's parameter or buffer number `index` as the next input.
void tuff_onnx_node_parameter(struct tuff_onnx_node *node, uint32_t index);
void tuff_onnx_node_buffer(struct tuff_onnx_node *node, uint32_t index);
// Constants as the next input, called "LAYER/suffix", as no layer can be. values: of `dims`, rank 4 at most;
// NULL stands for exhausted memory.
void tuff_onnx_node_constant(struct tuff_onnx_node *node, const char *suffix, uint32_t rank,
                             const uint32_t *dims, const float *values);
void tuff_onnx_node_filled(struct tuff_onnx_node *node, const char *suffix, uint32_t count, float value);
void tuff_onnx_node_scalar(struct tuff_onnx_node *node, const char *suffix, float value);
void tuff_onnx_node_numbers(struct tuff_onnx_node *node, const char *suffix, const uint32_t *values,
                            size_t count);
// op_type: "Conv". The node is called as its layer.
void tuff_onnx_node_operator(struct tuff_onnx_node *node, const char *output, const char *op_type);
// The same of a node that is no layer's.
void tuff_onnx_node_named(struct tuff_onnx_node *node, const char *name, const char *output,
                          const char *op_type);
// The same of one of the nodes before a layer's last, "LAYER/part". shape: of its output, whose name becomes
// `value`. Attributes follow; the next input begins another node.
void tuff_onnx_node_part(struct tuff_onnx_node *node, const char *part, const char *op_type,
                         const struct tuff_layer_shape *shape, char value[TUFF_ONNX_VALUE_BYTES]);
void tuff_onnx_node_int(struct tuff_onnx_node *node, const char *attribute, uint32_t value);
void tuff_onnx_node_ints(struct tuff_onnx_node *node, const char *attribute, const uint32_t *values,
                         size_t count);
void tuff_onnx_node_float(struct tuff_onnx_node *node, const char *attribute, float value);
void tuff_onnx_node_text(struct tuff_onnx_node *node, const char *attribute, const char *value);
// kernel_shape, strides, pads and dilations; and without dilations, which some operators do not have.
void tuff_onnx_node_window(struct tuff_onnx_node *node, const struct tuff_window *window);
void tuff_onnx_node_plain_window(struct tuff_onnx_node *node, const struct tuff_window *window);
// A part that pads the layer's input, the value `input`, as the window says. mode: of Pad, "constant" for
// zeros, "reflect" or "edge"; or "wrap", which this opset lacks and which becomes several parts.
void tuff_onnx_node_padding(struct tuff_onnx_node *node, const struct tuff_window *window, const char *mode,
                            const char *input, char value[TUFF_ONNX_VALUE_BYTES]);
// The node is whole: adds it to the graph.
void tuff_onnx_node_end(struct tuff_onnx_node *node);

// -- The graph's other fields

enum tuff_onnx_value_place { TUFF_ONNX_INPUT = 11, TUFF_ONNX_OUTPUT = 12, TUFF_ONNX_BETWEEN = 13 };

// A value of (batch,dims...). doc: NULL for none.
void tuff_onnx_add_value(struct tuff_proto *graph, enum tuff_onnx_value_place place, const char *name,
                         uint32_t rank, const uint32_t *dims, const char *doc);
// values: of `dims`.
void tuff_onnx_add_initializer(struct tuff_proto *graph, const char *name, uint32_t rank,
                               const uint32_t *dims, const float *values);
// Whole numbers of 64 bits, in one dimension.
void tuff_onnx_add_numbers(struct tuff_proto *graph, const char *name, const uint32_t *values, size_t count);

#endif
