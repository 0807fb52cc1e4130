// Convolution, ReLU and max pooling in one: see tuff/op/conv2d_relu_max_pool2d.h.
#include "conv2d_relu_max_pool2d.h"

#include "check.h"
#include "graph/autodiff.h"

struct tuff_conv2d_relu_max_pool2d_params
tuff_conv2d_relu_max_pool2d_join(const struct tuff_conv2d_params *conv,
                                 const struct tuff_max_pool2d_params *pool)
{
    return (struct tuff_conv2d_relu_max_pool2d_params){
        .size = sizeof(struct tuff_conv2d_relu_max_pool2d_params),
        .stride_h = conv->stride_h,
        .stride_w = conv->stride_w,
        .dilation_h = conv->dilation_h,
        .dilation_w = conv->dilation_w,
        .pad_top = conv->pad_top,
        .pad_bottom = conv->pad_bottom,
        .pad_left = conv->pad_left,
        .pad_right = conv->pad_right,
        .groups = conv->groups,
        .padding_mode = conv->padding_mode,
        .pool_h = pool->kernel_h,
        .pool_w = pool->kernel_w,
        .pool_stride_h = pool->stride_h,
        .pool_stride_w = pool->stride_w,
    };
}

// z's shape.
static enum tuff_status output_of_conv2d(const struct tuff_log *log, const struct tuff_conv2d_params *conv,
                                         const struct tuff_tensor *x, const struct tuff_tensor *weight,
                                         uint32_t dims[4])
{
    struct tuff_tensor z = {.rank = 4};
    struct tuff_tensor *tensors[] = {&z, (struct tuff_tensor *)(uintptr_t)x,
                                     (struct tuff_tensor *)(uintptr_t)weight, NULL};
    enum tuff_status status = tuff_op_info(TUFF_OP_CONV2D_FORWARD)->infer(log, conv, tensors);
    for (uint32_t i = 0; i < 4; i++)
        dims[i] = z.dims[i];
    return status;
}

static enum tuff_status output_shape(const struct tuff_log *log, const char *op,
                                     const struct tuff_conv2d_relu_max_pool2d_params *p,
                                     const struct tuff_tensor *x, const struct tuff_tensor *weight,
                                     uint32_t dims[4])
{
    const struct tuff_conv2d_params conv = tuff_conv2d_relu_max_pool2d_conv2d(p);
    uint32_t z[4];
    enum tuff_status status = output_of_conv2d(log, &conv, x, weight, z);
    if (status != TUFF_OK)
        return status;
    if ((uint64_t)p->pool_h * p->pool_w > TUFF_NO_WINNER)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: windows of %ux%u, expected at most %d elements", op,
                         p->pool_h, p->pool_w, TUFF_NO_WINNER);
    const struct tuff_window rows = {z[2], p->pool_h, p->pool_stride_h, 1, 0, 0};
    const struct tuff_window columns = {z[3], p->pool_w, p->pool_stride_w, 1, 0, 0};
    status = tuff_window_output(log, op, "height", &rows, &dims[2]);
    if (status == TUFF_OK)
        status = tuff_window_output(log, op, "width", &columns, &dims[3]);
    dims[0] = x->dims[0];
    dims[1] = weight->dims[0];
    return status;
}

// y is the pooled tensor, or its gradient. winner and bias may be NULL.
static enum tuff_status check_all(const struct tuff_log *log, const char *op, const void *params,
                                  const char *names[2], const struct tuff_tensor *x,
                                  const struct tuff_tensor *weight, const struct tuff_tensor *bias,
                                  const struct tuff_tensor *y, const struct tuff_tensor *winner)
{
    uint32_t dims[4];
    enum tuff_status status = output_shape(log, op, params, x, weight, dims);
    if (status == TUFF_OK && bias != NULL)
        status = tuff_check_shape(log, op, names[1], bias, 1, weight->dims);
    if (status == TUFF_OK && winner != NULL)
        status = tuff_check_shape(log, op, "winner", winner, 4, dims);
    return status == TUFF_OK ? tuff_check_shape(log, op, names[0], y, 4, dims) : status;
}

// -- Forward.

static enum tuff_status infer_forward(const struct tuff_log *log, const void *params,
                                      struct tuff_tensor *const tensors[])
{
    tensors[0]->rank = 4;
    enum tuff_status status =
        output_shape(log, "conv2d_relu_max_pool2d_forward", params, tensors[2], tensors[3], tensors[0]->dims);
    if (tensors[1] != NULL)
        tuff_take_shape(tensors[1], tensors[0]);
    return status;
}

static enum tuff_status check_forward(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    return check_all(log, "conv2d_relu_max_pool2d_forward", params, (const char *[]){"y", "bias"}, tensors[2],
                     tensors[3], tensors[4], tensors[0], tensors[1]);
}

static void work_of_forward(const void *params, const struct tuff_tensor *const tensors[],
                            struct tuff_work *work)
{
    // Of the whole of z, although not all of it need lie in a window.
    uint32_t dims[4];
    const struct tuff_tensor *x = tensors[2], *weight = tensors[3], *bias = tensors[4];
    const struct tuff_conv2d_params conv = tuff_conv2d_relu_max_pool2d_conv2d(params);
    if (output_of_conv2d(NULL, &conv, x, weight, dims) == TUFF_OK)
        work->flops = (double)dims[0] * dims[1] * dims[2] * dims[3] *
                      (2 * tuff_elements(weight) / weight->dims[0] + (bias != NULL ? 1 : 0));
}

