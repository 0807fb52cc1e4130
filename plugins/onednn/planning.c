// What the host asks before it calls a kernel.
#include "kernels.h"
#include "primitive.h"

#include <stddef.h>

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
    if (!is_row_major(args))
        return 0;
    if (!dnn_is_problem(op))
        return 1;
    // oneDNN pads with zeros only.
    if (dnn_is_convolution(op) &&
        ((const struct tuff_conv2d_params *)args->params)->padding_mode != TUFF_PADDING_ZEROS)
        return 0;
    struct dnn_problem problem;
    uint64_t workspace_bytes;
    dnn_problem_fill(op, args, &problem);
    // A failure of another kind (no memory) is the workspace's to report.
    return dnn_primitive_workspace(device, &problem, &workspace_bytes) != TUFF_ERROR_UNSUPPORTED;
}

enum tuff_status dnn_workspace_size(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args,
                                    uint64_t *bytes)
{
    *bytes = 0;
    if (!dnn_is_problem(op))
        return TUFF_OK;
    struct dnn_problem problem;
    dnn_problem_fill(op, args, &problem);
    return dnn_primitive_workspace(device, &problem, bytes);
}

enum tuff_status dnn_prepare(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    uint64_t bytes;
    return dnn_workspace_size(device, op, args, &bytes);
}
