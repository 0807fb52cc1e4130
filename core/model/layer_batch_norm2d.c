#include "layer_kinds.h"
#include "onnx_node.h"

enum { EPSILON, MOMENTUM, AFFINE, KEY_COUNT };

// Kernels take it as float32, which has no less than 1e-38.
static const struct tuff_real_range epsilons = {
    .least = 1e-30, .most = 1e30, .fallback = 1e-5, .text = "from 1e-30 to 1e30"};
static const struct tuff_real_range momenta = {.least = 0, .most = 1, .fallback = 0.1, .text = "from 0 to 1"};

static const struct tuff_layer_key keys[KEY_COUNT] = {
    [EPSILON] = {"epsilon", TUFF_SETTING_REAL, .range = &epsilons},
    [MOMENTUM] = {"momentum", TUFF_SETTING_REAL, .range = &momenta},
    [AFFINE] = {"affine", TUFF_SETTING_SWITCH, .fallback = 1},
};

enum { RUNNING_MEAN, RUNNING_VARIANCE };

static enum tuff_status batch_norm2d_infer(const struct tuff_source *source, struct tuff_layer *layer)
{
    enum tuff_status status = tuff_layer_require_image(source, layer);
    if (status != TUFF_OK)
        return status;
    uint32_t channels = layer->input.dims[0];
    if (layer->settings[AFFINE].value[0]) {
        tuff_layer_add_channel_parameter(layer, "weight", channels, 1);
        tuff_layer_add_channel_parameter(layer, "bias", channels, 0);
    }
    tuff_layer_add_channel_buffer(layer, "running_mean", channels, 0);
    tuff_layer_add_channel_buffer(layer, "running_var", channels, 1);
    return tuff_layer_set_output(source, layer, 3, layer->input.dims);
}

static enum tuff_status batch_norm2d_lower(const struct tuff_layer *layer,
                                           const struct tuff_layer_lowering *with, tuff_value_id *output)
{
    const struct tuff_batch_norm2d_params params = {
        .size = sizeof params,
        .epsilon = (float)layer->settings[EPSILON].real,
        .momentum = (float)layer->settings[MOMENTUM].real,
    };
    bool affine = layer->parameter_count != 0;
    tuff_value_id weight = affine ? with->parameters[0] : TUFF_NO_VALUE,
                  bias = affine ? with->parameters[1] : TUFF_NO_VALUE, mean = with->buffers[RUNNING_MEAN],
                  variance = with->buffers[RUNNING_VARIANCE];
    // y, mean and inverse of the batch
    tuff_value_id train[] = {TUFF_NO_VALUE, TUFF_NO_VALUE, TUFF_NO_VALUE, mean,       variance,
                             with->input,   weight,        bias,          with->state};
    tuff_value_id evaluation[] = {TUFF_NO_VALUE, with->input, mean, variance, weight, bias};
    tuff_value_id *values = with->training ? train : evaluation;
    enum tuff_status status = tuff_graph_add_node(
        with->graph, with->training ? TUFF_OP_BATCH_NORM2D_TRAIN : TUFF_OP_BATCH_NORM2D_EVAL, &params,
        layer->name, values);
    *output = values[0];
    return status;
}

// There scale and bias are no choice.
static void batch_norm2d_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    uint32_t channels = node->layer->input.dims[0];
    tuff_onnx_node_input(node, input);
    if (node->layer->parameter_count != 0) {
        tuff_onnx_node_parameter(node, 0);
        tuff_onnx_node_parameter(node, 1);
    } else {
        tuff_onnx_node_filled(node, "scale", channels, 1);
        tuff_onnx_node_filled(node, "shift", channels, 0);
    }
    tuff_onnx_node_buffer(node, RUNNING_MEAN);
    tuff_onnx_node_buffer(node, RUNNING_VARIANCE);
    tuff_onnx_node_operator(node, output, "BatchNormalization");
    tuff_onnx_node_float(node, "epsilon", (float)node->layer->settings[EPSILON].real);
}

const struct tuff_layer_kind tuff_layer_batch_norm2d = {
    .name = "batch_norm2d",
    .automatic = "bn",
    .key_count = KEY_COUNT,
    .keys = keys,
    .has_parameters = true,
    .infer = batch_norm2d_infer,
    .lower = batch_norm2d_lower,
    .onnx = batch_norm2d_onnx,
};