static enum tuff_status gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node; // the graph's nodes move as it grows
    tuff_value_id winner = forward.values[1], x = forward.values[2], weight = forward.values[3],
                  bias = forward.values[4], dy;
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &dy);
    if (status != TUFF_OK || dy == TUFF_NO_VALUE)
        return status;
    if (winner == TUFF_NO_VALUE)
        return tuff_fail(graph->log, TUFF_ERROR_INTERNAL,
                         "conv2d_relu_max_pool2d_forward: no gradient without a winner");
    if (tuff_gradient_wanted(graph, weight)) {
        tuff_value_id values[5] = {TUFF_NO_VALUE, TUFF_NO_VALUE, dy, winner, x};
        status = tuff_gradient_begin(graph, weight, &values[0]);
        if (status == TUFF_OK && bias != TUFF_NO_VALUE)
            status = tuff_gradient_begin(graph, bias, &values[1]);
        if (status == TUFF_OK)
            status = tuff_graph_add_node(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT,
                                         forward.params, NULL, values);
        if (status == TUFF_OK)
            status = tuff_gradient_end(graph, weight, values[0]);
        if (status == TUFF_OK && bias != TUFF_NO_VALUE)
            status = tuff_gradient_end(graph, bias, values[1]);
    }
    if (status == TUFF_OK && tuff_gradient_wanted(graph, x)) {
        tuff_value_id values[4] = {TUFF_NO_VALUE, dy, winner, weight};
        status = tuff_gradient_begin(graph, x, &values[0]);
        if (status == TUFF_OK)
            status = tuff_graph_add_node(graph, TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_INPUT, forward.params,
                                         NULL, values);
        if (status == TUFF_OK)
            status = tuff_gradient_end(graph, x, values[0]);
    }
    return status;
}

const struct tuff_op_info tuff_op_info_conv2d_relu_max_pool2d_forward = {
    .name = "conv2d_relu_max_pool2d_forward",
    .params_size = sizeof(struct tuff_conv2d_relu_max_pool2d_params),
    .tensor_count = 5,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "winner",
               .access = TUFF_ACCESS_OUT,
               .dtype = TUFF_U8,
               .rank = 4,
               .optional = true,
               .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "weight", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4},
              {.name = "bias", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1, .optional = true}},
    .fused = true,
    .infer = infer_forward,
    .check = check_forward,
    .gradient = gradient,
    .work = work_of_forward,
};

// -- Gradient of x.

// Each window has one winner at most, and so one gradient; that it may have none is left out of account.
static void work_of_backward_input(const void *params, const struct tuff_tensor *const tensors[],
                                   struct tuff_work *work)
{
    (void)params;
    const struct tuff_tensor *dy = tensors[1], *weight = tensors[3];
    work->flops = tuff_elements(dy) * 2 * tuff_elements(weight) / weight->dims[0];
}

static enum tuff_status check_backward_input(const struct tuff_log *log, const void *params,
                                             const struct tuff_tensor *const tensors[])
{
    return check_all(log, "conv2d_relu_max_pool2d_backward_input", params, (const char *[]){"dy", "bias"},
                     tensors[0], tensors[3], NULL, tensors[1], tensors[2]);
}

const struct tuff_op_info tuff_op_info_conv2d_relu_max_pool2d_backward_input = {
    .name = "conv2d_relu_max_pool2d_backward_input",
    .params_size = sizeof(struct tuff_conv2d_relu_max_pool2d_params),
    .tensor_count = 4,
    .roles =
        {{.name = "dx", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
         {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
         {.name = "winner", .access = TUFF_ACCESS_IN, .dtype = TUFF_U8, .rank = 4, .batched = true},
         {.name = "weight", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4}},
    .fused = true,
    .check = check_backward_input,
    .work = work_of_backward_input,
};

// -- Gradients of weight and bias.

static void work_of_backward_weight(const void *params, const struct tuff_tensor *const tensors[],
                                    struct tuff_work *work)
{
    (void)params;
    const struct tuff_tensor *dweight = tensors[0], *dbias = tensors[1], *dy = tensors[2];
    work->flops =
        tuff_elements(dy) * (2 * tuff_elements(dweight) / dweight->dims[0] + (dbias != NULL ? 1 : 0));
}

static enum tuff_status check_backward_weight(const struct tuff_log *log, const void *params,
                                              const struct tuff_tensor *const tensors[])
{
    return check_all(log, "conv2d_relu_max_pool2d_backward_weight", params, (const char *[]){"dy", "dbias"},
                     tensors[4], tensors[0], tensors[1], tensors[2], tensors[3]);
}

const struct tuff_op_info tuff_op_info_conv2d_relu_max_pool2d_backward_weight = {
    .name = "conv2d_relu_max_pool2d_backward_weight",
    .params_size = sizeof(struct tuff_conv2d_relu_max_pool2d_params),
    .tensor_count = 5,
    .roles = {{.name = "dweight", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 4},
              {.name = "dbias", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 1, .optional = true},
              {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "winner", .access = TUFF_ACCESS_IN, .dtype = TUFF_U8, .rank = 4, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true}},
    .fused = true,
    .check = check_backward_weight,
    .work = work_of_backward_weight,
};
