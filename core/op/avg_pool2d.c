// Average pooling: see tuff/op/avg_pool2d.h.
#include "check.h"
#include "graph/autodiff.h"

// One axis of the windows. overhang lies behind the padding: it lets a last window begin that would not fit.
struct axis {
    const char *name;
    struct tuff_window window;
    uint32_t overhang;
};

static enum tuff_status axis_output(const struct tuff_log *log, const char *op, const struct axis *axis,
                                    uint32_t *output)
{
    struct tuff_window window = axis->window;
    if (window.pad_before > window.kernel / 2 || window.pad_after > window.kernel / 2)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: padding is more than half of the kernel %u in %s", op,
                         window.kernel, axis->name);
    if (axis->overhang != 0 && axis->overhang >= window.stride)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: overhang %u in %s, expected less than the stride %u",
                         op, axis->overhang, axis->name, window.stride);
    // A sum beyond what an image may have is refused there; it must not wrap around before.
    uint64_t after = (uint64_t)window.pad_after + axis->overhang;
    window.pad_after = after > UINT32_MAX ? UINT32_MAX : (uint32_t)after;
    enum tuff_status status = tuff_window_output(log, op, axis->name, &window, output);
    if (status != TUFF_OK)
        return status;
    // Padding is less than the kernel, so the first window holds an element; the last need not.
    if ((uint64_t)(*output - 1) * window.stride >= (uint64_t)window.input + window.pad_before)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: the last window in %s lies wholly on padding", op,
                         axis->name);
    return TUFF_OK;
}

static enum tuff_status output_shape(const struct tuff_log *log, const char *op,
                                     const struct tuff_avg_pool2d_params *p, const struct tuff_tensor *x,
                                     uint32_t dims[4])
{
    if (p->count_include_pad > 1)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: count_include_pad is %u, expected 0 or 1", op,
                         p->count_include_pad);
    const struct axis rows = {"height",
                              {.input = x->dims[2],
                               .kernel = p->kernel_h,
                               .stride = p->stride_h,
                               .dilation = 1,
                               .pad_before = p->pad_top,
                               .pad_after = p->pad_bottom},
                              p->overhang_h};
    const struct axis columns = {"width",
                                 {.input = x->dims[3],
                                  .kernel = p->kernel_w,
                                  .stride = p->stride_w,
                                  .dilation = 1,
                                  .pad_before = p->pad_left,
                                  .pad_after = p->pad_right},
                                 p->overhang_w};
    dims[0] = x->dims[0];
    dims[1] = x->dims[1];
    enum tuff_status status = axis_output(log, op, &rows, &dims[2]);
    return status == TUFF_OK ? axis_output(log, op, &columns, &dims[3]) : status;
}

static enum tuff_status infer_forward(const struct tuff_log *log, const void *params,
                                      struct tuff_tensor *const tensors[])
{
    tensors[0]->rank = 4;
    return output_shape(log, "avg_pool2d_forward", params, tensors[1], tensors[0]->dims);
}

static enum tuff_status check_both(const struct tuff_log *log, const char *op, const void *params,
                                   const struct tuff_tensor *x, const char *y_name,
                                   const struct tuff_tensor *y)
{
    uint32_t dims[4];
    enum tuff_status status = output_shape(log, op, params, x, dims);
    return status == TUFF_OK ? tuff_check_shape(log, op, y_name, y, 4, dims) : status;
}

static enum tuff_status check_forward(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    return check_both(log, "avg_pool2d_forward", params, tensors[1], "y", tensors[0]);
}

// Of both kinds of pooling: `backward` takes dx and dy.
static enum tuff_status add_backward(struct tuff_graph *graph, const struct tuff_node *node,
                                     enum tuff_op backward)
{
    const struct tuff_node forward = *node; // the graph's nodes move as it grows
    tuff_value_id x = forward.values[1], values[2] = {TUFF_NO_VALUE, TUFF_NO_VALUE};
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &values[1]);
    if (status != TUFF_OK || values[1] == TUFF_NO_VALUE || !tuff_gradient_wanted(graph, x))
        return status;
    status = tuff_gradient_begin(graph, x, &values[0]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, backward, forward.params, NULL, values);
    return status == TUFF_OK ? tuff_gradient_end(graph, x, values[0]) : status;
}

static enum tuff_status gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    return add_backward(graph, node, TUFF_OP_AVG_POOL2D_BACKWARD);
}

