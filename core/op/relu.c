// Rectified linear unit: see tuff/op/relu.h.
#include "check.h"
#include "graph/autodiff.h"

static enum tuff_status infer_forward(const struct tuff_log *log, const void *params,
                                      struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    tuff_take_shape(tensors[0], tensors[1]);
    return TUFF_OK;
}

static enum tuff_status check_forward(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    (void)params;
    return tuff_check_shape(log, "relu_forward", "y", tensors[0], tensors[1]->rank, tensors[1]->dims);
}

static enum tuff_status gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id x = forward.values[1], values[3] = {TUFF_NO_VALUE, TUFF_NO_VALUE, forward.values[0]};
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &values[1]);
    if (status != TUFF_OK || values[1] == TUFF_NO_VALUE || !tuff_gradient_wanted(graph, x))
        return status;
    status = tuff_gradient_begin(graph, x, &values[0]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_RELU_BACKWARD, NULL, NULL, values);
    return status == TUFF_OK ? tuff_gradient_end(graph, x, values[0]) : status;
}

static void work_of_both(const void *params, const struct tuff_tensor *const tensors[],
                         struct tuff_work *work)
{
    (void)params;
    work->flops = tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_relu_forward = {
    .name = "relu_forward",
    .tensor_count = 2,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true}},
    .in_place = 1u << 1,
    .infer = infer_forward,
    .check = check_forward,
    .work = work_of_both,
    .gradient = gradient,
};

static enum tuff_status check_backward(const struct tuff_log *log, const void *params,
                                       const struct tuff_tensor *const tensors[])
{
    (void)params;
    const struct tuff_tensor *y = tensors[2];
    enum tuff_status status = tuff_check_shape(log, "relu_backward", "dx", tensors[0], y->rank, y->dims);
    return status == TUFF_OK ? tuff_check_shape(log, "relu_backward", "dy", tensors[1], y->rank, y->dims)
                             : status;
}

const struct tuff_op_info tuff_op_info_relu_backward = {
    .name = "relu_backward",
    .tensor_count = 3,
    .roles = {{.name = "dx", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "y", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true}},
    .in_place = 1u << 1,
    .check = check_backward,
    .work = work_of_both,
};
