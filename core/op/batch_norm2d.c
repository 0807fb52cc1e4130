// Batch normalization: see tuff/op/batch_norm2d.h.
#include <math.h>

#include "check.h"
#include "graph/autodiff.h"

static const uint32_t STATE_DIMS[1] = {TUFF_STEP_STATE_WORDS};

extern const struct tuff_op_info tuff_op_info_batch_norm2d_train, tuff_op_info_batch_norm2d_eval,
    tuff_op_info_batch_norm2d_backward, tuff_op_info_batch_norm2d_relu_train,
    tuff_op_info_batch_norm2d_relu_eval, tuff_op_info_batch_norm2d_relu_backward;

static enum tuff_status check_params(const struct tuff_log *log, const char *op,
                                     const struct tuff_batch_norm2d_params *p)
{
    if (!(isfinite(p->epsilon) && p->epsilon >= 0))
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: epsilon %g must be at least 0", op,
                         (double)p->epsilon);
    if (!(p->momentum >= 0 && p->momentum <= 1))
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: momentum %g must lie in [0, 1]", op,
                         (double)p->momentum);
    return TUFF_OK;
}

// Batched tensors have x's shape (N,C,H,W), the state its own, all others (C).
static enum tuff_status check_shapes(const struct tuff_log *log, const struct tuff_op_info *info,
                                     const struct tuff_tensor *const tensors[], const struct tuff_tensor *x)
{
    enum tuff_status status = TUFF_OK;
    for (uint32_t i = 0; status == TUFF_OK && i < info->tensor_count; i++) {
        const struct tuff_role *role = &info->roles[i];
        if (tensors[i] == NULL)
            continue;
        if (role->dtype == TUFF_U32)
            status = tuff_check_shape(log, info->name, role->name, tensors[i], 1, STATE_DIMS);
        else if (role->batched)
            status = tuff_check_shape(log, info->name, role->name, tensors[i], 4, x->dims);
        else
            status = tuff_check_shape(log, info->name, role->name, tensors[i], 1, &x->dims[1]);
    }
    return status;
}

static enum tuff_status check_affine(const struct tuff_log *log, const char *op,
                                     const struct tuff_tensor *weight, const struct tuff_tensor *bias)
{
    if ((weight == NULL) != (bias == NULL))
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: %s without %s: expected both or none", op,
                         weight != NULL ? "weight" : "bias", weight != NULL ? "bias" : "weight");
    return TUFF_OK;
}

static void infer_image(struct tuff_tensor *y, const struct tuff_tensor *x)
{
    y->rank = x->rank;
    for (int i = 0; i < TUFF_MAX_RANK; i++)
        y->dims[i] = x->dims[i];
}

// -- Training.

static enum tuff_status infer_train(const struct tuff_log *log, const void *params,
                                    struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    infer_image(tensors[0], tensors[5]);
    for (int i = 1; i < 3; i++) {
        tensors[i]->rank = 1;
        tensors[i]->dims[0] = tensors[5]->dims[1];
    }
    return TUFF_OK;
}

static enum tuff_status check_train_as(const struct tuff_log *log, const struct tuff_op_info *info,
                                       const void *params, const struct tuff_tensor *const tensors[])
{
    enum tuff_status status = check_params(log, info->name, params);
    if (status == TUFF_OK)
        status = check_affine(log, info->name, tensors[6], tensors[7]);
    return status == TUFF_OK ? check_shapes(log, info, tensors, tensors[5]) : status;
}

static enum tuff_status check_train(const struct tuff_log *log, const void *params,
                                    const struct tuff_tensor *const tensors[])
{
    return check_train_as(log, &tuff_op_info_batch_norm2d_train, params, tensors);
}

static enum tuff_status check_relu_train(const struct tuff_log *log, const void *params,
                                         const struct tuff_tensor *const tensors[])
{
    return check_train_as(log, &tuff_op_info_batch_norm2d_relu_train, params, tensors);
}

// The place for a gradient of `of`, which has `channels` elements: its own if it is wanted, else one that
// nobody reads, since dx needs the sums all the same.
static enum tuff_status channel_gradient(struct tuff_graph *graph, tuff_value_id of, const char *name,
                                         uint32_t channels, tuff_value_id *gradient)
{
    if (of != TUFF_NO_VALUE && tuff_gradient_wanted(graph, of))
        return tuff_gradient_begin(graph, of, gradient);
    return tuff_graph_add_value(graph, TUFF_VALUE_ACTIVATION, 0, name, TUFF_F32, 1, &channels, false,
                                gradient);
}

