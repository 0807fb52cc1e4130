// Convolution: see tuff/op/conv2d.h.
#include "check.h"
#include "graph/autodiff.h"

// The limits within which one step from the border leads back into the image.
static enum tuff_status check_padding(const struct tuff_log *log, const char *op,
                                      const struct tuff_conv2d_params *p, const struct tuff_tensor *x)
{
    static const char *const modes[] = {"zeros", "reflect", "replicate", "circular"};
    if (p->padding_mode > TUFF_PADDING_CIRCULAR)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: unknown padding mode %u", op, p->padding_mode);
    if (p->padding_mode == TUFF_PADDING_ZEROS || p->padding_mode == TUFF_PADDING_REPLICATE)
        return TUFF_OK;
    const uint32_t less = p->padding_mode == TUFF_PADDING_REFLECT, most_h = x->dims[2] - less,
                   most_w = x->dims[3] - less;
    if (p->pad_top > most_h || p->pad_bottom > most_h || p->pad_left > most_w || p->pad_right > most_w)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: padding %u,%u,%u,%u of an image of %ux%u, expected at most %u rows and %u "
                         "columns in padding mode %s",
                         op, p->pad_top, p->pad_bottom, p->pad_left, p->pad_right, x->dims[2], x->dims[3],
                         most_h, most_w, modes[p->padding_mode]);
    return TUFF_OK;
}

// y's shape for these x, weight and params; checks how x, weight and params fit.
static enum tuff_status output_shape(const struct tuff_log *log, const char *op,
                                     const struct tuff_conv2d_params *p, const struct tuff_tensor *x,
                                     const struct tuff_tensor *weight, uint32_t dims[4])
{
    uint32_t channels = x->dims[1], filters = weight->dims[0];
    if (p->groups == 0 || channels % p->groups != 0 || filters % p->groups != 0)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: %u groups do not divide %u input and %u output channels", op, p->groups,
                         channels, filters);
    if (weight->dims[1] != channels / p->groups)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: weight has %u input channels a group, expected %u", op,
                         weight->dims[1], channels / p->groups);
    struct tuff_window rows = {x->dims[2],    weight->dims[2], p->stride_h,
                               p->dilation_h, p->pad_top,      p->pad_bottom};
    struct tuff_window columns = {x->dims[3],    weight->dims[3], p->stride_w,
                                  p->dilation_w, p->pad_left,     p->pad_right};
    enum tuff_status status = check_padding(log, op, p, x);
    if (status == TUFF_OK)
        status = tuff_window_output(log, op, "height", &rows, &dims[2]);
    if (status == TUFF_OK)
        status = tuff_window_output(log, op, "width", &columns, &dims[3]);
    dims[0] = x->dims[0];
    dims[1] = filters;
    return status;
}

static enum tuff_status check_all(const struct tuff_log *log, const char *op,
                                  const struct tuff_conv2d_params *params, const char *names[2],
                                  const struct tuff_tensor *x, const struct tuff_tensor *weight,
                                  const struct tuff_tensor *bias, const struct tuff_tensor *y)
{
    uint32_t dims[4];
    enum tuff_status status = output_shape(log, op, params, x, weight, dims);
    if (status == TUFF_OK && bias != NULL)
        status = tuff_check_shape(log, op, names[1], bias, 1, weight->dims);
    return status == TUFF_OK ? tuff_check_shape(log, op, names[0], y, 4, dims) : status;
}

static enum tuff_status infer_forward(const struct tuff_log *log, const void *params,
                                      struct tuff_tensor *const tensors[])
{
    tensors[0]->rank = 4;
    return output_shape(log, "conv2d_forward", params, tensors[1], tensors[2], tensors[0]->dims);
}

static enum tuff_status check_forward(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    return check_all(log, "conv2d_forward", params, (const char *[]){"y", "bias"}, tensors[1], tensors[2],
                     tensors[3], tensors[0]);
}

// Appends the ops that make the gradients of weight, bias and x from dy. forward: conv2d_forward's node, or
// one with the same tensors and parameters.
static enum tuff_status gradients_from(struct tuff_graph *graph, const struct tuff_node *forward,
                                       tuff_value_id dy)
{
    tuff_value_id x = forward->values[1], weight = forward->values[2], bias = forward->values[3];
    enum tuff_status status = TUFF_OK;
    if (tuff_gradient_wanted(graph, weight)) {
        tuff_value_id values[4] = {TUFF_NO_VALUE, TUFF_NO_VALUE, dy, x};
        status = tuff_gradient_begin(graph, weight, &values[0]);
        if (status == TUFF_OK && bias != TUFF_NO_VALUE)
            status = tuff_gradient_begin(graph, bias, &values[1]);
        if (status == TUFF_OK)
            status =
                tuff_graph_add_node(graph, TUFF_OP_CONV2D_BACKWARD_WEIGHT, forward->params, NULL, values);
        if (status == TUFF_OK)
            status = tuff_gradient_end(graph, weight, values[0]);
        if (status == TUFF_OK && bias != TUFF_NO_VALUE)
            status = tuff_gradient_end(graph, bias, values[1]);
    }
    if (status == TUFF_OK && tuff_gradient_wanted(graph, x)) {
        tuff_value_id values[3] = {TUFF_NO_VALUE, dy, weight};
        status = tuff_gradient_begin(graph, x, &values[0]);
        if (status == TUFF_OK)
            status = tuff_graph_add_node(graph, TUFF_OP_CONV2D_BACKWARD_INPUT, forward->params, NULL, values);
        if (status == TUFF_OK)
            status = tuff_gradient_end(graph, x, values[0]);
    }
    return status;
}

