// Pointwise activations: see tuff/op/activation.h.
#include <math.h>

#include "check.h"
#include "graph/autodiff.h"

static enum tuff_status infer_forward(const struct tuff_log *log, const void *params,
                                      struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    tuff_take_shape(tensors[0], tensors[1]);
    return TUFF_OK;
}

static enum tuff_status check_params(const struct tuff_log *log, const char *op,
                                     const struct tuff_activation_params *p)
{
    if (p->kind > TUFF_ACTIVATION_TANH)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: unknown activation %u", op, p->kind);
    if (p->kind == TUFF_ACTIVATION_LEAKY_RELU && !isfinite(p->slope))
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: the slope is %g, expected a finite number", op,
                         (double)p->slope);
    return TUFF_OK;
}

static enum tuff_status check_forward(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    const struct tuff_tensor *x = tensors[1];
    enum tuff_status status = check_params(log, "activation_forward", params);
    return status == TUFF_OK ? tuff_check_shape(log, "activation_forward", "y", tensors[0], x->rank, x->dims)
                             : status;
}

static enum tuff_status gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id x = forward.values[1], values[3] = {TUFF_NO_VALUE, TUFF_NO_VALUE, x};
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &values[1]);
    if (status != TUFF_OK || values[1] == TUFF_NO_VALUE || !tuff_gradient_wanted(graph, x))
        return status;
    status = tuff_gradient_begin(graph, x, &values[0]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_ACTIVATION_BACKWARD, forward.params, NULL, values);
    return status == TUFF_OK ? tuff_gradient_end(graph, x, values[0]) : status;
}

static void work_of_forward(const void *params, const struct tuff_tensor *const tensors[],
                            struct tuff_work *work)
{
    (void)params;
    work->flops = tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_activation_forward = {
    .name = "activation_forward",
    .params_size = sizeof(struct tuff_activation_params),
    .tensor_count = 2,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true}},
    .in_place = 1u << 1,
    .infer = infer_forward,
    .check = check_forward,
    .work = work_of_forward,
    .gradient = gradient,
};

static enum tuff_status check_backward(const struct tuff_log *log, const void *params,
                                       const struct tuff_tensor *const tensors[])
{
    const char *op = "activation_backward";
    const struct tuff_tensor *x = tensors[2];
    enum tuff_status status = check_params(log, op, params);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, op, "dx", tensors[0], x->rank, x->dims);
    return status == TUFF_OK ? tuff_check_shape(log, op, "dy", tensors[1], x->rank, x->dims) : status;
}

static void work_of_backward(const void *params, const struct tuff_tensor *const tensors[],
                             struct tuff_work *work)
{
    (void)params;
    work->flops = 2 * tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_activation_backward = {
    .name = "activation_backward",
    .params_size = sizeof(struct tuff_activation_params),
    .tensor_count = 3,
    .roles = {{.name = "dx", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true}},
    .in_place = 1u << 1,
    .check = check_backward,
    .work = work_of_backward,
};
