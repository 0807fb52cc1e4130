// Average pooling: by oneDNN where all windows are of one size and their divisors are its own; in plain C
// where ceil mode or adaptive regions make them others.
#include "kernels.h"
#include "primitive.h"

#include <string.h>

// Slots of the problem.
enum { X, Y };   // forward
enum { DX, DY }; // backward

// The windows along one axis, of `input` elements.
struct axis {
    uint32_t input, output;
    uint32_t kernel, stride, pad_before, pad_after;
    bool adaptive; // then of these only input and output count
};

// The part of a window that lies on the input, and its part of the divisor.
struct span {
    uint32_t begin, end, divisor;
};

static uint64_t least(uint64_t a, uint64_t b)
{
    return a < b ? a : b;
}

static struct span span_of(const struct axis *axis, uint32_t output, bool count_padding)
{
    if (axis->adaptive) {
        const uint64_t begin = (uint64_t)output * axis->input;
        const struct span region = {
            .begin = (uint32_t)(begin / axis->output),
            .end = (uint32_t)((begin + axis->input + axis->output - 1) / axis->output),
        };
        return (struct span){region.begin, region.end, region.end - region.begin};
    }
    // On the padded axis. What lies behind the padding is overhang, and counts in no case.
    const uint64_t begin = (uint64_t)output * axis->stride;
    const uint64_t end =
        least(begin + axis->kernel, (uint64_t)axis->pad_before + axis->input + axis->pad_after);
    const uint64_t first = begin > axis->pad_before ? begin - axis->pad_before : 0;
    const uint64_t last = least(end - axis->pad_before, axis->input);
    return (struct span){(uint32_t)first, (uint32_t)last,
                         (uint32_t)(count_padding ? end - begin : last - first)};
}

// What an op of the family is asked for.
struct pooling {
    const struct tuff_tensor *x, *y; // or their gradients
    struct axis rows, columns;
    bool count_padding;
};

static struct pooling pooling_of(uint32_t op, const struct tuff_op_args *args)
{
    const bool forward = op == TUFF_OP_AVG_POOL2D_FORWARD || op == TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD;
    const struct tuff_avg_pool2d_params *params = args->params;
    struct pooling pooling = {.x = args->tensors[forward], .y = args->tensors[!forward]}; // y, x or dx, dy
    pooling.rows = (struct axis){.input = pooling.x->dims[2], .output = pooling.y->dims[2], .adaptive = true};
    pooling.columns =
        (struct axis){.input = pooling.x->dims[3], .output = pooling.y->dims[3], .adaptive = true};
    if (op == TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD || op == TUFF_OP_ADAPTIVE_AVG_POOL2D_BACKWARD)
        return pooling;
    pooling.rows = (struct axis){pooling.x->dims[2], pooling.y->dims[2], params->kernel_h, params->stride_h,
                                 params->pad_top,    params->pad_bottom, .adaptive = false};
    pooling.columns =
        (struct axis){pooling.x->dims[3], pooling.y->dims[3], params->kernel_w, params->stride_w,
                      params->pad_left,   params->pad_right,  .adaptive = false};
    pooling.count_padding = params->count_include_pad != 0;
    return pooling;
}

// Turns regions that do not overlap and are of one size into windows; false if they are not such.
static bool is_regular(struct axis *axis)
{
    if (!axis->adaptive)
        return true;
    if (axis->input % axis->output != 0)
        return false;
    axis->kernel = axis->stride = axis->input / axis->output;
    return true;
}

// How far the last window reaches behind the input.
static int64_t reach(const struct axis *axis)
{
    return (int64_t)(axis->output - 1) * axis->stride + axis->kernel - axis->pad_before - axis->input;
}

static bool is_padded(const struct axis *axis)
{
    return axis->pad_before != 0 || axis->pad_after != 0;
}

static void set_axis(struct dnn_problem *problem, int index, const struct axis *axis)
{
    const int64_t behind = reach(axis);
    problem->kernel[index] = axis->kernel;
    problem->strides[index] = axis->stride;
    problem->pads_before[index] = axis->pad_before;
    problem->pads_after[index] = behind > 0 ? behind : 0;
}

static enum dnn_way pose(uint32_t op, const struct tuff_op_args *args, struct dnn_problem *problem)
{
    const bool forward = op == TUFF_OP_AVG_POOL2D_FORWARD || op == TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD;
    struct pooling pooling = pooling_of(op, args);
    if (!is_regular(&pooling.rows) || !is_regular(&pooling.columns))
        return DNN_LOOPS;
    const bool count_padding =
        pooling.count_padding && (is_padded(&pooling.rows) || is_padded(&pooling.columns));
    // oneDNN's divisor is then the kernel's size, the overhang of ceil mode included.
    if (count_padding && (reach(&pooling.rows) > pooling.rows.pad_after ||
                          reach(&pooling.columns) > pooling.columns.pad_after))
        return DNN_LOOPS;
    memset(problem, 0, sizeof *problem);
    problem->op = op;
    problem->variant = count_padding ? dnnl_pooling_avg_include_padding : dnnl_pooling_avg_exclude_padding;
    set_axis(problem, 0, &pooling.rows);
    set_axis(problem, 1, &pooling.columns);
    dnn_set_operand(problem, X, forward ? DNNL_ARG_SRC : DNNL_ARG_DIFF_SRC, !forward, pooling.x);
    dnn_set_operand(problem, Y, forward ? DNNL_ARG_DST : DNNL_ARG_DIFF_DST, forward, pooling.y);
    return DNN_PRIMITIVE;
}

