#include "layer.h"

#include <string.h>

enum dnn_pass dnn_pass_of(int64_t op)
{
    switch (op) {
    case TUFF_OP_CONV2D_BACKWARD_INPUT:
    case TUFF_OP_LINEAR_BACKWARD_INPUT:
        return DNN_BACKWARD_INPUT;
    case TUFF_OP_CONV2D_BACKWARD_WEIGHT:
    case TUFF_OP_LINEAR_BACKWARD_WEIGHT:
        return DNN_BACKWARD_WEIGHT;
    default:
        return DNN_FORWARD;
    }
}

// Both ops have their tensors in one order:
//   forward: y, x, weight, bias;  backward input: dx, dy, weight;  backward weight: dweight, dbias, dy, x
void dnn_layer_sort(uint32_t op, const struct tuff_op_args *args,
                    const struct tuff_tensor *tensors[DNN_ROLES])
{
    const struct tuff_tensor *const *from = args->tensors;
    tensors[DNN_BIAS] = NULL;
    switch (dnn_pass_of(op)) {
    case DNN_FORWARD:
        tensors[DNN_DST] = from[0];
        tensors[DNN_SRC] = from[1];
        tensors[DNN_WEIGHTS] = from[2];
        tensors[DNN_BIAS] = from[3];
        break;
    case DNN_BACKWARD_INPUT:
        tensors[DNN_SRC] = from[0];
        tensors[DNN_DST] = from[1];
        tensors[DNN_WEIGHTS] = from[2];
        break;
    case DNN_BACKWARD_WEIGHT:
        tensors[DNN_WEIGHTS] = from[0];
        tensors[DNN_BIAS] = from[1];
        tensors[DNN_DST] = from[2];
        tensors[DNN_SRC] = from[3];
        break;
    }
}

void dnn_layer_pose(uint32_t op, const struct tuff_tensor *const tensors[DNN_ROLES],
                    struct dnn_problem *problem)
{
    static const int values[DNN_ROLES] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST};
    static const int gradients[DNN_ROLES] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS,
                                             DNNL_ARG_DIFF_DST};
    const enum dnn_pass pass = dnn_pass_of(op);
    memset(problem, 0, sizeof *problem);
    problem->op = op;
    for (int role = 0; role < DNN_ROLES; role++) {
        const bool output = (pass == DNN_FORWARD && role == DNN_DST) ||
                            (pass == DNN_BACKWARD_INPUT && role == DNN_SRC) ||
                            (pass == DNN_BACKWARD_WEIGHT && (role == DNN_WEIGHTS || role == DNN_BIAS));
        const bool gradient = pass != DNN_FORWARD && (output || role == DNN_DST);
        dnn_set_operand(problem, role, gradient ? gradients[role] : values[role], output, tensors[role]);
    }
}

enum tuff_status dnn_layer_run(struct tuff_device *device, const struct dnn_problem *problem,
                               const struct tuff_tensor *const tensors[DNN_ROLES], void *src,
                               const struct tuff_tensor *workspace, uint64_t scratch_bytes)
{
    void *data[DNN_OPERANDS] = {NULL};
    for (int role = 0; role < DNN_ROLES; role++)
        if (tensors[role] != NULL)
            data[role] = role == DNN_SRC && src != NULL ? src : dnn_data(tensors[role]);
    return dnn_primitive_run(device, problem, data, workspace, scratch_bytes);
}

static dnnl_status_t describe_pass(struct tuff_device *device, enum dnn_pass pass,
                                   const struct dnn_problem *problem, dnn_describe_pass *describe,
                                   dnnl_primitive_desc_t hint, dnnl_primitive_desc_t *description)
{
    dnnl_memory_desc_t operands[DNN_ROLES];
    for (int role = 0; role < DNN_ROLES; role++) {
        if (problem->operands[role].rank == 0)
            continue;
        const dnnl_status_t status = dnn_any_layout(&problem->operands[role], &operands[role]);
        if (status != dnnl_success)
            return status;
    }
    return describe(device, pass, problem, operands,
                    problem->operands[DNN_BIAS].rank != 0 ? &operands[DNN_BIAS] : NULL, hint, description);
}

dnnl_status_t dnn_layer_describe(struct tuff_device *device, const struct dnn_problem *problem,
                                 dnn_describe_pass *describe, dnnl_primitive_desc_t *description)
{
    const enum dnn_pass pass = dnn_pass_of(problem->op);
    if (pass == DNN_FORWARD)
        return describe_pass(device, pass, problem, describe, NULL, description);
    dnnl_primitive_desc_t forward = NULL;
    dnnl_status_t status = describe_pass(device, DNN_FORWARD, problem, describe, NULL, &forward);
    if (status == dnnl_success)
        status = describe_pass(device, pass, problem, describe, forward, description);
    dnnl_primitive_desc_destroy(forward);
    return status;
}
