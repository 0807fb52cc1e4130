// From an op's arguments to what oneDNN has to solve.
#include "primitive.h"

#include <string.h>

bool dnn_is_convolution(int64_t op)
{
    return op == TUFF_OP_CONV2D_FORWARD || op == TUFF_OP_CONV2D_BACKWARD_INPUT ||
           op == TUFF_OP_CONV2D_BACKWARD_WEIGHT;
}

bool dnn_is_problem(uint32_t op)
{
    return dnn_is_convolution(op) || op == TUFF_OP_LINEAR_FORWARD || op == TUFF_OP_LINEAR_BACKWARD_INPUT ||
           op == TUFF_OP_LINEAR_BACKWARD_WEIGHT;
}

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

int dnn_argument(int64_t op, enum dnn_role role, bool *output)
{
    static const int values[DNN_ROLES] = {DNNL_ARG_SRC, DNNL_ARG_WEIGHTS, DNNL_ARG_BIAS, DNNL_ARG_DST};
    static const int gradients[DNN_ROLES] = {DNNL_ARG_DIFF_SRC, DNNL_ARG_DIFF_WEIGHTS, DNNL_ARG_DIFF_BIAS,
                                             DNNL_ARG_DIFF_DST};
    const enum dnn_pass pass = dnn_pass_of(op);
    *output = (pass == DNN_FORWARD && role == DNN_DST) || (pass == DNN_BACKWARD_INPUT && role == DNN_SRC) ||
              (pass == DNN_BACKWARD_WEIGHT && (role == DNN_WEIGHTS || role == DNN_BIAS));
    return pass != DNN_FORWARD && (*output || role == DNN_DST) ? gradients[role] : values[role];
}

// Convolution and the linear layer have their tensors in one order:
//   forward: y, x, weight, bias;  backward input: dx, dy, weight;  backward weight: dweight, dbias, dy, x
void dnn_tensors_sort(uint32_t op, const struct tuff_op_args *args,
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

// (K,C/groups,KH,KW) becomes (groups,K/groups,C/groups,KH,KW), which is the same memory.
static void split_groups(struct dnn_shape *weight, uint32_t groups)
{
    for (int i = 4; i > 0; i--)
        weight->dims[i] = weight->dims[i - 1];
    weight->dims[0] = groups;
    weight->dims[1] /= groups;
    weight->rank = 5;
}

void dnn_problem_fill(uint32_t op, const struct tuff_op_args *args, struct dnn_problem *problem)
{
    const struct tuff_tensor *tensors[DNN_ROLES];
    dnn_tensors_sort(op, args, tensors);
    memset(problem, 0, sizeof *problem);
    problem->op = op;
    for (int role = 0; role < DNN_ROLES; role++) {
        if (tensors[role] == NULL)
            continue;
        problem->shapes[role].rank = tensors[role]->rank;
        for (uint32_t i = 0; i < tensors[role]->rank; i++)
            problem->shapes[role].dims[i] = tensors[role]->dims[i];
    }
    if (!dnn_is_convolution(op))
        return;
    const struct tuff_conv2d_params *params = args->params;
    if (params->groups > 1)
        split_groups(&problem->shapes[DNN_WEIGHTS], params->groups);
    problem->strides[0] = params->stride_h;
    problem->strides[1] = params->stride_w;
    problem->dilations[0] = (int64_t)params->dilation_h - 1;
    problem->dilations[1] = (int64_t)params->dilation_w - 1;
    problem->pads_before[0] = params->pad_top;
    problem->pads_before[1] = params->pad_left;
    problem->pads_after[0] = params->pad_bottom;
    problem->pads_after[1] = params->pad_right;
}
