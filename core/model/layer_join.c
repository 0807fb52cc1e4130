// What ends a block with branches: their sum, or their concatenation. Shapes have been checked when it ended
// (model_blocks.c).
#include "layer_kinds.h"
#include "onnx_node.h"

// Two inputs at a time, from the first on.
static enum tuff_status join(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                             enum tuff_op op, tuff_value_id *output)
{
    enum tuff_status status = TUFF_OK;
    *output = with->inputs[0];
    for (uint32_t i = 1; status == TUFF_OK && i < layer->input_count; i++) {
        tuff_value_id values[] = {TUFF_NO_VALUE, *output, with->inputs[i]};
        status = tuff_graph_add_node(with->graph, op, NULL, layer->name, values);
        *output = values[0];
    }
    return status;
}

static enum tuff_status sum_lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                                  tuff_value_id *output)
{
    return join(layer, with, TUFF_OP_ADD, output);
}

static enum tuff_status concat_lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                                     tuff_value_id *output)
{
    return join(layer, with, TUFF_OP_CONCAT_FORWARD, output);
}

static void sum_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_input(node, node->inputs[1]);
    tuff_onnx_node_operator(node, output, "Add");
}

static void concat_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    tuff_onnx_node_input(node, input);
    for (uint32_t i = 1; i < node->layer->input_count; i++)
        tuff_onnx_node_input(node, node->inputs[i]);
    tuff_onnx_node_operator(node, output, "Concat");
    tuff_onnx_node_int(node, "axis", 1);
}

const struct tuff_layer_kind tuff_layer_sum = {
    .name = "sum", .automatic = "sum", .lower = sum_lower, .onnx = sum_onnx};
const struct tuff_layer_kind tuff_layer_concat = {
    .name = "concat", .automatic = "concat", .lower = concat_lower, .onnx = concat_onnx};
