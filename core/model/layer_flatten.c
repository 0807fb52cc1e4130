#include <stdio.h>

#include "layer_kinds.h"
#include "onnx_node.h"

static enum tuff_status flatten_infer(const struct tuff_source *source, struct tuff_layer *layer)
{
    uint64_t elements;
    if (!tuff_layer_elements(layer->input.rank, layer->input.dims, &elements))
        return TUFF_ERROR_INTERNAL;
    uint32_t features = (uint32_t)elements;
    return tuff_layer_set_output(source, layer, 1, &features);
}

// No op: the same memory under another shape.
static enum tuff_status flatten_lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                                      tuff_value_id *output)
{
    uint32_t batch = with->graph->values[with->input].shape.dims[0];
    char name[TUFF_VALUE_NAME_BYTES];
    snprintf(name, sizeof name, "%s.y", layer->name);
    return tuff_graph_add_view(with->graph, with->input, name, 2, (uint32_t[]){batch, layer->output.dims[0]},
                               output);
}

// Row-major there as well: channels, rows, columns.
static void flatten_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_operator(node, output, "Flatten");
    tuff_onnx_node_int(node, "axis", 1);
}

const struct tuff_layer_kind tuff_layer_flatten = {
    .name = "flatten",
    .automatic = "flatten",
    .infer = flatten_infer,
    .lower = flatten_lower,
    .onnx = flatten_onnx,
};
