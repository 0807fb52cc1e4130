#include <stdio.h>
#include <stdlib.h>

#include "layer_kinds.h"
#include "onnx_node.h"

enum { OUTPUT, KEY_COUNT };

static const struct tuff_layer_key keys[KEY_COUNT] = {
    [OUTPUT] = {"output", TUFF_SETTING_PAIR, .required = true, .maximum = TUFF_MAX_EXTENT},
};

static enum tuff_status adaptive_avg_pool2d_infer(const struct tuff_source *source, struct tuff_layer *layer)
{
    const uint32_t *output = layer->settings[OUTPUT].value;
    enum tuff_status status = tuff_layer_require_image(source, layer);
    if (status != TUFF_OK)
        return status;
    return tuff_layer_set_output(source, layer, 3, (uint32_t[]){layer->input.dims[0], output[0], output[1]});
}

// Nothing tells the op the size of its output but the output.
static enum tuff_status adaptive_avg_pool2d_lower(const struct tuff_layer *layer,
                                                  const struct tuff_layer_lowering *with,
                                                  tuff_value_id *output)
{
    const struct tuff_tensor x = with->graph->values[with->input].shape;
    const uint32_t *d = layer->output.dims;
    char name[TUFF_VALUE_NAME_BYTES];
    snprintf(name, sizeof name, "%s.y", layer->name);
    tuff_value_id values[] = {TUFF_NO_VALUE, with->input};
    enum tuff_status status =
        tuff_graph_add_value(with->graph, TUFF_VALUE_ACTIVATION, 0, name, (enum tuff_dtype)x.dtype, 4,
                             (uint32_t[]){x.dims[0], d[0], d[1], d[2]}, true, &values[0]);
    if (status == TUFF_OK)
        status =
            tuff_graph_add_node(with->graph, TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD, NULL, layer->name, values);
    *output = values[0];
    return status;
}

// Rows are averaged as a product with a matrix whose rows have 1/n where a region is: (output,input), or its
// transpose.
static void add_matrix(struct tuff_onnx_node *node, const char *suffix, uint32_t output, uint32_t input,
                       bool transposed)
{
    // What is too large for an ONNX file is not begun.
    const uint64_t elements = (uint64_t)output * input;
    float *matrix = elements > INT32_MAX / sizeof *matrix ? NULL : calloc((size_t)elements, sizeof *matrix);
    const uint32_t dims[] = {transposed ? input : output, transposed ? output : input};
    for (uint32_t o = 0; o < output && matrix != NULL; o++) {
        uint64_t begin = (uint64_t)o * input / output;
        uint64_t end = ((uint64_t)(o + 1) * input + output - 1) / output;
        for (uint64_t i = begin; i < end; i++)
            matrix[transposed ? i * output + o : (uint64_t)o * input + i] = 1 / (float)(end - begin);
    }
    tuff_onnx_node_constant(node, suffix, 2, dims, matrix);
    free(matrix);
}

static void adaptive_avg_pool2d_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    const struct tuff_layer *layer = node->layer;
    const uint32_t *in = &layer->input.dims[1], *out = &layer->output.dims[1];
    if (out[0] == 1 && out[1] == 1) {
        tuff_onnx_node_input(node, input);
        tuff_onnx_node_operator(node, output, "GlobalAveragePool");
        return;
    }
    if (in[0] % out[0] == 0 && in[1] % out[1] == 0) {
        const uint32_t kernel[2] = {in[0] / out[0], in[1] / out[1]};
        const struct tuff_window window = {.kernel = {kernel[0], kernel[1]},
                                           .stride = {kernel[0], kernel[1]}};
        tuff_onnx_node_input(node, input);
        tuff_onnx_node_operator(node, output, "AveragePool");
        tuff_onnx_node_plain_window(node, &window);
        return;
    }
    char rows[TUFF_ONNX_VALUE_BYTES];
    const struct tuff_layer_shape between = {3, {layer->input.dims[0], out[0], in[1]}};
    add_matrix(node, "rows", out[0], in[0], false);
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_part(node, "pooled_rows", "MatMul", &between, rows);
    tuff_onnx_node_input(node, rows);
    add_matrix(node, "columns", out[1], in[1], true);
    tuff_onnx_node_operator(node, output, "MatMul");
}

const struct tuff_layer_kind tuff_layer_adaptive_avg_pool2d = {
    .name = "adaptive_avg_pool2d",
    .automatic = "adaptive_pool",
    .key_count = KEY_COUNT,
    .keys = keys,
    .infer = adaptive_avg_pool2d_infer,
    .lower = adaptive_avg_pool2d_lower,
    .onnx = adaptive_avg_pool2d_onnx,
};
