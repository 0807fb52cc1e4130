// Nodes of an ONNX graph, as the layers' kinds write them.
#ifndef TUFF_CORE_ONNX_NODE_H
#define TUFF_CORE_ONNX_NODE_H

#include "layer.h"
#include "proto.h"
#include "window.h"

// The layer's node, while it is made: inputs first, then the output, then the operator, then attributes.
struct tuff_onnx_node {
    const struct tuff_layer *layer;
    struct tuff_proto proto;
};

void tuff_onnx_node_input(struct tuff_onnx_node *node, const char *value);
// The layer's parameter number `index` as the next input.
void tuff_onnx_node_parameter(struct tuff_onnx_node *node, uint32_t index);
// op_type: "Conv". The node is called as its layer.
void tuff_onnx_node_operator(struct tuff_onnx_node *node, const char *output, const char *op_type);
// The same of a node that is no layer's.
void tuff_onnx_node_named(struct tuff_onnx_node *node, const char *name, const char *output, const char *op_type);
void tuff_onnx_node_int(struct tuff_onnx_node *node, const char *attribute, uint32_t value);
void tuff_onnx_node_ints(struct tuff_onnx_node *node, const char *attribute, const uint32_t *values,
                         size_t count);
// kernel_shape, strides, pads and dilations.
void tuff_onnx_node_window(struct tuff_onnx_node *node, const struct tuff_window *window);

#endif