static enum tuff_status gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node; // the graph's nodes move as it grows
    tuff_value_id dy;
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &dy);
    return status != TUFF_OK || dy == TUFF_NO_VALUE ? status : gradients_from(graph, &forward, dy);
}

static enum tuff_status relu_gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id dz;
    enum tuff_status status = tuff_gradient_through_relu(graph, forward.values[0], &dz);
    return status != TUFF_OK || dz == TUFF_NO_VALUE ? status : gradients_from(graph, &forward, dz);
}

static void work_of_forward(const void *params, const struct tuff_tensor *const tensors[],
                            struct tuff_work *work)
{
    (void)params;
    const struct tuff_tensor *y = tensors[0], *weight = tensors[2], *bias = tensors[3];
    work->flops = tuff_elements(y) * (2 * tuff_elements(weight) / weight->dims[0] + (bias != NULL ? 1 : 0));
}

const struct tuff_op_info tuff_op_info_conv2d_forward = {
    .name = "conv2d_forward",
    .params_size = sizeof(struct tuff_conv2d_params),
    .tensor_count = 4,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "weight", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4},
              {.name = "bias", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1, .optional = true}},
    .infer = infer_forward,
    .check = check_forward,
    .work = work_of_forward,
    .gradient = gradient,
};

static enum tuff_status check_relu_forward(const struct tuff_log *log, const void *params,
                                           const struct tuff_tensor *const tensors[])
{
    return check_all(log, "conv2d_relu_forward", params, (const char *[]){"y", "bias"}, tensors[1],
                     tensors[2], tensors[3], tensors[0]);
}

const struct tuff_op_info tuff_op_info_conv2d_relu_forward = {
    .name = "conv2d_relu_forward",
    .params_size = sizeof(struct tuff_conv2d_params),
    .tensor_count = 4,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "weight", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4},
              {.name = "bias", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1, .optional = true}},
    .fused = true,
    .infer = infer_forward,
    .check = check_relu_forward,
    .gradient = relu_gradient,
    .work = work_of_forward,
};

static enum tuff_status check_backward_input(const struct tuff_log *log, const void *params,
                                             const struct tuff_tensor *const tensors[])
{
    return check_all(log, "conv2d_backward_input", params, (const char *[]){"dy", "bias"}, tensors[0],
                     tensors[2], NULL, tensors[1]);
}

static void work_of_backward_input(const void *params, const struct tuff_tensor *const tensors[],
                                   struct tuff_work *work)
{
    (void)params;
    const struct tuff_tensor *dy = tensors[1], *weight = tensors[2];
    work->flops = tuff_elements(dy) * 2 * tuff_elements(weight) / weight->dims[0];
}

const struct tuff_op_info tuff_op_info_conv2d_backward_input = {
    .name = "conv2d_backward_input",
    .params_size = sizeof(struct tuff_conv2d_params),
    .tensor_count = 3,
    .roles =
        {{.name = "dx", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
         {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
         {.name = "weight", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4}},
    .check = check_backward_input,
    .work = work_of_backward_input,
};

static enum tuff_status check_backward_weight(const struct tuff_log *log, const void *params,
                                              const struct tuff_tensor *const tensors[])
{
    return check_all(log, "conv2d_backward_weight", params, (const char *[]){"dy", "dbias"}, tensors[3],
                     tensors[0], tensors[1], tensors[2]);
}

static void work_of_backward_weight(const void *params, const struct tuff_tensor *const tensors[],
                                    struct tuff_work *work)
{
    (void)params;
    const struct tuff_tensor *dweight = tensors[0], *dbias = tensors[1], *dy = tensors[2];
    work->flops =
        tuff_elements(dy) * (2 * tuff_elements(dweight) / dweight->dims[0] + (dbias != NULL ? 1 : 0));
}

const struct tuff_op_info tuff_op_info_conv2d_backward_weight = {
    .name = "conv2d_backward_weight",
    .params_size = sizeof(struct tuff_conv2d_params),
    .tensor_count = 4,
    .roles = {{.name = "dweight", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 4},
              {.name = "dbias", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 1, .optional = true},
              {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true}},
    .check = check_backward_weight,
    .work = work_of_backward_weight,
};
