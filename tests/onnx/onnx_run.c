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
    window.dilation[0] = window.dilation[1] = 1;
    if (strcmp(node->op_type, "AveragePool") != 0) // which has none in this opset
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

// Of windows, or of the whole image.
static void average_pool(struct run *run, const struct onnx_node *node, const struct image *input)
{
    struct window w = {.kernel = {input->dims[1], input->dims[2]}, .stride = {1, 1}, .output = {1, 1}};
    bool counts_padding = false;
    if (strcmp(node->op_type, "GlobalAveragePool") != 0) {
        const struct onnx_attribute *count = onnx_attribute(node, "count_include_pad");
        cr_assert(onnx_attribute(node, "ceil_mode") == NULL);
        w = get_window(node, input);
        counts_padding = count != NULL && count->values[0] == 1;
    }
    struct image *output = make(run, node->outputs[0], 3, input->dims[0], w.output[0], w.output[1]);
    double *next = output->values;
    for (int64_t c = 0; c < input->dims[0]; c++)
        for (int64_t oy = 0; oy < w.output[0]; oy++)
            for (int64_t ox = 0; ox < w.output[1]; ox++, next++) {
                int64_t counted = 0;
                for (int64_t k = 0; k < w.kernel[0] * w.kernel[1]; k++) {
                    int64_t y = oy * w.stride[0] - w.begin[0] + k / w.kernel[1];
                    int64_t x = ox * w.stride[1] - w.begin[1] + k % w.kernel[1];
                    bool is_inside = inside(input, y, x);
                    *next += is_inside ? at(input, c, y, x) : 0;
                    counted += counts_padding || is_inside;
                }
                *next /= (double)counted;
            }
}

static double apply(const char *op_type, double x, double alpha)
{
    if (strcmp(op_type, "Relu") == 0)
        return x > 0 ? x : 0;
    if (strcmp(op_type, "LeakyRelu") == 0)
        return x > 0 ? x : alpha * x;
    if (strcmp(op_type, "Sigmoid") == 0)
        return 1 / (1 + exp(-x));
    if (strcmp(op_type, "Tanh") == 0)
        return tanh(x);
    if (strcmp(op_type, "Erf") == 0)
        return erf(x);
    return x; // Identity
}

static void pointwise(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const int64_t *d = input->dims;
    const struct onnx_attribute *alpha = onnx_attribute(node, "alpha");
    struct image *output = make(run, node->outputs[0], input->rank, d[0], d[1], d[2]);
    for (int64_t i = 0; i < d[0] * d[1] * d[2]; i++)
        output->values[i] = apply(node->op_type, input->values[i], alpha == NULL ? 0.01 : alpha->real);
}

static void batch_norm(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const struct onnx_tensor *tensors[4]; // scale, shift, mean, variance
    const struct onnx_attribute *epsilon = onnx_attribute(node, "epsilon");
    const int64_t *d = input->dims;
    for (size_t i = 0; i < 4; i++) {
        tensors[i] = onnx_tensor(run->file, node->inputs[1 + i]);
        cr_assert(tensors[i] != NULL && tensors[i]->rank == 1 && tensors[i]->dims[0] == d[0]);
    }
    struct image *output = make(run, node->outputs[0], 3, d[0], d[1], d[2]);
    for (int64_t i = 0; i < d[0] * d[1] * d[2]; i++) {
        int64_t c = i / (d[1] * d[2]);
        double deviation = sqrt((double)tensors[3]->values[c] + (epsilon == NULL ? 1e-5 : epsilon->real));
        output->values[i] =
            (input->values[i] - (double)tensors[2]->values[c]) / deviation * (double)tensors[0]->values[c] +
            (double)tensors[1]->values[c];
    }
}

