#include "layer_kinds.h"
#include "onnx_node.h"
#include "window.h"

enum { CHANNELS, KERNEL, STRIDE, PADDING, DILATION, GROUPS, BIAS, PADDING_MODE, KEY_COUNT };

// In the order of enum tuff_padding_mode.
static const char *const padding_modes[] = {"zeros", "reflect", "replicate", "circular", NULL};

static const struct tuff_layer_key keys[KEY_COUNT] = {
    [CHANNELS] = {"channels", TUFF_SETTING_NUMBER, .required = true, .maximum = TUFF_MAX_FEATURES},
    [KERNEL] = {"kernel", TUFF_SETTING_PAIR, .required = true, .maximum = TUFF_MAX_EXTENT},
    [STRIDE] = {"stride", TUFF_SETTING_PAIR, .maximum = TUFF_MAX_EXTENT, .fallback = 1},
    [PADDING] = {"padding", TUFF_SETTING_PADDING, .maximum = TUFF_MAX_EXTENT, .fallback = 0},
    [DILATION] = {"dilation", TUFF_SETTING_PAIR, .maximum = TUFF_MAX_EXTENT, .fallback = 1},
    [GROUPS] = {"groups", TUFF_SETTING_NUMBER, .maximum = TUFF_MAX_FEATURES, .fallback = 1},
    [BIAS] = {"bias", TUFF_SETTING_SWITCH, .fallback = 1},
    [PADDING_MODE] = {"padding_mode", TUFF_SETTING_WORD, .words = padding_modes},
};
static const struct tuff_window_keys window_keys = {KERNEL, STRIDE, PADDING, DILATION};

// Reflection needs rows beside the border one, and circular padding takes each row once at most.
static enum tuff_status check_padding(const struct tuff_source *source, const struct tuff_layer *layer,
                                      const struct tuff_window *window)
{
    uint32_t mode = layer->settings[PADDING_MODE].value[0];
    if (mode != TUFF_PADDING_REFLECT && mode != TUFF_PADDING_CIRCULAR)
        return TUFF_OK;
    for (int i = 0; i < 2; i++) {
        uint32_t input = layer->input.dims[1 + i], most = mode == TUFF_PADDING_REFLECT ? input - 1 : input;
        if (window->pad_after[i] > most) // the greater of the two where they differ
            return tuff_layer_fail(source, layer, PADDING,
                                   "a padding of %u in an input of %ux%u; padding_mode %s allows %u there",
                                   window->pad_after[i], layer->input.dims[1], layer->input.dims[2],
                                   padding_modes[mode], most);
    }
    return TUFF_OK;
}

static enum tuff_status conv2d_infer(const struct tuff_source *source, struct tuff_layer *layer)
{
    enum tuff_status status = tuff_layer_require_image(source, layer);
    if (status != TUFF_OK)
        return status;
    uint32_t input_channels = layer->input.dims[0];
    uint32_t channels = layer->settings[CHANNELS].value[0];
    uint32_t groups = layer->settings[GROUPS].value[0];
    if (input_channels % groups != 0)
        return tuff_layer_fail(source, layer, GROUPS, "%u groups do not divide the %u channels of the input",
                               groups, input_channels);
    if (channels % groups != 0)
        return tuff_layer_fail(source, layer, GROUPS, "%u groups do not divide the %u channels of the output",
                               groups, channels);
    struct tuff_window window;
    status = tuff_window_infer(source, layer, &window_keys, &window);
    if (status == TUFF_OK)
        status = check_padding(source, layer, &window);
    // Kernels may make a copy of the image with its padding around it.
    uint64_t elements;
    const uint32_t padded[] = {input_channels,
                               layer->input.dims[1] + window.pad_before[0] + window.pad_after[0],
                               layer->input.dims[2] + window.pad_before[1] + window.pad_after[1]};
    if (status == TUFF_OK && !tuff_layer_elements(3, padded, &elements))
        return tuff_layer_fail(
            source, layer, PADDING,
            "its padded input would have more than %d elements, the most a tensor may have", INT32_MAX);
    if (status == TUFF_OK)
        status = tuff_layer_set_output(source, layer, 3,
                                       (uint32_t[]){channels, window.output[0], window.output[1]});
    if (status != TUFF_OK)
        return status;

    // Cannot wrap where it is kept: a weight that has fan_in elements or more is refused below.
    uint32_t weight[] = {channels, input_channels / groups, window.kernel[0], window.kernel[1]};
    uint32_t fan_in = weight[1] * weight[2] * weight[3];
    status = tuff_layer_add_parameter(source, layer, "weight", 4, weight, fan_in);
    if (status == TUFF_OK && layer->settings[BIAS].value[0])
        status = tuff_layer_add_parameter(source, layer, "bias", 1, &channels, fan_in);
    layer->multiply_adds = (uint64_t)channels * window.output[0] * window.output[1] * fan_in;
    return status;
}

static enum tuff_status conv2d_lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                                     tuff_value_id *output)
{
    struct tuff_window window;
    tuff_window_get(layer, &window_keys, &window);
    const struct tuff_conv2d_params params = {
        .size = sizeof params,
        .stride_h = window.stride[0],
        .stride_w = window.stride[1],
        .dilation_h = window.dilation[0],
        .dilation_w = window.dilation[1],
        .pad_top = window.pad_before[0],
        .pad_bottom = window.pad_after[0],
        .pad_left = window.pad_before[1],
        .pad_right = window.pad_after[1],
        .groups = layer->settings[GROUPS].value[0],
        .padding_mode = layer->settings[PADDING_MODE].value[0],
    };
    tuff_value_id values[] = {TUFF_NO_VALUE, with->input, with->parameters[0],
                              layer->parameter_count > 1 ? with->parameters[1] : TUFF_NO_VALUE};
    enum tuff_status status =
        tuff_graph_add_node(with->graph, TUFF_OP_CONV2D_FORWARD, &params, layer->name, values);
    *output = values[0];
    return status;
}

// What is not zeros becomes rows and columns of the image before.
static void conv2d_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    // Of Pad, in the order of enum tuff_padding_mode.
    static const char *const modes[] = {"constant", "reflect", "edge", "wrap"};
    uint32_t mode = node->layer->settings[PADDING_MODE].value[0];
    struct tuff_window window;
    char padded[TUFF_ONNX_VALUE_BYTES];
    tuff_window_get(node->layer, &window_keys, &window);
    if (mode != TUFF_PADDING_ZEROS) {
        tuff_onnx_node_padding(node, &window, modes[mode], input, padded);
        input = padded;
        for (int i = 0; i < 2; i++)
            window.pad_before[i] = window.pad_after[i] = 0;
    }
    tuff_onnx_node_input(node, input);
    for (uint32_t i = 0; i < node->layer->parameter_count; i++)
        tuff_onnx_node_parameter(node, i);
    tuff_onnx_node_operator(node, output, "Conv");
    tuff_onnx_node_window(node, &window);
    tuff_onnx_node_int(node, "group", node->layer->settings[GROUPS].value[0]);
}

const struct tuff_layer_kind tuff_layer_conv2d = {
    .name = "conv2d",
    .automatic = "conv",
    .key_count = KEY_COUNT,
    .keys = keys,
    .has_parameters = true,
    .infer = conv2d_infer,
    .lower = conv2d_lower,
    .onnx = conv2d_onnx,
};
