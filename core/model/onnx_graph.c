// What an ONNX graph has besides nodes: values with their shapes, and constants.
#include <string.h>

#include "floats.h"
#include "onnx_node.h"

enum { GRAPH_INITIALIZER = 5 };
enum { TENSOR_DIM = 1, TENSOR_TYPE = 2, TENSOR_NUMBERS = 7, TENSOR_NAME = 8, TENSOR_RAW = 9 };
enum { TYPE_FLOAT = 1, TYPE_INT64 = 7 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, VALUE_DOC = 3, VALUE_TENSOR = 1, ELEMENT_TYPE = 1, TENSOR_SHAPE = 2 };
enum { SHAPE_DIM = 1, DIM_VALUE = 1, DIM_PARAMETER = 2 };

void tuff_onnx_add_initializer(struct tuff_proto *graph, const char *name, uint32_t rank,
                               const uint32_t *dims, const float *values)
{
    struct tuff_proto tensor = {.bytes = NULL};
    uint64_t elements = 1;
    for (uint32_t d = 0; d < rank; d++) {
        tuff_proto_int(&tensor, TENSOR_DIM, dims[d]);
        elements *= dims[d];
    }
    tuff_proto_int(&tensor, TENSOR_TYPE, TYPE_FLOAT);
    tuff_proto_text(&tensor, TENSOR_NAME, name);
    tuff_proto_begin(&tensor, TENSOR_RAW, 4 * elements);
    // The numbers go straight into the graph: they may be many.
    graph->failed = graph->failed || tensor.failed;
    tuff_proto_begin(graph, GRAPH_INITIALIZER, tensor.length + 4 * elements);
    uint8_t *room = tuff_proto_room(graph, tensor.length + (size_t)(4 * elements));
    if (room != NULL) {
        memcpy(room, tensor.bytes, tensor.length);
        tuff_floats_encode(room + tensor.length, values, elements);
    }
    tuff_proto_clear(&tensor);
}

void tuff_onnx_add_numbers(struct tuff_proto *graph, const char *name, const uint32_t *values, size_t count)
{
    struct tuff_proto tensor = {.bytes = NULL};
    tuff_proto_int(&tensor, TENSOR_DIM, count);
    tuff_proto_int(&tensor, TENSOR_TYPE, TYPE_INT64);
    for (size_t i = 0; i < count; i++)
        tuff_proto_int(&tensor, TENSOR_NUMBERS, values[i]);
    tuff_proto_text(&tensor, TENSOR_NAME, name);
    tuff_proto_message(graph, GRAPH_INITIALIZER, &tensor);
}

void tuff_onnx_add_value(struct tuff_proto *graph, enum tuff_onnx_value_place place, const char *name,
                         uint32_t rank, const uint32_t *dims, const char *doc)
{
    struct tuff_proto value = {.bytes = NULL}, type = {.bytes = NULL}, tensor = {.bytes = NULL};
    struct tuff_proto shape = {.bytes = NULL}, dim = {.bytes = NULL};
    tuff_proto_text(&dim, DIM_PARAMETER, "batch");
    tuff_proto_message(&shape, SHAPE_DIM, &dim);
    for (uint32_t i = 0; i < rank; i++) {
        tuff_proto_int(&dim, DIM_VALUE, dims[i]);
        tuff_proto_message(&shape, SHAPE_DIM, &dim);
    }
    tuff_proto_int(&tensor, ELEMENT_TYPE, TYPE_FLOAT);
    tuff_proto_message(&tensor, TENSOR_SHAPE, &shape);
    tuff_proto_message(&type, VALUE_TENSOR, &tensor);
    tuff_proto_text(&value, VALUE_NAME, name);
    tuff_proto_message(&value, VALUE_TYPE, &type);
    if (doc != NULL)
        tuff_proto_text(&value, VALUE_DOC, doc);
    tuff_proto_message(graph, place, &value);
}
