#include "onnx_run.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { RANK = 3 };

// Without the batch: (C,H,W), or (features) with height and width 1.
struct image {
    char name[ONNX_NAME_BYTES];
    int64_t dims[RANK];
    size_t rank;
    double *values;
};

struct run {
    const struct onnx_file *file;
    struct image images[ONNX_LISTED + 1];
    size_t count;
};

static const struct image *find(const struct run *run, const char *name)
{
    for (size_t i = 0; i < run->count; i++)
        if (strcmp(run->images[i].name, name) == 0)
            return &run->images[i];
    cr_assert_fail("nothing has made '%s' yet", name);
    return NULL;
}

static struct image *make(struct run *run, const char *name, size_t rank, int64_t c, int64_t h, int64_t w)
{
    struct image *image = &run->images[run->count++];
    snprintf(image->name, sizeof image->name, "%s", name);
    image->rank = rank;
    image->dims[0] = c, image->dims[1] = h, image->dims[2] = w;
    image->values = calloc((size_t)(c * h * w), sizeof *image->values);
    cr_assert_not_null(image->values);
    return image;
}

static double at(const struct image *image, int64_t c, int64_t y, int64_t x)
{
    return image->values[(c * image->dims[1] + y) * image->dims[2] + x];
}

struct window {
    int64_t kernel[2], stride[2], begin[2], end[2], dilation[2], output[2];
};

static void get_pair(const struct onnx_node *node, const char *name, int64_t pair[2])
{
    const struct onnx_attribute *attribute = onnx_attribute(node, name);
    cr_assert_not_null(attribute, "%s lacks %s", node->name, name);
    cr_assert_eq(attribute->count, 2);
    pair[0] = attribute->values[0], pair[1] = attribute->values[1];
}

static struct window get_window(const struct onnx_node *node, const struct image *input)
{
    struct window window;
    const struct onnx_attribute *pads = onnx_attribute(node, "pads");
    get_pair(node, "kernel_shape", window.kernel);
    get_pair(node, "strides", window.stride);
    get_pair(node, "dilations", window.dilation);
    cr_assert(pads != NULL && pads->count == 4);
    for (int i = 0; i < 2; i++) {
        window.begin[i] = pads->values[i];
        window.end[i] = pads->values[2 + i];
        int64_t reach = window.dilation[i] * (window.kernel[i] - 1) + 1;
        window.output[i] =
            (input->dims[1 + i] + window.begin[i] + window.end[i] - reach) / window.stride[i] + 1;
    }
    return window;
}

static bool inside(const struct image *image, int64_t y, int64_t x)
{
    return y >= 0 && y < image->dims[1] && x >= 0 && x < image->dims[2];
}

static void conv(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const struct onnx_tensor *weight = onnx_tensor(run->file, node->inputs[1]);
    const struct onnx_tensor *bias = node->input_count > 2 ? onnx_tensor(run->file, node->inputs[2]) : NULL;
    const struct onnx_attribute *group = onnx_attribute(node, "group");
    cr_assert(weight != NULL && group != NULL && (node->input_count < 3 || bias != NULL));
    struct window w = get_window(node, input);
    int64_t outputs = weight->dims[0], inputs = weight->dims[1];
    cr_assert_eq(inputs * group->values[0], input->dims[0]);
    struct image *output = make(run, node->outputs[0], 3, outputs, w.output[0], w.output[1]);
    double *next = output->values;
    for (int64_t o = 0; o < outputs; o++)
        for (int64_t oy = 0; oy < w.output[0]; oy++)
            for (int64_t ox = 0; ox < w.output[1]; ox++, next++) {
                int64_t first = o / (outputs / group->values[0]) * inputs;
                *next = bias == NULL ? 0.0 : (double)bias->values[o];
                for (int64_t k = 0; k < inputs * w.kernel[0] * w.kernel[1]; k++) {
                    int64_t c = k / (w.kernel[0] * w.kernel[1]);
                    int64_t y = oy * w.stride[0] - w.begin[0] + k / w.kernel[1] % w.kernel[0] * w.dilation[0];
                    int64_t x = ox * w.stride[1] - w.begin[1] + k % w.kernel[1] * w.dilation[1];
                    if (inside(input, y, x))
                        *next += at(input, first + c, y, x) *
                                 (double)weight->values[o * inputs * w.kernel[0] * w.kernel[1] + k];
                }
            }
}

