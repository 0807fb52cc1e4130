// ONNX files: the model as a graph. Layers write their own nodes; here is what is around them.
#include "tuff/onnx.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/whole_file.h"
#include "floats.h"
#include "onnx_node.h"
#include "printable.h"
#include "tuff/op/gather.h"

// Fields of the messages, and the one type of numbers.
enum {
    MODEL_IR_VERSION = 1,
    MODEL_PRODUCER = 2,
    MODEL_PRODUCER_VERSION = 3,
    MODEL_GRAPH = 7,
    MODEL_OPSET = 8
};
enum { MODEL_METADATA = 14, METADATA_KEY = 1, METADATA_VALUE = 2, OPSET_VERSION = 2 };
enum { GRAPH_NAME = 2 };

#define INPUT  "input"
#define LOGITS "logits"

static const char input_text[] = "images of float32 from 0 to 1: bytes divided by 255";

static uint64_t parameter_elements(const struct tuff_parameter_info *info)
{
    uint64_t elements = 1;
    for (uint32_t i = 0; i < info->rank; i++)
        elements *= info->dims[i];
    return elements;
}

// A name with a dot is never that of the input or of the logits, and no parameter ends in ".output".
static void output_name(const struct tuff_model *model, uint32_t layer, char name[TUFF_ONNX_VALUE_BYTES])
{
    if (layer + 1 == model->layer_count)
        snprintf(name, TUFF_ONNX_VALUE_BYTES, LOGITS);
    else
        snprintf(name, TUFF_ONNX_VALUE_BYTES, "%s.output", model->layers[layer].name);
}

// -- The graph

// Of values, as no layer's can be called: its name has no '/'.
#define CENTRED    "normalize/centred"
#define NORMALIZED "normalize/output"
#define MEAN       "normalize/mean"
#define DEVIATION  "normalize/deviation"

// output = left OPERATOR right
static void add_arithmetic(struct tuff_proto *graph, const char *name, const char *operator,
                           const char * left, const char *right, const char *output)
{
    struct tuff_onnx_node node = {.graph = graph};
    tuff_onnx_node_input(&node, left);
    tuff_onnx_node_input(&node, right);
    tuff_onnx_node_named(&node, name, output, operator);
    tuff_onnx_node_end(&node);
}

static enum tuff_status add_nodes(const struct tuff_log *log, const char *path,
                                  const struct tuff_model *model, const struct tuff_onnx_options *options,
                                  struct tuff_proto *graph)
{
    if (options->mean != NULL) {
        add_arithmetic(graph, "normalize/centre", "Sub", INPUT, MEAN, CENTRED);
        add_arithmetic(graph, "normalize/scale", "Div", CENTRED, DEVIATION, NORMALIZED);
    }
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct tuff_layer *layer = &model->layers[i];
        char inputs[TUFF_LAYER_MAX_INPUTS][TUFF_ONNX_VALUE_BYTES], output[TUFF_ONNX_VALUE_BYTES];
        struct tuff_onnx_node node = {.layer = layer, .graph = graph};
        if (layer->kind->onnx == NULL)
            return tuff_fail(log, TUFF_ERROR_UNSUPPORTED,
                             "%s: layer '%s': a layer of the kind %s cannot be written as ONNX", path,
                             layer->name, layer->kind->name);
        for (uint32_t k = 0; k < layer->input_count; k++) {
            node.inputs[k] = inputs[k];
            if (layer->inputs[k] == TUFF_MODEL_INPUT)
                snprintf(inputs[k], sizeof inputs[k], "%s", options->mean != NULL ? NORMALIZED : INPUT);
            else
                output_name(model, layer->inputs[k], inputs[k]);
        }
        output_name(model, i, output);
        layer->kind->onnx(&node, inputs[0], output);
        tuff_onnx_node_end(&node);
    }
    return TUFF_OK;
}

// values: all parameters, then all buffers.
static void add_tensors(const struct tuff_model *model, const float *values, struct tuff_proto *graph)
{
    size_t parameters = tuff_model_parameter_count(model),
           count = parameters + tuff_model_buffer_count(model);
    for (size_t i = 0; i < count; i++) {
        struct tuff_parameter_info info;
        if (i < parameters)
            tuff_model_parameter(model, i, &info);
        else
            tuff_model_buffer(model, i - parameters, &info);
        tuff_onnx_add_initializer(graph, info.name, info.rank, info.dims, values);
        values += parameter_elements(&info);
    }
}

// (C,1,1): one figure for each channel.
static void add_channels(struct tuff_proto *graph, const char *name, uint32_t channels, const double *figures)
{
    float values[TUFF_MAX_IMAGE_CHANNELS];
    for (uint32_t c = 0; c < channels; c++)
        values[c] = (float)figures[c];
    tuff_onnx_add_initializer(graph, name, 3, (uint32_t[]){channels, 1, 1}, values);
}

static enum tuff_status make_graph(const struct tuff_log *log, const char *path,
                                   const struct tuff_model *model, const float *values,
                                   const struct tuff_onnx_options *options, struct tuff_proto *graph)
{
    enum tuff_status status = add_nodes(log, path, model, options, graph);
    if (status != TUFF_OK)
        return status;
    tuff_proto_text(graph, GRAPH_NAME, model->name);
    add_tensors(model, values, graph);
    if (options->mean != NULL) {
        add_channels(graph, MEAN, model->input[0], options->mean);
        add_channels(graph, DEVIATION, model->input[0], options->deviation);
    }
    tuff_onnx_add_value(graph, TUFF_ONNX_INPUT, INPUT, 3, model->input, input_text);
    for (uint32_t i = 0; i < model->layer_count; i++) {
        const struct tuff_layer *layer = &model->layers[i];
        bool last = i + 1 == model->layer_count;
        char name[TUFF_ONNX_VALUE_BYTES];
        output_name(model, i, name);
        tuff_onnx_add_value(graph, last ? TUFF_ONNX_OUTPUT : TUFF_ONNX_BETWEEN, name, layer->output.rank,
                            layer->output.dims, last ? "logits: before softmax" : NULL);
    }
    return TUFF_OK;
}

