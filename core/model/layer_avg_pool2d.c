#include "layer_kinds.h"
#include "onnx_node.h"
#include "window.h"

enum { KERNEL, STRIDE, PADDING, CEIL_MODE, COUNT_INCLUDE_PAD, KEY_COUNT };

static const struct tuff_layer_key keys[KEY_COUNT] = {
    [KERNEL] = {"kernel", TUFF_SETTING_PAIR, .required = true, .maximum = TUFF_MAX_EXTENT},
    [STRIDE] = {"stride", TUFF_SETTING_PAIR, .maximum = TUFF_MAX_EXTENT, .fallback = 0}, // the kernel
    [PADDING] = {"padding", TUFF_SETTING_PADDING, .maximum = TUFF_MAX_EXTENT, .fallback = 0},
    [CEIL_MODE] = {"ceil_mode", TUFF_SETTING_SWITCH, .fallback = 0},
    [COUNT_INCLUDE_PAD] = {"count_include_pad", TUFF_SETTING_SWITCH, .fallback = 1},
};
static const struct tuff_window_keys window_keys = {KERNEL, STRIDE, PADDING, TUFF_LAYER_ITSELF};

// Ceil mode: a last window that begins on the input or the padding before it counts too. overhang: what it
// reaches beyond the padding behind. Elsewhere none is, and nothing changes.
static void add_overhang(const struct tuff_layer *layer, struct tuff_window *window, uint32_t overhang[2])
{
    for (int i = 0; i < 2; i++) {
        uint32_t input = layer->input.dims[1 + i], stride = window->stride[i];
        uint64_t padded = (uint64_t)input + window->pad_before[i] + window->pad_after[i];
        uint64_t next = (uint64_t)window->output[i] * stride; // where one more window would begin
        overhang[i] = 0;
        if (!layer->settings[CEIL_MODE].value[0] || next >= (uint64_t)input + window->pad_before[i] ||
            next + window->kernel[i] <= padded || next + window->kernel[i] - padded >= stride)
            continue;
        overhang[i] = (uint32_t)(next + window->kernel[i] - padded);
        window->output[i]++;
    }
}

static enum tuff_status avg_pool2d_infer(const struct tuff_source *source, struct tuff_layer *layer)
{
    struct tuff_window window;
    uint32_t overhang[2];
    enum tuff_status status = tuff_layer_require_image(source, layer);
    tuff_window_simplify(layer, &window_keys);
    if (status == TUFF_OK)
        status = tuff_window_infer(source, layer, &window_keys, &window);
    if (status != TUFF_OK)
        return status;
    for (int i = 0; i < 2; i++)
        if (window.pad_after[i] > window.kernel[i] / 2) // the greater of the two where they differ
            return tuff_layer_fail(source, layer, PADDING,
                                   "a padding of %u is more than half of the kernel of %u",
                                   window.pad_after[i], window.kernel[i]);
    add_overhang(layer, &window, overhang);
    for (int i = 0; i < 2; i++) {
        uint64_t last = (uint64_t)(window.output[i] - 1) * window.stride[i];
        if (last >= (uint64_t)layer->input.dims[1 + i] + window.pad_before[i])
            return tuff_layer_fail(source, layer, PADDING,
                                   "with a padding of %u, the last window has no element of the input",
                                   window.pad_after[i]);
    }
    return tuff_layer_set_output(source, layer, 3,
                                 (uint32_t[]){layer->input.dims[0], window.output[0], window.output[1]});
}

static enum tuff_status avg_pool2d_lower(const struct tuff_layer *layer,
                                         const struct tuff_layer_lowering *with, tuff_value_id *output)
{
    struct tuff_window window;
    uint32_t overhang[2];
    tuff_window_get(layer, &window_keys, &window);
    add_overhang(layer, &window, overhang);
    const struct tuff_avg_pool2d_params params = {
        .size = sizeof params,
        .kernel_h = window.kernel[0],
        .kernel_w = window.kernel[1],
        .stride_h = window.stride[0],
        .stride_w = window.stride[1],
        .pad_top = window.pad_before[0],
        .pad_bottom = window.pad_after[0],
        .pad_left = window.pad_before[1],
        .pad_right = window.pad_after[1],
        .overhang_h = overhang[0],
        .overhang_w = overhang[1],
        .count_include_pad = layer->settings[COUNT_INCLUDE_PAD].value[0],
    };
    tuff_value_id values[] = {TUFF_NO_VALUE, with->input};
    enum tuff_status status =
        tuff_graph_add_node(with->graph, TUFF_OP_AVG_POOL2D_FORWARD, &params, layer->name, values);
    *output = values[0];
    return status;
}

// The overhang is never counted: as padding of an operator that counts none. Padding that is counted beside
// it becomes zeros of the image before.
static void avg_pool2d_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    const struct tuff_layer *layer = node->layer;
    struct tuff_window window;
    uint32_t overhang[2];
    char padded[TUFF_ONNX_VALUE_BYTES];
    tuff_window_get(layer, &window_keys, &window);
    add_overhang(layer, &window, overhang);
    bool hangs = overhang[0] != 0 || overhang[1] != 0;
    bool counted = layer->settings[COUNT_INCLUDE_PAD].value[0] != 0;
    bool is_padded =
        window.pad_before[0] + window.pad_after[0] + window.pad_before[1] + window.pad_after[1] != 0;
    if (hangs && counted && is_padded) {
        tuff_onnx_node_padding(node, &window, "constant", input, padded);
        input = padded;
        for (int i = 0; i < 2; i++)
            window.pad_before[i] = window.pad_after[i] = 0;
    }
    for (int i = 0; i < 2; i++)
        window.pad_after[i] += overhang[i];
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_operator(node, output, "AveragePool");
    tuff_onnx_node_plain_window(node, &window);
    tuff_onnx_node_int(node, "count_include_pad", counted && !hangs);
}

const struct tuff_layer_kind tuff_layer_avg_pool2d = {
    .name = "avg_pool2d",
    .automatic = "avg_pool",
    .key_count = KEY_COUNT,
    .keys = keys,
    .infer = avg_pool2d_infer,
    .lower = avg_pool2d_lower,
    .onnx = avg_pool2d_onnx,
};
