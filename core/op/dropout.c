// Dropout: see tuff/op/dropout.h.
#include "check.h"
#include "graph/autodiff.h"

static const uint32_t STATE_DIMS[1] = {TUFF_STEP_STATE_WORDS};

static enum tuff_status infer_forward(const struct tuff_log *log, const void *params,
                                      struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    tuff_take_shape(tensors[0], tensors[1]);
    return TUFF_OK;
}

static enum tuff_status check_both(const struct tuff_log *log, const char *op, const char *out_name,
                                   const struct tuff_dropout_params *p,
                                   const struct tuff_tensor *const tensors[])
{
    const struct tuff_tensor *in = tensors[1];
    if (!(p->probability >= 0 && p->probability < 1))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: the probability is %g, expected at least 0 and below 1", op,
                         (double)p->probability);
    if (tuff_tensor_elements(in) > UINT32_MAX)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: shape %s has more elements than the mask can number",
                         op, tuff_shape_text(in).text);
    enum tuff_status status = tuff_check_shape(log, op, out_name, tensors[0], in->rank, in->dims);
    return status == TUFF_OK ? tuff_check_shape(log, op, "state", tensors[2], 1, STATE_DIMS) : status;
}

static enum tuff_status check_forward(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    return check_both(log, "dropout_forward", "y", params, tensors);
}

static enum tuff_status gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id x = forward.values[1], values[3] = {TUFF_NO_VALUE, TUFF_NO_VALUE, forward.values[2]};
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &values[1]);
    if (status != TUFF_OK || values[1] == TUFF_NO_VALUE || !tuff_gradient_wanted(graph, x))
        return status;
    status = tuff_gradient_begin(graph, x, &values[0]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, TUFF_OP_DROPOUT_BACKWARD, forward.params, NULL, values);
    return status == TUFF_OK ? tuff_gradient_end(graph, x, values[0]) : status;
}

static void work_of_both(const void *params, const struct tuff_tensor *const tensors[],
                         struct tuff_work *work)
{
    (void)params;
    work->flops = tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_dropout_forward = {
    .name = "dropout_forward",
    .params_size = sizeof(struct tuff_dropout_params),
    .tensor_count = 3,
    .roles = {{.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .in_place = 1u << 1,
    .infer = infer_forward,
    .check = check_forward,
    .work = work_of_both,
    .gradient = gradient,
};

static enum tuff_status check_backward(const struct tuff_log *log, const void *params,
                                       const struct tuff_tensor *const tensors[])
{
    return check_both(log, "dropout_backward", "dx", params, tensors);
}

const struct tuff_op_info tuff_op_info_dropout_backward = {
    .name = "dropout_backward",
    .params_size = sizeof(struct tuff_dropout_params),
    .tensor_count = 3,
    .roles = {{.name = "dx", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .batched = true},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .in_place = 1u << 1,
    .check = check_backward,
    .work = work_of_both,
};