// Of both training ops: `backward` is that op's, and reads y if it has a tensor more than the other's.
static enum tuff_status gradient_by(struct tuff_graph *graph, const struct tuff_node *node,
                                    enum tuff_op backward)
{
    const struct tuff_node forward = *node;
    const tuff_value_id x = forward.values[5], weight = forward.values[6], bias = forward.values[7];
    const uint32_t channels = graph->values[x].shape.dims[1];
    // dx, dweight, dbias, dy, x, mean, inverse, weight, state, y
    tuff_value_id values[10] = {
        TUFF_NO_VALUE,     TUFF_NO_VALUE,     TUFF_NO_VALUE, TUFF_NO_VALUE,     x,
        forward.values[1], forward.values[2], weight,        forward.values[8], forward.values[0],
    };
    const tuff_value_id of[3] = {x, weight, bias};
    enum tuff_status status = tuff_gradient_of(graph, forward.values[0], &values[3]);
    if (status != TUFF_OK || values[3] == TUFF_NO_VALUE)
        return status;
    status = tuff_gradient_begin(graph, x, &values[0]);
    if (status == TUFF_OK)
        status = channel_gradient(graph, weight, "dweight", channels, &values[1]);
    if (status == TUFF_OK)
        status = channel_gradient(graph, bias, "dbias", channels, &values[2]);
    if (status == TUFF_OK)
        status = tuff_graph_add_node(graph, backward, NULL, NULL, values);
    for (int i = 0; status == TUFF_OK && i < 3; i++)
        if (of[i] != TUFF_NO_VALUE && tuff_gradient_wanted(graph, of[i]))
            status = tuff_gradient_end(graph, of[i], values[i]);
    return status;
}

static enum tuff_status gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    return gradient_by(graph, node, TUFF_OP_BATCH_NORM2D_BACKWARD);
}

static enum tuff_status relu_gradient(struct tuff_graph *graph, const struct tuff_node *node)
{
    return gradient_by(graph, node, TUFF_OP_BATCH_NORM2D_RELU_BACKWARD);
}

static void work_of_train(const void *params, const struct tuff_tensor *const tensors[],
                          struct tuff_work *work)
{
    (void)params;
    work->flops = 6 * tuff_elements(tensors[0]);
}

static void work_of_relu_train(const void *params, const struct tuff_tensor *const tensors[],
                               struct tuff_work *work)
{
    (void)params;
    work->flops = 7 * tuff_elements(tensors[0]);
}

#define TRAIN_ROLES                                                                                          \
    {.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},         \
        {.name = "mean", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 1},                           \
        {.name = "inverse", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 1},                        \
        {.name = "running_mean", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_F32, .rank = 1},                 \
        {.name = "running_variance", .access = TUFF_ACCESS_INOUT, .dtype = TUFF_F32, .rank = 1},             \
        {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},      \
        {.name = "weight", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1, .optional = true},        \
        {.name = "bias", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1, .optional = true},          \
    {                                                                                                        \
        .name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1                              \
    }

const struct tuff_op_info tuff_op_info_batch_norm2d_train = {
    .name = "batch_norm2d_train",
    .params_size = sizeof(struct tuff_batch_norm2d_params),
    .tensor_count = 9,
    .roles = {TRAIN_ROLES},
    .infer = infer_train,
    .check = check_train,
    .work = work_of_train,
    .gradient = gradient,
};

const struct tuff_op_info tuff_op_info_batch_norm2d_relu_train = {
    .name = "batch_norm2d_relu_train",
    .params_size = sizeof(struct tuff_batch_norm2d_params),
    .tensor_count = 9,
    .roles = {TRAIN_ROLES},
    .fused = true,
    .infer = infer_train,
    .check = check_relu_train,
    .work = work_of_relu_train,
    .gradient = relu_gradient,
};

// -- Evaluation.

static enum tuff_status infer_eval(const struct tuff_log *log, const void *params,
                                   struct tuff_tensor *const tensors[])
{
    (void)log, (void)params;
    infer_image(tensors[0], tensors[1]);
    return TUFF_OK;
}

static enum tuff_status check_eval_as(const struct tuff_log *log, const struct tuff_op_info *info,
                                      const void *params, const struct tuff_tensor *const tensors[])
{
    enum tuff_status status = check_params(log, info->name, params);
    if (status == TUFF_OK)
        status = check_affine(log, info->name, tensors[4], tensors[5]);
    return status == TUFF_OK ? check_shapes(log, info, tensors, tensors[1]) : status;
}

