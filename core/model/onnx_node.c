#include "onnx_node.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

// Fields of NodeProto and AttributeProto, and types of attributes.
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP_TYPE = 4, NODE_ATTRIBUTE = 5 };
enum { ATTRIBUTE_NAME = 1, ATTRIBUTE_FLOAT = 2, ATTRIBUTE_INT = 3, ATTRIBUTE_TEXT = 4, ATTRIBUTE_INTS = 8 };
enum { ATTRIBUTE_TYPE = 20, TYPE_FLOAT = 1, TYPE_INT = 2, TYPE_TEXT = 3, TYPE_INTS = 7 };
enum { GRAPH_NODE = 1 };

// -- Inputs

void tuff_onnx_node_end(struct tuff_onnx_node *node)
{
    tuff_proto_message(node->graph, GRAPH_NODE, &node->proto);
    node->ended = false;
}

void tuff_onnx_node_input(struct tuff_onnx_node *node, const char *value)
{
    if (node->ended)
        tuff_onnx_node_end(node);
    tuff_proto_text(&node->proto, NODE_INPUT, value);
}

static void input_of_layer(struct tuff_onnx_node *node, const char *suffix)
{
    char name[TUFF_ONNX_VALUE_BYTES];
    snprintf(name, sizeof name, "%s.%s", node->layer->name, suffix);
    tuff_onnx_node_input(node, name);
}

void tuff_onnx_node_parameter(struct tuff_onnx_node *node, uint32_t index)
{
    input_of_layer(node, node->layer->parameters[index].suffix);
}

void tuff_onnx_node_buffer(struct tuff_onnx_node *node, uint32_t index)
{
    input_of_layer(node, node->layer->buffers[index].suffix);
}

void tuff_onnx_node_constant(struct tuff_onnx_node *node, const char *suffix, uint32_t rank,
                             const uint32_t *dims, const float *values)
{
    char name[TUFF_ONNX_VALUE_BYTES];
    snprintf(name, sizeof name, "%s/%s", node->layer->name, suffix);
    if (values == NULL)
        node->graph->failed = true;
    else
        tuff_onnx_add_initializer(node->graph, name, rank, dims, values);
    tuff_onnx_node_input(node, name);
}

void tuff_onnx_node_filled(struct tuff_onnx_node *node, const char *suffix, uint32_t count, float value)
{
    float *values = malloc(count * sizeof *values);
    for (uint32_t i = 0; i < count && values != NULL; i++)
        values[i] = value;
    tuff_onnx_node_constant(node, suffix, 1, &count, values);
    free(values);
}

void tuff_onnx_node_scalar(struct tuff_onnx_node *node, const char *suffix, float value)
{
    tuff_onnx_node_constant(node, suffix, 0, NULL, &value);
}

void tuff_onnx_node_numbers(struct tuff_onnx_node *node, const char *suffix, const uint32_t *values,
                            size_t count)
{
    char name[TUFF_ONNX_VALUE_BYTES];
    snprintf(name, sizeof name, "%s/%s", node->layer->name, suffix);
    tuff_onnx_add_numbers(node->graph, name, values, count);
    tuff_onnx_node_input(node, name);
}

// -- The operator

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
    node->ended = true;
}

void tuff_onnx_node_part(struct tuff_onnx_node *node, const char *part, const char *op_type,
                         const struct tuff_layer_shape *shape, char value[TUFF_ONNX_VALUE_BYTES])
{
    char name[TUFF_ONNX_VALUE_BYTES];
    snprintf(name, sizeof name, "%s/%s", node->layer->name, part);
    snprintf(value, TUFF_ONNX_VALUE_BYTES, "%s/%s.output", node->layer->name, part);
    tuff_onnx_node_named(node, name, value, op_type);
    tuff_onnx_add_value(node->graph, TUFF_ONNX_BETWEEN, value, shape->rank, shape->dims, NULL);
}

// -- Attributes

static void add_attribute(struct tuff_onnx_node *node, struct tuff_proto *proto, const char *name,
                          uint32_t type)
{
    tuff_proto_text(proto, ATTRIBUTE_NAME, name);
    tuff_proto_int(proto, ATTRIBUTE_TYPE, type);
    tuff_proto_message(&node->proto, NODE_ATTRIBUTE, proto);
}

void tuff_onnx_node_int(struct tuff_onnx_node *node, const char *attribute, uint32_t value)
{
    struct tuff_proto proto = {.bytes = NULL};
    tuff_proto_int(&proto, ATTRIBUTE_INT, value);
    add_attribute(node, &proto, attribute, TYPE_INT);
}

void tuff_onnx_node_ints(struct tuff_onnx_node *node, const char *attribute, const uint32_t *values,
                         size_t count)
{
    struct tuff_proto proto = {.bytes = NULL};
    for (size_t i = 0; i < count; i++)
        tuff_proto_int(&proto, ATTRIBUTE_INTS, values[i]);
    add_attribute(node, &proto, attribute, TYPE_INTS);
}

