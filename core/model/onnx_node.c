#include "onnx_node.h"

#include <stdio.h>

// Fields of NodeProto and AttributeProto.
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP_TYPE = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_INT = 3, ATTRIBUTE_INTS = 8, ATTRIBUTE_TYPE = 20 };
enum { TYPE_INT = 2, TYPE_INTS = 7 };

void tuff_onnx_node_input(struct tuff_onnx_node *node, const char *value)
{
    tuff_proto_text(&node->proto, NODE_INPUT, value);
}

void tuff_onnx_node_parameter(struct tuff_onnx_node *node, uint32_t index)
{
    char name[TUFF_PARAMETER_NAME_BYTES];
    snprintf(name, sizeof name, "%s.%s", node->layer->name, node->layer->parameters[index].suffix);
    tuff_onnx_node_input(node, name);
}

void tuff_onnx_node_operator(struct tuff_onnx_node *node, const char *output, const char *op_type)
{
    tuff_onnx_node_named(node, node->layer->name, output, op_type);
}

void tuff_onnx_node_named(struct tuff_onnx_node *node, const char *name, const char *output,
                          const char *op_type)
{
    tuff_proto_text(&node->proto, NODE_OUTPUT, output);
    tuff_proto_text(&node->proto, NODE_NAME, name);
    tuff_proto_text(&node->proto, NODE_OP_TYPE, op_type);
}

void tuff_onnx_node_int(struct tuff_onnx_node *node, const char *attribute, uint32_t value)
{
    struct tuff_proto proto = {.bytes = NULL};
    tuff_proto_text(&proto, ATTRIBUTE_NAME, attribute);
    tuff_proto_int(&proto, ATTRIBUTE_INT, value);
    tuff_proto_int(&proto, ATTRIBUTE_TYPE, TYPE_INT);
    tuff_proto_message(&node->proto, NODE_ATTRIBUTE, &proto);
}

void tuff_onnx_node_ints(struct tuff_onnx_node *node, const char *attribute, const uint32_t *values,
                         size_t count)
{
    struct tuff_proto proto = {.bytes = NULL};
    tuff_proto_text(&proto, ATTRIBUTE_NAME, attribute);
    for (size_t i = 0; i < count; i++)
        tuff_proto_int(&proto, ATTRIBUTE_INTS, values[i]);
    tuff_proto_int(&proto, ATTRIBUTE_TYPE, TYPE_INTS);
    tuff_proto_message(&node->proto, NODE_ATTRIBUTE, &proto);
}

void tuff_onnx_node_window(struct tuff_onnx_node *node, const struct tuff_window *window)
{
    // All begins, then all ends.
    const uint32_t pads[] = {window->pad_before[0], window->pad_before[1], window->pad_after[0],
                             window->pad_after[1]};
    tuff_onnx_node_ints(node, "kernel_shape", window->kernel, 2);
    tuff_onnx_node_ints(node, "strides", window->stride, 2);
    tuff_onnx_node_ints(node, "pads", pads, 4);
    tuff_onnx_node_ints(node, "dilations", window->dilation, 2);
}