static enum tuff_status check_eval(const struct tuff_log *log, const void *params,
                                   const struct tuff_tensor *const tensors[])
{
    return check_eval_as(log, &tuff_op_info_batch_norm2d_eval, params, tensors);
}

static enum tuff_status check_relu_eval(const struct tuff_log *log, const void *params,
                                        const struct tuff_tensor *const tensors[])
{
    return check_eval_as(log, &tuff_op_info_batch_norm2d_relu_eval, params, tensors);
}

static void work_of_eval(const void *params, const struct tuff_tensor *const tensors[],
                         struct tuff_work *work)
{
    (void)params;
    work->flops = 2 * tuff_elements(tensors[0]);
}

static void work_of_relu_eval(const void *params, const struct tuff_tensor *const tensors[],
                              struct tuff_work *work)
{
    (void)params;
    work->flops = 3 * tuff_elements(tensors[0]);
}

#define EVAL_ROLES                                                                                           \
    {.name = "y", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},         \
        {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},      \
        {.name = "running_mean", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1},                    \
        {.name = "running_variance", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1},                \
        {.name = "weight", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1, .optional = true},        \
    {                                                                                                        \
        .name = "bias", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1, .optional = true             \
    }

const struct tuff_op_info tuff_op_info_batch_norm2d_eval = {
    .name = "batch_norm2d_eval",
    .params_size = sizeof(struct tuff_batch_norm2d_params),
    .tensor_count = 6,
    .roles = {EVAL_ROLES},
    .in_place = 1u << 1,
    .infer = infer_eval,
    .check = check_eval,
    .work = work_of_eval,
};

const struct tuff_op_info tuff_op_info_batch_norm2d_relu_eval = {
    .name = "batch_norm2d_relu_eval",
    .params_size = sizeof(struct tuff_batch_norm2d_params),
    .tensor_count = 6,
    .roles = {EVAL_ROLES},
    .in_place = 1u << 1,
    .fused = true,
    .infer = infer_eval,
    .check = check_relu_eval,
    .work = work_of_relu_eval,
};

// -- Backward.

static enum tuff_status check_backward(const struct tuff_log *log, const void *params,
                                       const struct tuff_tensor *const tensors[])
{
    (void)params;
    return check_shapes(log, &tuff_op_info_batch_norm2d_backward, tensors, tensors[4]);
}

static enum tuff_status check_relu_backward(const struct tuff_log *log, const void *params,
                                            const struct tuff_tensor *const tensors[])
{
    (void)params;
    return check_shapes(log, &tuff_op_info_batch_norm2d_relu_backward, tensors, tensors[4]);
}

static void work_of_backward(const void *params, const struct tuff_tensor *const tensors[],
                             struct tuff_work *work)
{
    (void)params;
    work->flops = 8 * tuff_elements(tensors[0]);
}

static void work_of_relu_backward(const void *params, const struct tuff_tensor *const tensors[],
                                  struct tuff_work *work)
{
    (void)params;
    work->flops = 9 * tuff_elements(tensors[0]);
}

#define BACKWARD_ROLES                                                                                       \
    {.name = "dx", .access = TUFF_ACCESS_OUT, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},        \
        {.name = "dweight", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 1},                        \
        {.name = "dbias", .access = TUFF_ACCESS_OUT, .dtype = TUFF_F32, .rank = 1},                          \
        {.name = "dy", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},     \
        {.name = "x", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true},      \
        {.name = "mean", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1},                            \
        {.name = "inverse", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1},                         \
        {.name = "weight", .access = TUFF_ACCESS_IN, .dtype = TUFF_F32, .rank = 1, .optional = true},        \
    {                                                                                                        \
        .name = "state", .access = TUFF_ACCESS_IN, .dtype = TUFF_U32, .rank = 1                              \
    }

const struct tuff_op_info tuff_op_info_batch_norm2d_backward = {
    .name = "batch_norm2d_backward",
    .tensor_count = 9,
    .roles = {BACKWARD_ROLES},
    .check = check_backward,
    .work = work_of_backward,
};

const struct tuff_op_info tuff_op_info_batch_norm2d_relu_backward = {
    .name = "batch_norm2d_relu_backward",
    .tensor_count = 10,
    .roles = {BACKWARD_ROLES,
              {.name = "y", .access = TUFF_ACCESS_IN, .dtype = TUFF_DTYPE_FLOAT, .rank = 4, .batched = true}},
    .fused = true,
    .check = check_relu_backward,
    .work = work_of_relu_backward,
};
