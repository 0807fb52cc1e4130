#include "layer_kinds.h"
#include "onnx_node.h"

enum { FEATURES, BIAS, KEY_COUNT };

static const struct tuff_layer_key keys[KEY_COUNT] = {
    [FEATURES] = {"features", TUFF_SETTING_NUMBER, .required = true, .maximum = TUFF_MAX_FEATURES},
    [BIAS] = {"bias", TUFF_SETTING_SWITCH, .fallback = 1},
};

static enum tuff_status linear_infer(const struct tuff_source *source, struct tuff_layer *layer)
{
    if (layer->input.rank != 1) {
        char text[TUFF_SHAPE_TEXT_BYTES];
        return tuff_layer_fail(source, layer, TUFF_LAYER_ITSELF,
                               "expected an input of features, found %s; add a flatten layer before it",
                               tuff_layer_shape_text(&layer->input, text));
    }
    uint32_t features = layer->settings[FEATURES].value[0];
    uint32_t fan_in = layer->input.dims[0];
    enum tuff_status status = tuff_layer_set_output(source, layer, 1, &features);
    if (status == TUFF_OK)
        status = tuff_layer_add_parameter(source, layer, "weight", 2, (uint32_t[]){features, fan_in}, fan_in);
    if (status == TUFF_OK && layer->settings[BIAS].value[0])
        status = tuff_layer_add_parameter(source, layer, "bias", 1, &features, fan_in);
    layer->multiply_adds = (uint64_t)features * fan_in;
    return status;
}

static enum tuff_status linear_lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                                     tuff_value_id *output)
{
    tuff_value_id values[] = {TUFF_NO_VALUE, with->input, with->parameters[0],
                              layer->parameter_count > 1 ? with->parameters[1] : TUFF_NO_VALUE};
    enum tuff_status status =
        tuff_graph_add_node(with->graph, TUFF_OP_LINEAR_FORWARD, NULL, layer->name, values);
    *output = values[0];
    return status;
}

// The weight is (out,in), and Gemm multiplies by (in,out) unless told to transpose.
static void linear_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    tuff_onnx_node_input(node, input);
    for (uint32_t i = 0; i < node->layer->parameter_count; i++)
        tuff_onnx_node_parameter(node, i);
    tuff_onnx_node_operator(node, output, "Gemm");
    tuff_onnx_node_int(node, "transB", 1);
}

const struct tuff_layer_kind tuff_layer_linear = {
    .name = "linear",
    .automatic = "fc",
    .key_count = KEY_COUNT,
    .keys = keys,
    .has_parameters = true,
    .infer = linear_infer,
    .lower = linear_lower,
    .onnx = linear_onnx,
};