// (rows,input) times each channel, or each channel times (input,columns).
static void mat_mul(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const struct onnx_tensor *left = onnx_tensor(run->file, node->inputs[0]),
                             *matrix = left != NULL ? left : onnx_tensor(run->file, node->inputs[1]);
    const struct image *image = left == NULL ? input : find(run, node->inputs[1]);
    cr_assert(matrix != NULL && matrix->rank == 2);
    const int64_t *d = image->dims, *m = matrix->dims;
    cr_assert_eq(left != NULL ? m[1] : m[0], left != NULL ? d[1] : d[2]);
    struct image *output = left != NULL ? make(run, node->outputs[0], 3, d[0], m[0], d[2])
                                        : make(run, node->outputs[0], 3, d[0], d[1], m[1]);
    double *next = output->values;
    for (int64_t c = 0; c < output->dims[0]; c++)
        for (int64_t y = 0; y < output->dims[1]; y++)
            for (int64_t x = 0; x < output->dims[2]; x++, next++)
                for (int64_t k = 0; k < (left != NULL ? m[1] : m[0]); k++)
                    *next += left != NULL ? (double)matrix->values[y * m[1] + k] * at(image, c, k, x)
                                          : at(image, c, y, k) * (double)matrix->values[k * m[1] + x];
}

static void pad(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const struct onnx_tensor *pads = onnx_tensor(run->file, node->inputs[1]);
    const struct onnx_attribute *mode = onnx_attribute(node, "mode");
    cr_assert(pads != NULL && pads->type == 7 && pads->elements == 8 && mode != NULL);
    int64_t top = (int64_t)pads->values[2], left = (int64_t)pads->values[3], h = input->dims[1],
            w = input->dims[2];
    struct image *output = make(run, node->outputs[0], 3, input->dims[0], h + top + (int64_t)pads->values[6],
                                w + left + (int64_t)pads->values[7]);
    double *next = output->values;
    for (int64_t c = 0; c < input->dims[0]; c++)
        for (int64_t oy = 0; oy < output->dims[1]; oy++)
            for (int64_t ox = 0; ox < output->dims[2]; ox++, next++) {
                int64_t y = oy - top, x = ox - left;
                if (strcmp(mode->text, "edge") == 0) {
                    y = y < 0 ? 0 : y >= h ? h - 1 : y;
                    x = x < 0 ? 0 : x >= w ? w - 1 : x;
                } else if (strcmp(mode->text, "reflect") == 0) {
                    y = y < 0 ? -y : y >= h ? 2 * h - 2 - y : y;
                    x = x < 0 ? -x : x >= w ? 2 * w - 2 - x : x;
                } else {
                    cr_assert_str_eq(mode->text, "constant");
                }
                *next = inside(input, y, x) ? at(input, c, y, x) : 0;
            }
}

static void slice(struct run *run, const struct onnx_node *node, const struct image *input)
{
    int64_t numbers[3]; // begin, end, axis
    for (size_t i = 0; i < 3; i++) {
        const struct onnx_tensor *tensor = onnx_tensor(run->file, node->inputs[1 + i]);
        cr_assert(tensor != NULL && tensor->type == 7 && tensor->elements == 1);
        numbers[i] = (int64_t)tensor->values[0];
    }
    int64_t d[] = {input->dims[0], input->dims[1], input->dims[2]}, from[3] = {0}, axis = numbers[2] - 1;
    from[axis] = numbers[0];
    d[axis] = numbers[1] - numbers[0];
    struct image *output = make(run, node->outputs[0], 3, d[0], d[1], d[2]);
    for (int64_t i = 0; i < d[0] * d[1] * d[2]; i++)
        output->values[i] =
            at(input, from[0] + i / (d[1] * d[2]), from[1] + i / d[2] % d[1], from[2] + i % d[2]);
}

