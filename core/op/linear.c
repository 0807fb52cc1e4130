// Fully connected layer: see tuff/op/linear.h.
#include "check.h"
#include "graph/autodiff.h"

// x (N,I), weight (O,I), bias (O) or NULL, y (N,O), whatever they are called in this op.
static enum tuff_status check_all(const struct tuff_log *log, const char *op, const char *names[3],
                                  const struct tuff_tensor *x, const struct tuff_tensor *weight,
                                  const struct tuff_tensor *bias, const struct tuff_tensor *y)
{
    uint32_t outputs = weight->dims[0];
    if (x->dims[1] != weight->dims[1])
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %s has %u features, but the weight takes %u", op,
                         names[0], x->dims[1], weight->dims[1]);
    enum tuff_status status = tuff_check_shape(log, op, names[1], y, 2, (uint32_t[]){x->dims[0], outputs});
    if (status == TUFF_OK && bias != NULL)
        status = tuff_check_shape(log, op, names[2], bias, 1, &outputs);
    return status;
}

static enum tuff_status infer_forward(const struct tuff_log *log, const void *params,
                                      struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    tensors[0]->rank = 2;
    tensors[0]->dims[0] = tensors[1]->dims[0];
    tensors[0]->dims[1] = tensors[2]->dims[0];
    return TUFF_OK;
}

static enum tuff_status check_forward(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    (void)params;
    return check_all(log, "linear_forward", (const char *[]){"x", "y", "bias"}, tensors[1], tensors[2],
                     tensors[3], tensors[0]);
}

// Appends the ops that make the gradients of weight, bias and x from dy. forward: linear_forward's node, or
// one with the same tensors.
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
            status = tuff_graph_add_node(graph, TUFF_OP_LINEAR_BACKWARD_WEIGHT, NULL, NULL, values);
        if (status == TUFF_OK)
            status = tuff_gradient_end(graph, weight, values[0]);
        if (status == TUFF_OK && bias != TUFF_NO_VALUE)
            status = tuff_gradient_end(graph, bias, values[1]);
    }
    if (status == TUFF_OK && tuff_gradient_wanted(graph, x)) {
        tuff_value_id values[3] = {TUFF_NO_VALUE, dy, weight};
        status = tuff_gradient_begin(graph, x, &values[0]);
        if (status == TUFF_OK)
            status = tuff_graph_add_node(graph, TUFF_OP_LINEAR_BACKWARD_INPUT, NULL, NULL, values);
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
    const struct tuff_tensor *y = tensors[0], *x = tensors[1], *bias = tensors[3];
    work->flops = tuff_elements(y) * (2.0 * x->dims[1] + (bias != NULL ? 1 : 0));
}

const struct tuff_op_info tuff_op_info_linear_forward = {
    .name = "linear_forward",
    .tensor_count = 4,
    .roles = {{.name = "y",
               .access = TUFF_ACCESS_OUT,
               .dtype = TUFF_DTYPE_FLOAT_OR_F32,
               .rank = 2,
               .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 2, .batched = true},
              {.name = "weight", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 2},
              {.name = "bias", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1, .optional = true}},
    .infer = infer_forward,
    .check = check_forward,
    .work = work_of_forward,
    .gradient = gradient,
};

static enum tuff_status check_relu_forward(const struct tuff_log *log, const void *params,
                                           const struct tuff_tensor *const tensors[])
{
    (void)params;
    return check_all(log, "linear_relu_forward", (const char *[]){"x", "y", "bias"}, tensors[1], tensors[2],
                     tensors[3], tensors[0]);
}

const struct tuff_op_info tuff_op_info_linear_relu_forward = {
    .name = "linear_relu_forward",
    .tensor_count = 4,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 2, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 2, .batched = true},
              {.name = "weight", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 2},
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
    (void)params;
    return check_all(log, "linear_backward_input", (const char *[]){"dx", "dy", ""}, tensors[0], tensors[2],
                     NULL, tensors[1]);
}

static void work_of_backward_input(const void *params, const struct tuff_tensor *const tensors[],
                                   struct tuff_work *work)
{
    (void)params;
    const struct tuff_tensor *dx = tensors[0], *dy = tensors[1];
    work->flops = tuff_elements(dy) * 2.0 * dx->dims[1];
}

const struct tuff_op_info tuff_op_info_linear_backward_input = {
    .name = "linear_backward_input",
    .tensor_count = 3,
    .roles =
        {{.name = "dx", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 2, .batched = true},
         {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 2, .batched = true},
         {.name = "weight", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 2}},
    .check = check_backward_input,
    .work = work_of_backward_input,
};

static enum tuff_status check_backward_weight(const struct tuff_log *log, const void *params,
                                              const struct tuff_tensor *const tensors[])
{
    (void)params;
    return check_all(log, "linear_backward_weight", (const char *[]){"x", "dy", "dbias"}, tensors[3],
                     tensors[0], tensors[1], tensors[2]);
}

static void work_of_backward_weight(const void *params, const struct tuff_tensor *const tensors[],
                                    struct tuff_work *work)
{
    (void)params;
    const struct tuff_tensor *dbias = tensors[1], *dy = tensors[2], *x = tensors[3];
    work->flops = tuff_elements(dy) * (2.0 * x->dims[1] + (dbias != NULL ? 1 : 0));
}

const struct tuff_op_info tuff_op_info_linear_backward_weight = {
    .name = "linear_backward_weight",
    .tensor_count = 4,
    .roles = {{.name = "dweight", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 2},
              {.name = "dbias", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 1, .optional = true},
              {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 2, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 2, .batched = true}},
    .check = check_backward_weight,
    .work = work_of_backward_weight,
};
