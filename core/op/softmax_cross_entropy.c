// Softmax and cross-entropy: see tuff/op/softmax_cross_entropy.h.
#include "check.h"
#include "graph/autodiff.h"

static const uint32_t STATE_DIMS[1] = {TUFF_STEP_STATE_WORDS};

static enum tuff_status check_smoothing(const struct tuff_log *log, const char *op, const void *params)
{
    const struct tuff_softmax_cross_entropy_params *p = params;
    if (!(p->label_smoothing >= 0 && p->label_smoothing <= 1))
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: label smoothing %g must lie in [0, 1]", op,
                         (double)p->label_smoothing);
    return TUFF_OK;
}

static enum tuff_status infer_forward(const struct tuff_log *log, const void *params,
                                      struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    for (int i = 0; i < 2; i++) {
        tensors[i]->rank = 1;
        tensors[i]->dims[0] = tensors[2]->dims[0];
    }
    return TUFF_OK;
}

static enum tuff_status check_forward(const struct tuff_log *log, const void *params,
                                      const struct tuff_tensor *const tensors[])
{
    static const char *const op = "softmax_cross_entropy_forward";
    static const char *const names[] = {"loss", "correct", "logits", "labels"};
    enum tuff_status status = check_smoothing(log, op, params);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, op, "state", tensors[4], 1, STATE_DIMS);
    for (int i = 0; status == TUFF_OK && i < 4; i++)
        if (i != 2)
            status = tuff_check_shape(log, op, names[i], tensors[i], 1, tensors[2]->dims);
    return status;
}

// The loss itself: its gradient is 1, so this rule needs none that comes in.
static enum tuff_status gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    const struct tuff_node forward = *node;
    tuff_value_id logits = forward.values[2];
    if (!tuff_gradient_wanted(graph, logits))
        return TUFF_OK;
    tuff_value_id values[4] = {TUFF_NO_VALUE, logits, forward.values[3], forward.values[4]};
    enum tuff_status status = tuff_gradient_begin(graph, logits, &values[0]);
    if (status == TUFF_OK)
        status =
            tuff_graph_add_node(graph, TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD, forward.params, NULL, values);
    return status == TUFF_OK ? tuff_gradient_end(graph, logits, values[0]) : status;
}

static void work_of_forward(const void *params, const struct tuff_tensor *const tensors[],
                            struct tuff_work *work)
{
    (void)params;
    work->flops = 4 * tuff_elements(tensors[2]);
}

const struct tuff_op_info tuff_op_info_softmax_cross_entropy_forward = {
    .name = "softmax_cross_entropy_forward",
    .params_size = sizeof(struct tuff_softmax_cross_entropy_params),
    .tensor_count = 5,
    .roles = {{.name = "loss", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 1},
              {.name = "correct", .access = TUFF_ACCESS_OUT, .dtype = TUFF_U32, .rank = 1},
              {.name = "logits", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 2, .batched = true},
              {.name = "labels", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .infer = infer_forward,
    .check = check_forward,
    .work = work_of_forward,
    .gradient = gradient,
};

static enum tuff_status check_backward(const struct tuff_log *log, const void *params,
                                       const struct tuff_tensor *const tensors[])
{
    static const char *const op = "softmax_cross_entropy_backward";
    const struct tuff_tensor *logits = tensors[1];
    enum tuff_status status = check_smoothing(log, op, params);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, op, "dlogits", tensors[0], 2, logits->dims);
    if (status == TUFF_OK)
        status = tuff_check_shape(log, op, "labels", tensors[2], 1, logits->dims);
    return status == TUFF_OK ? tuff_check_shape(log, op, "state", tensors[3], 1, STATE_DIMS) : status;
}

static void work_of_backward(const void *params, const struct tuff_tensor *const tensors[],
                             struct tuff_work *work)
{
    (void)params;
    work->flops = 5 * tuff_elements(tensors[0]);
}

const struct tuff_op_info tuff_op_info_softmax_cross_entropy_backward = {
    .name = "softmax_cross_entropy_backward",
    .params_size = sizeof(struct tuff_softmax_cross_entropy_params),
    .tensor_count = 4,
    .roles = {{.name = "dlogits",
               .access = TUFF_ACCESS_OUT,
               .dtype = TUFF_DTYPE_FLOAT,
               .rank = 2,
               .batched = true},
              {.name = "logits", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 2, .batched = true},
              {.name = "labels", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1},
              {.name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1}},
    .check = check_backward,
    .work = work_of_backward,
};
