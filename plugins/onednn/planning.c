// What the host asks before it calls a kernel.
#include "primitive.h"

#include <stddef.h>

const struct dnn_method *dnn_method_of(uint32_t op)
{
    switch (op) {
    case TUFF_OP_CONV2D_FORWARD:
    case TUFF_OP_CONV2D_BACKWARD_INPUT:
    case TUFF_OP_CONV2D_BACKWARD_WEIGHT:
        return &dnn_convolution;
    case TUFF_OP_LINEAR_FORWARD:
    case TUFF_OP_LINEAR_BACKWARD_INPUT:
    case TUFF_OP_LINEAR_BACKWARD_WEIGHT:
        return &dnn_linear;
    case TUFF_OP_ACTIVATION_FORWARD:
    case TUFF_OP_ACTIVATION_BACKWARD:
        return &dnn_activation;
    case TUFF_OP_BATCH_NORM2D_TRAIN:
    case TUFF_OP_BATCH_NORM2D_EVAL:
    case TUFF_OP_BATCH_NORM2D_BACKWARD:
        return &dnn_batch_norm2d;
    case TUFF_OP_AVG_POOL2D_FORWARD:
    case TUFF_OP_AVG_POOL2D_BACKWARD:
    case TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD:
    case TUFF_OP_ADAPTIVE_AVG_POOL2D_BACKWARD:
        return &dnn_avg_pool2d;
    default:
        return NULL;
    }
}

static bool is_row_major(const struct tuff_op_args *args)
{
    const size_t count = (args->size - offsetof(struct tuff_op_args, tensors)) / sizeof args->tensors[0];
    for (size_t i = 0; i < count; i++)
        if (args->tensors[i] != NULL && args->tensors[i]->layout != TUFF_LAYOUT_ROW_MAJOR)
            return false;
    return true;
}

int dnn_supports(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    const struct dnn_method *method = dnn_method_of(op);
    if (!is_row_major(args) || tuff_op_args_use_f16(args))
        return 0;
    if (method == NULL)
        return 1;
    struct dnn_problem problem;
    const enum dnn_way way = method->pose(op, args, &problem);
    if (way != DNN_PRIMITIVE)
        return way == DNN_LOOPS;
    uint64_t bytes;
    // A failure of another kind (no memory) is workspace_size's to report.
    return dnn_primitive_workspace(device, &problem, &bytes) != TUFF_ERROR_UNSUPPORTED;
}

enum tuff_status dnn_workspace_size(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args,
                                    uint64_t *bytes)
{
    const struct dnn_method *method = dnn_method_of(op);
    struct dnn_problem problem;
    *bytes = 0;
    if (method == NULL || method->pose(op, args, &problem) != DNN_PRIMITIVE)
        return TUFF_OK;
    const enum tuff_status status = dnn_primitive_workspace(device, &problem, bytes);
    if (status == TUFF_OK && method->scratch_bytes != NULL)
        *bytes += dnn_aligned(method->scratch_bytes(op, args));
    return status;
}

enum tuff_status dnn_prepare(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    const struct dnn_method *method = dnn_method_of(op);
    struct dnn_problem problem;
    if (method == NULL || method->pose(op, args, &problem) != DNN_PRIMITIVE)
        return TUFF_OK;
    return dnn_primitive_prepare(device, &problem);
}
