#include "layer_kinds.h"
#include "onnx_node.h"
#include "window.h"

enum { KERNEL, STRIDE, PADDING, DILATION, KEY_COUNT };

static const struct tuff_layer_key keys[KEY_COUNT] = {
    [KERNEL] = {"kernel", TUFF_SETTING_PAIR, .required = true, .maximum = TUFF_MAX_EXTENT},
    [STRIDE] = {"stride", TUFF_SETTING_PAIR, .maximum = TUFF_MAX_EXTENT, .fallback = 0}, // the kernel
    [PADDING] = {"padding", TUFF_SETTING_PADDING, .maximum = TUFF_MAX_EXTENT, .fallback = 0},
    [DILATION] = {"dilation", TUFF_SETTING_PAIR, .maximum = TUFF_MAX_EXTENT, .fallback = 1},
};
static const struct tuff_window_keys window_keys = {KERNEL, STRIDE, PADDING, DILATION};

// Whether some window of one dimension lies on padding alone; padding is at most half of the kernel. Only
// windows that begin before the input can: those that begin later have their first element on it, or end on
// it.
static bool has_empty_window(const struct tuff_window *window, uint32_t input, int dimension)
{
    uint32_t dilation = window->dilation[dimension];
    for (uint32_t i = 0; i < window->output[dimension]; i++) {
        uint64_t start = (uint64_t)i * window->stride[dimension]; // in padded rows
        if (start >= window->pad_before[dimension])
            return false;
        uint32_t outside = window->pad_before[dimension] - (uint32_t)start;
        uint32_t first =
            (outside + dilation - 1) / dilation * dilation - outside; // the first row past the padding
        if (first >= input)
            return true;
    }
    return false;
}

static enum tuff_status max_pool2d_infer(const struct tuff_source *source, struct tuff_layer *layer)
{
    enum tuff_status status = tuff_layer_require_image(source, layer);
    if (status != TUFF_OK)
        return status;
    struct tuff_window window;
    tuff_window_simplify(layer, &window_keys);
    status = tuff_window_infer(source, layer, &window_keys, &window);
    if (status != TUFF_OK)
        return status;
    for (int i = 0; i < 2; i++) {
        // pad_after is the greater of the two where they differ.
        if (window.pad_after[i] > window.kernel[i] / 2)
            return tuff_layer_fail(source, layer, PADDING,
                                   "a padding of %u is more than half of the kernel of %u",
                                   window.pad_after[i], window.kernel[i]);
        if (has_empty_window(&window, layer->input.dims[1 + i], i))
            return tuff_layer_fail(
                source, layer, PADDING,
                "with a padding of %u and a dilation of %u, a window has no element of the input",
                window.pad_before[i], window.dilation[i]);
    }
    return tuff_layer_set_output(source, layer, 3,
                                 (uint32_t[]){layer->input.dims[0], window.output[0], window.output[1]});
}

static enum tuff_status max_pool2d_lower(const struct tuff_layer *layer,
                                         const struct tuff_layer_lowering *with, tuff_value_id *output)
{
    struct tuff_window window;
    tuff_window_get(layer, &window_keys, &window);
    const struct tuff_max_pool2d_params params = {
        .size = sizeof params,
        .kernel_h = window.kernel[0],
        .kernel_w = window.kernel[1],
        .stride_h = window.stride[0],
        .stride_w = window.stride[1],
        .dilation_h = window.dilation[0],
        .dilation_w = window.dilation[1],
        .pad_top = window.pad_before[0],
        .pad_bottom = window.pad_after[0],
        .pad_left = window.pad_before[1],
        .pad_right = window.pad_after[1],
    };
    tuff_value_id values[] = {TUFF_NO_VALUE, TUFF_NO_VALUE, with->input}; // y, index, x
    enum tuff_status status =
        tuff_graph_add_node(with->graph, TUFF_OP_MAX_POOL2D_FORWARD, &params, layer->name, values);
    *output = values[0];
    return status;
}

// Padding never wins there either.
static void max_pool2d_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    struct tuff_window window;
    tuff_window_get(node->layer, &window_keys, &window);
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_operator(node, output, "MaxPool");
    tuff_onnx_node_window(node, &window);
}

const struct tuff_layer_kind tuff_layer_max_pool2d = {
    .name = "max_pool2d",
    .automatic = "pool",
    .key_count = KEY_COUNT,
    .keys = keys,
    .infer = max_pool2d_infer,
    .lower = max_pool2d_lower,
    .onnx = max_pool2d_onnx,
};
