// Logarithm of softmax, and the mean squared error: see tuff/op/loss.h.
#include "check.h"
#include "graph/autodiff.h"

static const uint32_t STATE_DIMS[1] = {TUFF_STEP_STATE_WORDS};

// -- Logarithm of softmax.

static enum tuff_status infer_log_softmax(const struct tuff_log *log, const void *params,
                                          struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    tuff_take_shape(tensors[0], tensors[1]);
    return TUFF_OK;
}

static enum tuff_status check_log_softmax(const struct tuff_log *log, const void *params,
                                          const struct tuff_tensor *const tensors[])
{
    (void)params;
    return tuff_check_shape(log, "log_softmax_forward", "y", tensors[0], 2, tensors[1]->dims);
}

static enum tuff_status log_softmax_gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id x = forward.values[1], values[3] = {TUFF_NO_VALUE, TUFF_NO_VALUE, forward.values[0]};
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &values[1]);
    if (status != TUFF_OK || values[1] == TUFF_NO_VALUE || !tuff_gradient_wanted(graph, x))
        return status;
    status = tuff_gradient_begin(graph, x, &values[0]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_LOG_SOFTMAX_BACKWARD, NULL, NULL, values);
    return status == TUFF_OK ? tuff_gradient_end(graph, x, values[0]) : status;
}

static void work_of_log_softmax(const void *params, const struct tuff_tensor *const tensors[],
                                struct tuff_work *work)
{
    (void)params;
    work->flops = 5 * tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_log_softmax_forward = {
    .name = "log_softmax_forward",
    .tensor_count = 2,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 2, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 2, .batched = true}},
    .infer = infer_log_softmax,
    .check = check_log_softmax,
    .work = work_of_log_softmax,
    .gradient = log_softmax_gradient,
};

static enum tuff_status check_log_softmax_backward(const struct tuff_log *log, const void *params,
                                                   const struct tuff_tensor *const tensors[])
{
    (void)params;
    static const char *const op = "log_softmax_backward";
    const struct tuff_tensor *y = tensors[2];
    enum tuff_status status = tuff_check_shape(log, op, "dx", tensors[0], 2, y->dims);
    return status == TUFF_OK ? tuff_check_shape(log, op, "dy", tensors[1], 2, y->dims) : status;
}

static void work_of_log_softmax_backward(const void *params, const struct tuff_tensor *const tensors[],
                                         struct tuff_work *work)
{
    (void)params;
    work->flops = 4 * tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_log_softmax_backward = {
    .name = "log_softmax_backward",
    .tensor_count = 3,
    .roles = {{.name = "dx", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 2, .batched = true},
              {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 2, .batched = true},
              {.name = "y", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 2, .batched = true}},
    .check = check_log_softmax_backward,
    .work = work_of_log_softmax_backward,
};

// -- Mean squared error.

static enum tuff_status infer_squared_error(const struct tuff_log *log, const void *params,
                                            struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    tensors[0]->rank = 1;
    tensors[0]->dims[0] = tensors[1]->dims[0];
    return TUFF_OK;
}

// target and state are tensors 2 and 3 of both ops, y is 1.
static enum tuff_status check_target(const struct tuff_log *log, const char *op,
                                     const struct tuff_tensor *const tensors[])
{
    enum tuff_status status =
        tuff_check_shape(log, op, "target", tensors[2], tensors[1]->rank, tensors[1]->dims);
    return status == TUFF_OK ? tuff_check_shape(log, op, "state", tensors[3], 1, STATE_DIMS) : status;
}

static enum tuff_status check_squared_error(const struct tuff_log *log, const void *params,
                                            const struct tuff_tensor *const tensors[])
{
    (void)params;
    static const char *const op = "mean_squared_error_forward";
    enum tuff_status status = tuff_check_shape(log, op, "loss", tensors[0], 1, tensors[1]->dims);
    return status == TUFF_OK ? check_target(log, op, tensors) : status;
}

// The loss itself: its gradient is 1, so this rule needs none that comes in.
static enum tuff_status squared_error_gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id y = forward.values[1], target = forward.values[2];
    if (tuff_gradient_wanted(graph, target))
        return tuff_fail(
            graph->log, TUFF_ERROR_UNSUPPORTED,
            "mean_squared_error_forward: %s depends on parameters, but a target gets no gradient",
            graph->values[target].name);
    if (!tuff_gradient_wanted(graph, y))
        return TUFF_OK;
    tuff_value_id values[4] = {TUFF_NO_VALUE, y, target, forward.values[3]};
    enum tuff_status status = tuff_gradient_begin(graph, y, &values[0]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_MEAN_SQUARED_ERROR_BACKWARD, NULL, NULL, values);
    return status == TUFF_OK ? tuff_gradient_end(graph, y, values[0]) : status;
}

static void work_of_error(const void *params, const struct tuff_tensor *const tensors[],
                          struct tuff_work *work)
{
    (void)params;
    work->flops = 3 * tuff_elements(tensors[1]);
}

const struct tuff_op_info tuff_op_info_mean_squared_error_forward = {
    .name = "mean_squared_error_forward",
    .tensor_count = 4,
    .roles = {{.name = "loss", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 1},
              {.name = "y", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .batched = true},
              {.name = "target", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .batched = true},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .infer = infer_squared_error,
    .check = check_squared_error,
    .work = work_of_error,
    .gradient = squared_error_gradient,
};

static enum tuff_status check_squared_error_backward(const struct tuff_log *log, const void *params,
                                                     const struct tuff_tensor *const tensors[])
{
    (void)params;
    static const char *const op = "mean_squared_error_backward";
    enum tuff_status status = tuff_check_shape(log, op, "dy", tensors[0], tensors[1]->rank, tensors[1]->dims);
    return status == TUFF_OK ? check_target(log, op, tensors) : status;
}

static void work_of_error_backward(const void *params, const struct tuff_tensor *const tensors[],
                                   struct tuff_work *work)
{
    (void)params;
    work->flops = 2 * tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_mean_squared_error_backward = {
    .name = "mean_squared_error_backward",
    .tensor_count = 4,
    .roles = {{.name = "dy", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .batched = true},
              {.name = "y", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .batched = true},
              {.name = "target", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .batched = true},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .check = check_squared_error_backward,
    .work = work_of_error_backward,
};
