// Reads ONNX files, for tests: written from the format's description, and sharing nothing with what writes
// them. A file that is not as it should be fails the test.
#ifndef TUFF_TESTS_ONNX_READER_H
#define TUFF_TESTS_ONNX_READER_H

#include <stddef.h>
#include <stdint.h>

enum {
    ONNX_NAME_BYTES = 128,
    ONNX_LISTED = 128,
    ONNX_INPUTS = 5,
    ONNX_DIMS = 4,
    ONNX_NUMBERS = 8,
    ONNX_ATTRIBUTES = 8
};

struct onnx_attribute {
    char name[ONNX_NAME_BYTES];
    int64_t type; // 1: a float, 2: one whole number, 3: a text, 7: several whole numbers
    size_t count;
    int64_t values[ONNX_NUMBERS];
    double real;
    char text[ONNX_NAME_BYTES];
};

struct onnx_node {
    char name[ONNX_NAME_BYTES], op_type[ONNX_NAME_BYTES];
    size_t input_count, output_count, attribute_count;
    char inputs[ONNX_INPUTS][ONNX_NAME_BYTES];
    char outputs[1][ONNX_NAME_BYTES];
    struct onnx_attribute attributes[ONNX_ATTRIBUTES];
};

struct onnx_tensor {
    char name[ONNX_NAME_BYTES];
    size_t rank;
    int64_t dims[ONNX_DIMS];
    int64_t type; // 1: floats, 7: whole numbers
    size_t elements;
    float *values; // whole numbers too
};

// dims: -1 for one that has a name only, which is then in `open`.
struct onnx_value {
    char name[ONNX_NAME_BYTES], open[ONNX_NAME_BYTES], doc[ONNX_NAME_BYTES];
    int64_t element_type;
    size_t rank;
    int64_t dims[ONNX_DIMS + 1];
};

struct onnx_text {
    char key[ONNX_NAME_BYTES], value[ONNX_NAME_BYTES];
};

struct onnx_file {
    int64_t ir_version, opset;
    char producer[ONNX_NAME_BYTES], producer_version[ONNX_NAME_BYTES], graph[ONNX_NAME_BYTES];
    size_t node_count, tensor_count, input_count, output_count, value_count, text_count;
    struct onnx_node nodes[ONNX_LISTED];
    struct onnx_tensor tensors[ONNX_LISTED];
    struct onnx_value inputs[ONNX_LISTED], outputs[ONNX_LISTED], values[ONNX_LISTED];
    struct onnx_text texts[ONNX_LISTED];
};

struct onnx_file *onnx_read(const char *path);
void onnx_free(struct onnx_file *file);

const struct onnx_tensor *onnx_tensor(const struct onnx_file *file, const char *name); // NULL: none
const char *onnx_text(const struct onnx_file *file, const char *key);                  // NULL: none
const struct onnx_attribute *onnx_attribute(const struct onnx_node *node, const char *name);
// The attribute's values in text, "3 5"; "" if there is none.
const char *onnx_attribute_text(const struct onnx_node *node, const char *name);

#endif
