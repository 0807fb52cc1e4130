// leaky_relu, gelu, silu, sigmoid, tanh: one op of several kinds.
#include "layer_kinds.h"
#include "onnx_node.h"

enum { SLOPE, KEY_COUNT };

static const struct tuff_real_range slopes = {
    .least = -1e30, .most = 1e30, .fallback = 0.01, .text = "from -1e30 to 1e30"};

static const struct tuff_layer_key leaky_relu_keys[KEY_COUNT] = {
    [SLOPE] = {"negative_slope", TUFF_SETTING_REAL, .range = &slopes},
};

static enum tuff_status activation_infer(const struct tuff_source *source, struct tuff_layer *layer)
{
    return tuff_layer_set_output(source, layer, layer->input.rank, layer->input.dims);
}

static enum tuff_status lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                              enum tuff_activation kind, tuff_value_id *output)
{
    const struct tuff_activation_params params = {
        .size = sizeof params,
        .kind = kind,
        .slope = kind == TUFF_ACTIVATION_LEAKY_RELU ? (float)layer->settings[SLOPE].real : 0,
    };
    tuff_value_id values[] = {TUFF_NO_VALUE, with->input};
    enum tuff_status status =
        tuff_graph_add_node(with->graph, TUFF_OP_ACTIVATION_FORWARD, &params, layer->name, values);
    *output = values[0];
    return status;
}

static enum tuff_status leaky_relu_lower(const struct tuff_layer *layer,
                                         const struct tuff_layer_lowering *with, tuff_value_id *output)
{
    return lower(layer, with, TUFF_ACTIVATION_LEAKY_RELU, output);
}

static void leaky_relu_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_operator(node, output, "LeakyRelu");
    tuff_onnx_node_float(node, "alpha", (float)node->layer->settings[SLOPE].real);
}

static enum tuff_status gelu_lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                                   tuff_value_id *output)
{
    return lower(layer, with, TUFF_ACTIVATION_GELU, output);
}

// x * (erf(x / sqrt 2) + 1) / 2: the opset has no operator for it.
static void gelu_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    const struct tuff_layer_shape *shape = &node->layer->output;
    char value[TUFF_ONNX_VALUE_BYTES];
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_scalar(node, "sqrt2", 1.41421356237f);
    tuff_onnx_node_part(node, "scaled", "Div", shape, value);
    tuff_onnx_node_input(node, value);
    tuff_onnx_node_part(node, "erf", "Erf", shape, value);
    tuff_onnx_node_input(node, value);
    tuff_onnx_node_scalar(node, "one", 1);
    tuff_onnx_node_part(node, "twice", "Add", shape, value);
    tuff_onnx_node_input(node, value);
    tuff_onnx_node_scalar(node, "half", 0.5f);
    tuff_onnx_node_part(node, "phi", "Mul", shape, value);
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_input(node, value);
    tuff_onnx_node_operator(node, output, "Mul");
}

static enum tuff_status silu_lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                                   tuff_value_id *output)
{
    return lower(layer, with, TUFF_ACTIVATION_SILU, output);
}

static void silu_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    char value[TUFF_ONNX_VALUE_BYTES];
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_part(node, "sigmoid", "Sigmoid", &node->layer->output, value);
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_input(node, value);
    tuff_onnx_node_operator(node, output, "Mul");
}

static enum tuff_status sigmoid_lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                                      tuff_value_id *output)
{
    return lower(layer, with, TUFF_ACTIVATION_SIGMOID, output);
}

static void sigmoid_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_operator(node, output, "Sigmoid");
}

static enum tuff_status tanh_lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                                   tuff_value_id *output)
{
    return lower(layer, with, TUFF_ACTIVATION_TANH, output);
}

static void tanh_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_operator(node, output, "Tanh");
}

const struct tuff_layer_kind tuff_layer_leaky_relu = {
    .name = "leaky_relu",
    .automatic = "leaky_relu",
    .key_count = KEY_COUNT,
    .keys = leaky_relu_keys,
    .infer = activation_infer,
    .lower = leaky_relu_lower,
    .onnx = leaky_relu_onnx,
};
const struct tuff_layer_kind tuff_layer_gelu = {
    .name = "gelu", .automatic = "gelu", .infer = activation_infer, .lower = gelu_lower, .onnx = gelu_onnx};
const struct tuff_layer_kind tuff_layer_silu = {
    .name = "silu", .automatic = "silu", .infer = activation_infer, .lower = silu_lower, .onnx = silu_onnx};
const struct tuff_layer_kind tuff_layer_sigmoid = {
    .name = "sigmoid",
    .automatic = "sigmoid",
    .infer = activation_infer,
    .lower = sigmoid_lower,
    .onnx = sigmoid_onnx,
};
const struct tuff_layer_kind tuff_layer_tanh = {
    .name = "tanh", .automatic = "tanh", .infer = activation_infer, .lower = tanh_lower, .onnx = tanh_onnx};