static void max_pool(struct run *run, const struct onnx_node *node, const struct image *input)
{
    struct window w = get_window(node, input);
    struct image *output = make(run, node->outputs[0], 3, input->dims[0], w.output[0], w.output[1]);
    double *next = output->values;
    for (int64_t c = 0; c < input->dims[0]; c++)
        for (int64_t oy = 0; oy < w.output[0]; oy++)
            for (int64_t ox = 0; ox < w.output[1]; ox++, next++) {
                *next = -INFINITY;
                for (int64_t k = 0; k < w.kernel[0] * w.kernel[1]; k++) {
                    int64_t y = oy * w.stride[0] - w.begin[0] + k / w.kernel[1] * w.dilation[0];
                    int64_t x = ox * w.stride[1] - w.begin[1] + k % w.kernel[1] * w.dilation[1];
                    if (inside(input, y, x) && at(input, c, y, x) > *next)
                        *next = at(input, c, y, x);
                }
            }
}

static void relu(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const int64_t *d = input->dims;
    struct image *output = make(run, node->outputs[0], input->rank, d[0], d[1], d[2]);
    for (int64_t i = 0; i < d[0] * d[1] * d[2]; i++)
        output->values[i] = input->values[i] > 0 ? input->values[i] : 0;
}

static void flatten(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const struct onnx_attribute *axis = onnx_attribute(node, "axis");
    cr_assert(axis != NULL && axis->values[0] == 1);
    int64_t elements = input->dims[0] * input->dims[1] * input->dims[2];
    struct image *output = make(run, node->outputs[0], 1, elements, 1, 1);
    memcpy(output->values, input->values, (size_t)elements * sizeof *output->values);
}

// Each channel of the input with the one number of it that the second input has, of shape (C,1,1).
static void by_channel(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const struct onnx_tensor *b = onnx_tensor(run->file, node->inputs[1]);
    const int64_t *d = input->dims;
    cr_assert(b != NULL && b->rank == 3 && b->dims[0] == d[0] && b->dims[1] == 1 && b->dims[2] == 1);
    struct image *output = make(run, node->outputs[0], input->rank, d[0], d[1], d[2]);
    for (int64_t i = 0; i < d[0] * d[1] * d[2]; i++) {
        const double figure = (double)b->values[i / (d[1] * d[2])];
        output->values[i] =
            strcmp(node->op_type, "Sub") == 0 ? input->values[i] - figure : input->values[i] / figure;
    }
}

// Y = A B + C, where B is transposed if transB says so.
static void gemm(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const struct onnx_tensor *b = onnx_tensor(run->file, node->inputs[1]);
    const struct onnx_tensor *c = node->input_count > 2 ? onnx_tensor(run->file, node->inputs[2]) : NULL;
    const struct onnx_attribute *transpose = onnx_attribute(node, "transB");
    cr_assert(b != NULL && b->rank == 2 && input->rank == 1 && (node->input_count < 3 || c != NULL));
    bool transposed = transpose != NULL && transpose->values[0] != 0;
    int64_t outputs = b->dims[transposed ? 0 : 1], inputs = b->dims[transposed ? 1 : 0];
    cr_assert_eq(inputs, input->dims[0]);
    struct image *output = make(run, node->outputs[0], 1, outputs, 1, 1);
    for (int64_t o = 0; o < outputs; o++) {
        output->values[o] = c == NULL ? 0.0 : (double)c->values[o];
        for (int64_t i = 0; i < inputs; i++)
            output->values[o] +=
                input->values[i] * (double)b->values[transposed ? o * inputs + i : i * outputs + o];
    }
}

void onnx_run(const struct onnx_file *file, const double *image, double *logits, size_t classes)
{
    static const struct {
        const char *op_type;
        void (*run)(struct run *run, const struct onnx_node *node, const struct image *input);
    } operators[] = {{"Conv", conv}, {"MaxPool", max_pool}, {"Relu", relu},     {"Flatten", flatten},
                     {"Gemm", gemm}, {"Sub", by_channel},   {"Div", by_channel}};
    enum { OPERATORS = sizeof operators / sizeof *operators };
    struct run run = {.file = file};
    const struct onnx_value *value = &file->inputs[0];
    cr_assert(file->input_count == 1 && file->output_count == 1 && value->rank == 4);
    struct image *input = make(&run, value->name, 3, value->dims[1], value->dims[2], value->dims[3]);
    memcpy(input->values, image, (size_t)(value->dims[1] * value->dims[2] * value->dims[3]) * sizeof *image);
    for (size_t i = 0; i < file->node_count; i++) {
        const struct onnx_node *node = &file->nodes[i];
        size_t op = 0;
        while (op < OPERATORS && strcmp(operators[op].op_type, node->op_type) != 0)
            op++;
        cr_assert_lt(op, OPERATORS, "operator %s", node->op_type);
        operators[op].run(&run, node, find(&run, node->inputs[0]));
    }
    const struct image *output = find(&run, file->outputs[0].name);
    cr_assert_eq((size_t)output->dims[0], classes);
    memcpy(logits, output->values, classes * sizeof *logits);
    for (size_t i = 0; i < run.count; i++)
        free(run.images[i].values);
}
