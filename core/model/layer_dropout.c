#include "layer_kinds.h"
#include "onnx_node.h"

enum { PROBABILITY, KEY_COUNT };

static const struct tuff_real_range probabilities = {
    .least = 0, .most = 1, .fallback = 0.5, .text = "from 0 to below 1", .most_excluded = true};

static const struct tuff_layer_key keys[KEY_COUNT] = {
    [PROBABILITY] = {"p", TUFF_SETTING_REAL, .range = &probabilities},
};

static enum tuff_status dropout_infer(const struct tuff_source *source, struct tuff_layer *layer)
{
    double probability = layer->settings[PROBABILITY].real;
    if ((float)probability >= 1) // the op's type has fewer digits
        return tuff_layer_fail(source, layer, PROBABILITY, "a 'p' of %.17g is 1 in float32, and drops all",
                               probability);
    return tuff_layer_set_output(source, layer, layer->input.rank, layer->input.dims);
}

// Evaluation has no op for it. The step's number in the state makes each step's mask another one.
static enum tuff_status dropout_lower(const struct tuff_layer *layer, const struct tuff_layer_lowering *with,
                                      tuff_value_id *output)
{
    *output = with->input;
    if (!with->training)
        return TUFF_OK;
    const struct tuff_dropout_params params = {
        .size = sizeof params,
        .probability = (float)layer->settings[PROBABILITY].real,
        .seed_low = (uint32_t)with->seed,
        .seed_high = (uint32_t)(with->seed >> 32),
        .layer = layer->number,
    };
    tuff_value_id values[] = {TUFF_NO_VALUE, with->input, with->state};
    enum tuff_status status =
        tuff_graph_add_node(with->graph, TUFF_OP_DROPOUT_FORWARD, &params, layer->name, values);
    *output = values[0];
    return status;
}

static void dropout_onnx(struct tuff_onnx_node *node, const char *input, const char *output)
{
    tuff_onnx_node_input(node, input);
    tuff_onnx_node_operator(node, output, "Identity");
}

const struct tuff_layer_kind tuff_layer_dropout = {
    .name = "dropout",
    .automatic = "dropout",
    .key_count = KEY_COUNT,
    .keys = keys,
    .infer = dropout_infer,
    .lower = dropout_lower,
    .onnx = dropout_onnx,
};