void tuff_onnx_node_float(struct tuff_onnx_node *node, const char *attribute, float value)
{
    struct tuff_proto proto = {.bytes = NULL};
    tuff_proto_float(&proto, ATTRIBUTE_FLOAT, value);
    add_attribute(node, &proto, attribute, TYPE_FLOAT);
}

void tuff_onnx_node_text(struct tuff_onnx_node *node, const char *attribute, const char *value)
{
    struct tuff_proto proto = {.bytes = NULL};
    tuff_proto_text(&proto, ATTRIBUTE_TEXT, value);
    add_attribute(node, &proto, attribute, TYPE_TEXT);
}

void tuff_onnx_node_plain_window(struct tuff_onnx_node *node, const struct tuff_window *window)
{
    // All begins, then all ends.
    const uint32_t pads[] = {window->pad_before[0], window->pad_before[1], window->pad_after[0],
                             window->pad_after[1]};
    tuff_onnx_node_ints(node, "kernel_shape", window->kernel, 2);
    tuff_onnx_node_ints(node, "strides", window->stride, 2);
    tuff_onnx_node_ints(node, "pads", pads, 4);
}

void tuff_onnx_node_window(struct tuff_onnx_node *node, const struct tuff_window *window)
{
    tuff_onnx_node_plain_window(node, window);
    tuff_onnx_node_ints(node, "dilations", window->dilation, 2);
}

// -- Padding

// The rows (dimension 0) or columns from `begin` to before `end` as a part, the next input of what follows.
static void add_slice(struct tuff_onnx_node *node, const char *part, const char *input,
                      struct tuff_layer_shape shape, uint32_t dimension, uint32_t begin, uint32_t end,
                      char value[TUFF_ONNX_VALUE_BYTES])
{
    const uint32_t axis = 2 + dimension;
    char starts[32], ends[32], axes[32];
    snprintf(starts, sizeof starts, "%s.starts", part);
    snprintf(ends, sizeof ends, "%s.ends", part);
    snprintf(axes, sizeof axes, "%s.axes", part);
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_numbers(node, starts, &begin, 1);
    tuff_onnx_node_numbers(node, ends, &end, 1);
    tuff_onnx_node_numbers(node, axes, &axis, 1);
    shape.dims[1 + dimension] = end - begin;
    tuff_onnx_node_part(node, part, "Slice", &shape, value);
}

// The last rows before the first, and the first after the last. *shape: of the input, then of the output.
static void add_wrapped(struct tuff_onnx_node *node, const char *const parts[3],
                        const struct tuff_window *window, uint32_t dimension, struct tuff_layer_shape *shape,
                        const char *input, char value[TUFF_ONNX_VALUE_BYTES])
{
    char before[TUFF_ONNX_VALUE_BYTES], after[TUFF_ONNX_VALUE_BYTES];
    uint32_t size = shape->dims[1 + dimension], begin = window->pad_before[dimension],
             end = window->pad_after[dimension];
    if (begin != 0)
        add_slice(node, parts[0], input, *shape, dimension, size - begin, size, before);
    if (end != 0)
        add_slice(node, parts[1], input, *shape, dimension, 0, end, after);
    if (begin != 0)
        tuff_onnx_node_input(node, before);
    tuff_onnx_node_input(node, input);
    if (end != 0)
        tuff_onnx_node_input(node, after);
    shape->dims[1 + dimension] = size + begin + end;
    tuff_onnx_node_part(node, parts[2], "Concat", shape, value);
    tuff_onnx_node_int(node, "axis", 2 + dimension);
}

void tuff_onnx_node_padding(struct tuff_onnx_node *node, const struct tuff_window *window, const char *mode,
                            const char *input, char value[TUFF_ONNX_VALUE_BYTES])
{
    static const char *const rows[] = {"pad.above", "pad.below", "pad.rows"};
    static const char *const columns[] = {"pad.left", "pad.right", "pad.columns"};
    struct tuff_layer_shape shape = node->layer->input;
    if (strcmp(mode, "wrap") == 0) {
        char tall[TUFF_ONNX_VALUE_BYTES];
        add_wrapped(node, rows, window, 0, &shape, input, tall);
        add_wrapped(node, columns, window, 1, &shape, tall, value);
        return;
    }
    const uint32_t pads[] = {0, 0, window->pad_before[0], window->pad_before[1],
                             0, 0, window->pad_after[0],  window->pad_after[1]};
    for (int i = 0; i < 2; i++)
        shape.dims[1 + i] += window->pad_before[i] + window->pad_after[i];
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_numbers(node, "pad.pads", pads, 8);
    tuff_onnx_node_part(node, "pad", "Pad", &shape, value);
    tuff_onnx_node_text(node, "mode", mode);
}