static void concat(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const struct onnx_attribute *attribute = onnx_attribute(node, "axis");
    cr_assert_not_null(attribute);
    int64_t d[] = {input->dims[0], input->dims[1], input->dims[2]}, axis = attribute->values[0] - 1;
    for (size_t i = 1; i < node->input_count; i++) {
        const struct image *other = find(run, node->inputs[i]);
        for (int64_t k = 0; k < 3; k++)
            cr_assert(k == axis || other->dims[k] == d[k]);
        d[axis] += other->dims[axis];
    }
    struct image *output = make(run, node->outputs[0], input->rank, d[0], d[1], d[2]);
    for (int64_t i = 0; i < d[0] * d[1] * d[2]; i++) {
        int64_t place[] = {i / (d[1] * d[2]), i / d[2] % d[1], i % d[2]};
        size_t n = 0;
        const struct image *from = input;
        for (; place[axis] >= from->dims[axis]; from = find(run, node->inputs[++n]))
            place[axis] -= from->dims[axis];
        output->values[i] = at(from, place[0], place[1], place[2]);
    }
}

static void flatten(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const struct onnx_attribute *axis = onnx_attribute(node, "axis");
    cr_assert(axis != NULL && axis->values[0] == 1);
    int64_t elements = input->dims[0] * input->dims[1] * input->dims[2];
    struct image *output = make(run, node->outputs[0], 1, elements, 1, 1);
    memcpy(output->values, input->values, (size_t)elements * sizeof *output->values);
}

// The second operand: an image of the same shape, or constants: one, or one for each channel as (C,1,1).
static double operand(const struct run *run, const char *name, const struct image *input, int64_t index)
{
    const struct onnx_tensor *constant = onnx_tensor(run->file, name);
    const int64_t *d = input->dims;
    if (constant == NULL) {
        const struct image *image = find(run, name);
        cr_assert(image->dims[0] == d[0] && image->dims[1] == d[1] && image->dims[2] == d[2]);
        return image->values[index];
    }
    if (constant->rank == 0)
        return (double)constant->values[0];
    cr_assert(constant->rank == 3 && constant->dims[0] == d[0] && constant->dims[1] == 1 &&
              constant->dims[2] == 1);
    return (double)constant->values[index / (d[1] * d[2])];
}

static void arithmetic(struct run *run, const struct onnx_node *node, const struct image *input)
{
    const int64_t *d = input->dims;
    const char *op = node->op_type;
    struct image *output = make(run, node->outputs[0], input->rank, d[0], d[1], d[2]);
    for (int64_t i = 0; i < d[0] * d[1] * d[2]; i++) {
        const double a = input->values[i], b = operand(run, node->inputs[1], input, i);
        output->values[i] = strcmp(op, "Sub") == 0   ? a - b
                            : strcmp(op, "Div") == 0 ? a / b
                            : strcmp(op, "Mul") == 0 ? a * b
                                                     : a + b;
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
    } operators[] = {
        {"Conv", conv},
        {"MaxPool", max_pool},
        {"Flatten", flatten},
        {"Gemm", gemm},
        {"AveragePool", average_pool},
        {"GlobalAveragePool", average_pool},
        {"BatchNormalization", batch_norm},
        {"Relu", pointwise},
        {"LeakyRelu", pointwise},
        {"Sigmoid", pointwise},
        {"Tanh", pointwise},
        {"Erf", pointwise},
        {"Identity", pointwise},
        {"Add", arithmetic},
        {"Sub", arithmetic},
        {"Mul", arithmetic},
        {"Div", arithmetic},
        {"MatMul", mat_mul},
        {"Pad", pad},
        {"Slice", slice},
        {"Concat", concat},
    };
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
        const char *first =
            node->inputs[onnx_tensor(file, node->inputs[0]) != NULL]; // a constant may come before
        operators[op].run(&run, node, find(&run, first));
    }
    const struct image *output = find(&run, file->outputs[0].name);
    cr_assert_eq((size_t)output->dims[0], classes);
    memcpy(logits, output->values, classes * sizeof *logits);
    for (size_t i = 0; i < run.count; i++)
        free(run.images[i].values);
}