// -- What is around the graph

// By the library that writes JSON: it knows what UTF-8 is.
static bool is_utf8(const char *text)
{
    json_t *string = json_string(text);
    json_decref(string);
    return string != NULL;
}

static enum tuff_status check_metadata(const struct tuff_log *log, const char *path,
                                       const struct tuff_onnx_options *options)
{
    for (size_t i = 0; i < options->metadata_count; i++) {
        const struct tuff_metadata *text = &options->metadata[i];
        if (!is_utf8(text->key) || !is_utf8(text->value))
            return tuff_fail(log, TUFF_ERROR_INVALID, "%s: '%s' or its value is not UTF-8", path,
                             tuff_printable(text->key).text);
        for (size_t j = 0; j < i; j++)
            if (strcmp(options->metadata[j].key, text->key) == 0)
                return tuff_fail(log, TUFF_ERROR_INVALID, "%s: the name '%s' comes twice", path,
                                 tuff_printable(text->key).text);
    }
    return TUFF_OK;
}

static void add_text(struct tuff_proto *message, const char *key, const char *value)
{
    struct tuff_proto text = {.bytes = NULL};
    tuff_proto_text(&text, METADATA_KEY, key);
    tuff_proto_text(&text, METADATA_VALUE, value);
    tuff_proto_message(message, MODEL_METADATA, &text);
}

// Unless the caller has said it.
static void add_own_text(struct tuff_proto *message, const struct tuff_onnx_options *options, const char *key,
                         const char *value)
{
    for (size_t i = 0; i < options->metadata_count; i++)
        if (strcmp(options->metadata[i].key, key) == 0)
            return;
    add_text(message, key, value);
}

static void make_head(struct tuff_proto *head, uint64_t graph_bytes)
{
    tuff_proto_int(head, MODEL_IR_VERSION, TUFF_ONNX_IR_VERSION);
    tuff_proto_text(head, MODEL_PRODUCER, "tuff");
    tuff_proto_text(head, MODEL_PRODUCER_VERSION, TUFF_VERSION);
    tuff_proto_begin(head, MODEL_GRAPH, graph_bytes);
}

static void make_tail(struct tuff_proto *tail, const struct tuff_model *model,
                      const struct tuff_onnx_options *options)
{
    struct tuff_proto opset = {.bytes = NULL};
    tuff_proto_int(&opset, OPSET_VERSION, TUFF_ONNX_OPSET); // of the domain that has no name: ONNX's own
    tuff_proto_message(tail, MODEL_OPSET, &opset);
    add_own_text(tail, options, "model", model->name);
    add_own_text(tail, options, "input", input_text);
    for (size_t i = 0; i < options->metadata_count; i++)
        add_text(tail, options->metadata[i].key, options->metadata[i].value);
}

static enum tuff_status write_file(const struct tuff_log *log, const char *path,
                                   const struct tuff_model *model, const struct tuff_proto *graph,
                                   const struct tuff_onnx_options *options)
{
    struct tuff_proto head = {.bytes = NULL}, tail = {.bytes = NULL};
    enum tuff_status status;
    make_head(&head, graph->length);
    make_tail(&tail, model, options);
    uint64_t bytes = (uint64_t)head.length + graph->length + tail.length;
    if (graph->failed || head.failed || tail.failed) {
        status = tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for the graph", path);
    } else if (bytes > INT32_MAX) {
        status = tuff_fail(log, TUFF_ERROR_INVALID,
                           "%s: an ONNX file has at most %d bytes, and this one has %" PRIu64, path,
                           INT32_MAX, bytes);
    } else {
        const struct tuff_file_part parts[] = {
            {head.bytes, head.length}, {graph->bytes, graph->length}, {tail.bytes, tail.length}};
        status = tuff_whole_file_write(log, path, parts, 3);
    }
    tuff_proto_clear(&head);
    tuff_proto_clear(&tail);
    return status;
}

enum tuff_status tuff_onnx_save(const struct tuff_log *log, const char *path, const struct tuff_model *model,
                                const float *values, const struct tuff_onnx_options *options)
{
    struct tuff_onnx_options whole = {.size = 0};
    struct tuff_proto graph = {.bytes = NULL};
    if (options != NULL) {
        if (options->size < sizeof options->size)
            return tuff_fail(log, TUFF_ERROR_INVALID, "%s: the options' size is not set", path);
        memcpy(&whole, options, options->size < sizeof whole ? options->size : sizeof whole);
    }
    if ((whole.mean == NULL) != (whole.deviation == NULL))
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: a mean and a deviation go together", path);
    if (whole.mean != NULL && model->input[0] > TUFF_MAX_IMAGE_CHANNELS)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: images of %u channels, expected at most %d", path,
                         model->input[0], TUFF_MAX_IMAGE_CHANNELS);
    uint64_t bytes = 4 * (tuff_model_parameter_elements(model) + tuff_model_buffer_elements(model));
    if (bytes > INT32_MAX)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: an ONNX file has at most %d bytes, and the parameters take %" PRIu64, path,
                         INT32_MAX, bytes);
    enum tuff_status status = check_metadata(log, path, &whole);
    if (status == TUFF_OK)
        status = make_graph(log, path, model, values, &whole, &graph);
    if (status == TUFF_OK)
        status = write_file(log, path, model, &graph, &whole);
    tuff_proto_clear(&graph);
    return status;
}
