#include "layer_kinds.h"
#include "onnx_node.h"

static enum tuff_status relu_infer(const struct tuff_source *source, struct tuff_layer *layer)
{
    return tuff_layer_set_output(source, layer, layer->input.rank, layer->input.dims);
}

static enum tuff_status relu_lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                                   tuff_value_id *output)
{
    tuff_value_id values[] = {TUFF_NO_VALUE, with->input};
    enum tuff_status status =
        tuff_graph_add_node(with->graph, TUFF_OP_RELU_FORWARD, NULL, layer->name, values);
    *output = values[0];
    return status;
}

static void relu_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_operator(node, output, "Relu");
}

const struct tuff_layer_kind tuff_layer_relu = {
    .name = "relu",
    .automatic = "relu",
    .infer = relu_infer,
    .lower = relu_lower,
    .onnx = relu_onnx,
};