static dnnl_status_t describe(struct tuff_device *device, const struct dnn_problem *problem,
                              dnnl_primitive_desc_t *description)
{
    const dnnl_alg_kind_t algorithm = (dnnl_alg_kind_t)problem->variant;
    dnnl_memory_desc_t src, dst;
    dnnl_pooling_desc_t operation;
    dnnl_primitive_desc_t forward = NULL;
    dnnl_status_t status = dnn_row_major(&problem->operands[X], &src);
    if (status == dnnl_success)
        status = dnn_row_major(&problem->operands[Y], &dst);
    if (status == dnnl_success)
        status = dnnl_pooling_forward_desc_init(&operation, dnnl_forward_training, algorithm, &src, &dst,
                                                problem->strides, problem->kernel, problem->pads_before,
                                                problem->pads_after);
    if (status == dnnl_success)
        status = dnn_finish(device, &operation, NULL, &forward);
    if (status != dnnl_success)
        return status;
    if (problem->operands[Y].output) {
        *description = forward;
        return dnnl_success;
    }
    status = dnnl_pooling_backward_desc_init(&operation, algorithm, &src, &dst, problem->strides,
                                             problem->kernel, problem->pads_before, problem->pads_after);
    if (status == dnnl_success)
        status = dnn_finish(device, &operation, forward, description);
    dnnl_primitive_desc_destroy(forward);
    return status;
}

const struct dnn_method dnn_avg_pool2d = {.pose = pose, .describe = describe};

// y[n,c,oh,ow] = the mean of x over the window.
static void pool(const struct pooling *pooling)
{
    const size_t planes = (size_t)pooling->x->dims[0] * pooling->x->dims[1], width = pooling->columns.input;
    const float *x = dnn_data(pooling->x); // (N,C,H,W)
    float *y = dnn_data(pooling->y);       // (N,C,OH,OW)
    for (size_t p = 0; p < planes; p++, x += pooling->rows.input * width)
        for (uint32_t oh = 0; oh < pooling->rows.output; oh++) {
            const struct span rows = span_of(&pooling->rows, oh, pooling->count_padding);
            for (uint32_t ow = 0; ow < pooling->columns.output; ow++) {
                const struct span columns = span_of(&pooling->columns, ow, pooling->count_padding);
                double sum = 0;
                for (size_t h = rows.begin; h < rows.end; h++)
                    for (size_t w = columns.begin; w < columns.end; w++)
                        sum += (double)x[h * width + w];
                *y++ = (float)(sum / ((double)rows.divisor * columns.divisor));
            }
        }
}

// Each window hands out its share, in row-major order of the windows.
static void spread(const struct pooling *pooling)
{
    const size_t planes = (size_t)pooling->x->dims[0] * pooling->x->dims[1], width = pooling->columns.input;
    float *dx = dnn_data(pooling->x);       // (N,C,H,W)
    const float *dy = dnn_data(pooling->y); // (N,C,OH,OW)
    memset(dx, 0, (size_t)tuff_tensor_bytes(pooling->x));
    for (size_t p = 0; p < planes; p++, dx += pooling->rows.input * width)
        for (uint32_t oh = 0; oh < pooling->rows.output; oh++) {
            const struct span rows = span_of(&pooling->rows, oh, pooling->count_padding);
            for (uint32_t ow = 0; ow < pooling->columns.output; ow++) {
                const struct span columns = span_of(&pooling->columns, ow, pooling->count_padding);
                const float share = *dy++ / ((float)rows.divisor * (float)columns.divisor);
                for (size_t h = rows.begin; h < rows.end; h++)
                    for (size_t w = columns.begin; w < columns.end; w++)
                        dx[h * width + w] += share;
            }
        }
}

static enum tuff_status run(struct tuff_stream *stream, uint32_t op, const struct tuff_op_args *args)
{
    struct dnn_problem problem;
    const struct pooling pooling = pooling_of(op, args);
    if (pose(op, args, &problem) == DNN_PRIMITIVE) {
        void *const data[DNN_OPERANDS] = {[X] = dnn_data(pooling.x), [Y] = dnn_data(pooling.y)};
        return dnn_primitive_run(stream->device, &problem, data, args->workspace, 0);
    }
    if (op == TUFF_OP_AVG_POOL2D_FORWARD || op == TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD)
        pool(&pooling);
    else
        spread(&pooling);
    return TUFF_OK;
}

enum tuff_status dnn_avg_pool2d_forward(struct tuff_stream *stream,
                                        const struct tuff_avg_pool2d_forward_args *args)
{
    return run(stream, TUFF_OP_AVG_POOL2D_FORWARD, (const void *)args);
}

enum tuff_status dnn_avg_pool2d_backward(struct tuff_stream *stream,
                                         const struct tuff_avg_pool2d_backward_args *args)
{
    return run(stream, TUFF_OP_AVG_POOL2D_BACKWARD, (const void *)args);
}

enum tuff_status dnn_adaptive_avg_pool2d_forward(struct tuff_stream *stream,
                                                 const struct tuff_adaptive_avg_pool2d_forward_args *args)
{
    return run(stream, TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD, (const void *)args);
}

enum tuff_status dnn_adaptive_avg_pool2d_backward(struct tuff_stream *stream,
                                                  const struct tuff_adaptive_avg_pool2d_backward_args *args)
{
    return run(stream, TUFF_OP_ADAPTIVE_AVG_POOL2D_BACKWARD, (const void *)args);
}