static void work_of_forward(const void *params, const struct tuff_tensor *const tensors[],
                            struct tuff_work *work)
{
    const struct tuff_avg_pool2d_params *p = params;
    work->flops = tuff_elements(tensors[0]) * p->kernel_h * p->kernel_w;
}

const struct tuff_op_info tuff_op_info_avg_pool2d_forward = {
    .name = "avg_pool2d_forward",
    .params_size = sizeof(struct tuff_avg_pool2d_params),
    .tensor_count = 2,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true}},
    .infer = infer_forward,
    .check = check_forward,
    .work = work_of_forward,
    .gradient = gradient,
};

static enum tuff_status check_backward(const struct tuff_log *log, const void *params,
                                       const struct tuff_tensor *const tensors[])
{
    return check_both(log, "avg_pool2d_backward", params, tensors[0], "dy", tensors[1]);
}

static void work_of_backward(const void *params, const struct tuff_tensor *const tensors[],
                             struct tuff_work *work)
{
    const struct tuff_avg_pool2d_params *p = params;
    work->flops = tuff_elements(tensors[1]) * p->kernel_h * p->kernel_w;
}

const struct tuff_op_info tuff_op_info_avg_pool2d_backward = {
    .name = "avg_pool2d_backward",
    .params_size = sizeof(struct tuff_avg_pool2d_params),
    .tensor_count = 2,
    .roles =
        {{.name = "dx", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
         {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true}},
    .check = check_backward,
    .work = work_of_backward,
};

// -- Adaptive: y's height and width are the caller's choice, so there is nothing to infer them from.

static enum tuff_status check_adaptive(const struct tuff_log *log, const char *op, const char *y_name,
                                       const struct tuff_tensor *x, const struct tuff_tensor *y)
{
    const uint32_t dims[4] = {x->dims[0], x->dims[1], y->dims[2], y->dims[3]};
    return tuff_check_shape(log, op, y_name, y, 4, dims);
}

static enum tuff_status check_adaptive_forward(const struct tuff_log *log, const void *params,
                                               const struct tuff_tensor *const tensors[])
{
    (void)params;
    return check_adaptive(log, "adaptive_avg_pool2d_forward", "y", tensors[1], tensors[0]);
}

static enum tuff_status adaptive_gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    return add_backward(graph, node, TUFF_OP_ADAPTIVE_AVG_POOL2D_BACKWARD);
}

// The rows, or columns, of all regions together.
static double total_of_regions(uint32_t size, uint32_t regions)
{
    double total = 0;
    for (uint64_t i = 0; i < regions; i++)
        total += (double)(((i + 1) * size + regions - 1) / regions - i * size / regions);
    return total;
}

// One for each element of each region.
static double adaptive_flops(const struct tuff_tensor *x, const struct tuff_tensor *y)
{
    return (double)x->dims[0] * x->dims[1] * total_of_regions(x->dims[2], y->dims[2]) *
           total_of_regions(x->dims[3], y->dims[3]);
}

static void work_of_adaptive_forward(const void *params, const struct tuff_tensor *const tensors[],
                                     struct tuff_work *work)
{
    (void)params;
    work->flops = adaptive_flops(tensors[1], tensors[0]);
}

const struct tuff_op_info tuff_op_info_adaptive_avg_pool2d_forward = {
    .name = "adaptive_avg_pool2d_forward",
    .tensor_count = 2,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true}},
    .check = check_adaptive_forward,
    .work = work_of_adaptive_forward,
    .gradient = adaptive_gradient,
};

static enum tuff_status check_adaptive_backward(const struct tuff_log *log, const void *params,
                                                const struct tuff_tensor *const tensors[])
{
    (void)params;
    return check_adaptive(log, "adaptive_avg_pool2d_backward", "dy", tensors[0], tensors[1]);
}

static void work_of_adaptive_backward(const void *params, const struct tuff_tensor *const tensors[],
                                      struct tuff_work *work)
{
    (void)params;
    work->flops = adaptive_flops(tensors[0], tensors[1]);
}

const struct tuff_op_info tuff_op_info_adaptive_avg_pool2d_backward = {
    .name = "adaptive_avg_pool2d_backward",
    .tensor_count = 2,
    .roles =
        {{.name = "dx", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
         {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true}},
    .check = check_adaptive_backward,
    .work = work_of_adaptive_backward,
};
