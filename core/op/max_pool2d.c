// Max pooling: see tuff/op/max_pool2d.h.
#include "check.h"
#include "graph/autodiff.h"

// Whether a window holds no element at all: each of its taps falls on padding.
static bool has_empty_window(const struct tuff_window *w, uint32_t outputs)
{
    for (uint32_t o = 0; o < outputs; o++) {
        int64_t tap = (int64_t)o * w->stride - w->pad_before;
        uint32_t k = 0;
        while (tap < 0 && k < w->kernel) {
            tap += w->dilation;
            k++;
        }
        if (k == w->kernel || tap >= (int64_t)w->input)
            return true;
    }
    return false;
}

static enum tuff_status output_shape(const struct tuff_log *log, const char *op,
                                     const struct tuff_max_pool2d_params *p, const struct tuff_tensor *x,
                                     uint32_t dims[4])
{
    struct tuff_window rows = {x->dims[2],    p->kernel_h, p->stride_h,
                               p->dilation_h, p->pad_top,  p->pad_bottom};
    struct tuff_window columns = {x->dims[3],    p->kernel_w, p->stride_w,
                                  p->dilation_w, p->pad_left, p->pad_right};
    enum tuff_status status = tuff_window_output(log, op, "height", &rows, &dims[2]);
    if (status == TUFF_OK)
        status = tuff_window_output(log, op, "width", &columns, &dims[3]);
    if (status != TUFF_OK)
        return status;
    if (p->pad_top > p->kernel_h / 2 || p->pad_bottom > p->kernel_h / 2 || p->pad_left > p->kernel_w / 2 ||
        p->pad_right > p->kernel_w / 2)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: padding is more than half of the kernel %ux%u", op,
                         p->kernel_h, p->kernel_w);
    if (has_empty_window(&rows, dims[2]) || has_empty_window(&columns, dims[3]))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: a window of the dilated kernel %ux%u lies wholly on padding", op, p->kernel_h,
                         p->kernel_w);
    dims[0] = x->dims[0];
    dims[1] = x->dims[1];
    return TUFF_OK;
}

static enum tuff_status infer_forward(const struct tuff_log *log, const void *params,
                                      struct tuff_tensor *const tensors[])
{
    tensors[0]->rank = 4;
    enum tuff_status status = output_shape(log, "max_pool2d_forward", params, tensors[2], tensors[0]->dims);
    tuff_take_shape(tensors[1], tensors[0]);
    return status;
}

static enum tuff_status check_both(const struct tuff_log *log, const char *op, const void *params,
                                   const struct tuff_tensor *x, const char *y_name,
                                   const struct tuff_tensor *y, const struct tuff_tensor *index)
{
    uint32_t dims[4];
    enum tuff_status status = output_shape(log, op, params, x, dims);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, op, y_name, y, 4, dims);
    return status == TUFF_OK ? tuff_check_shape(log, op, "index", index, 4, dims) : status;
}

static enum tuff_status check_forward(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    return check_both(log, "max_pool2d_forward", params, tensors[2], "y", tensors[0], tensors[1]);
}

static enum tuff_status gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id x = forward.values[2], values[3] = {TUFF_NO_VALUE, TUFF_NO_VALUE, forward.values[1]};
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &values[1]);
    if (status != TUFF_OK || values[1] == TUFF_NO_VALUE || !tuff_gradient_wanted(graph, x))
        return status;
    status = tuff_gradient_begin(graph, x, &values[0]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_MAX_POOL2D_BACKWARD, forward.params, NULL, values);
    return status == TUFF_OK ? tuff_gradient_end(graph, x, values[0]) : status;
}

static void work_of_forward(const void *params, const struct tuff_tensor *const tensors[],
                            struct tuff_work *work)
{
    const struct tuff_max_pool2d_params *p = params;
    work->flops = tuff_elements(tensors[0]) * p->kernel_h * p->kernel_w;
}

const struct tuff_op_info tuff_op_info_max_pool2d_forward = {
    .name = "max_pool2d_forward",
    .params_size = sizeof(struct tuff_max_pool2d_params),
    .tensor_count = 3,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "index", .access = TUFF_ACCESS_OUT, .dtype = TUFF_U32, .rank = 4, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true}},
    .infer = infer_forward,
    .check = check_forward,
    .work = work_of_forward,
    .gradient = gradient,
};

static enum tuff_status check_backward(const struct tuff_log *log, const void *params,
                                       const struct tuff_tensor *const tensors[])
{
    return check_both(log, "max_pool2d_backward", params, tensors[0], "dy", tensors[1], tensors[2]);
}

static void work_of_backward(const void *params, const struct tuff_tensor *const tensors[],
                             struct tuff_work *work)
{
    (void)params;
    work->flops = tuff_elements(tensors[1]);
}

const struct tuff_op_info tuff_op_info_max_pool2d_backward = {
    .name = "max_pool2d_backward",
    .params_size = sizeof(struct tuff_max_pool2d_params),
    .tensor_count = 3,
    .roles =
        {{.name = "dx", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
         {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
         {.name = "index", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 4, .batched = true}},
    .check = check_backward,
    .work = work_of_backward,
};
