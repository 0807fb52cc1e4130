// The activations, by oneDNN's eltwise. Leaky ReLU is a loop: with a slope of 0 eltwise would take it for
// ReLU, which makes 0 of NaN.
#include "kernels.h"
#include "primitive.h"

#include <string.h>

// Slots of the problem. Backward computes from forward's input.
enum { X, Y };         // forward
enum { OF_X, DY, DX }; // backward

// 0: none of oneDNN's.
static dnnl_alg_kind_t algorithm_of(uint32_t kind)
{
    switch (kind) {
    case TUFF_ACTIVATION_GELU:
        return dnnl_eltwise_gelu_erf;
    case TUFF_ACTIVATION_SILU:
        return dnnl_eltwise_swish;
    case TUFF_ACTIVATION_SIGMOID:
        return dnnl_eltwise_logistic;
    case TUFF_ACTIVATION_TANH:
        return dnnl_eltwise_tanh;
    default:
        return dnnl_alg_kind_undef;
    }
}

static enum dnn_way pose(uint32_t op, const struct tuff_op_args *args, struct dnn_problem *problem)
{
    const struct tuff_activation_params *params = args->params;
    const dnnl_alg_kind_t algorithm = algorithm_of(params->kind);
    if (params->kind == TUFF_ACTIVATION_LEAKY_RELU)
        return DNN_LOOPS;
    if (algorithm == dnnl_alg_kind_undef)
        return DNN_REFUSED;
    memset(problem, 0, sizeof *problem);
    problem->op = op;
    problem->variant = algorithm;
    dnn_set_number(problem, algorithm == dnnl_eltwise_swish ? 1.0f : 0.0f); // x * sigmoid(number * x)
    if (op == TUFF_OP_ACTIVATION_FORWARD) {                                 // y, x
        dnn_set_operand(problem, Y, DNNL_ARG_DST, true, args->tensors[0]);
        dnn_set_operand(problem, X, DNNL_ARG_SRC, false, args->tensors[1]);
    } else { // dx, dy, x
        dnn_set_operand(problem, DX, DNNL_ARG_DIFF_SRC, true, args->tensors[0]);
        dnn_set_operand(problem, DY, DNNL_ARG_DIFF_DST, false, args->tensors[1]);
        dnn_set_operand(problem, OF_X, DNNL_ARG_SRC, false, args->tensors[2]);
    }
    return DNN_PRIMITIVE;
}

static dnnl_status_t describe(struct tuff_device *device, const struct dnn_problem *problem,
                              dnnl_primitive_desc_t *description)
{
    const dnnl_alg_kind_t algorithm = (dnnl_alg_kind_t)problem->variant;
    const float number = dnn_number(problem);
    dnnl_memory_desc_t layout; // of all operands
    dnnl_eltwise_desc_t operation;
    dnnl_primitive_desc_t forward = NULL;
    dnnl_status_t status = dnn_row_major(&problem->operands[X], &layout);
    if (status == dnnl_success)
        status =
            dnnl_eltwise_forward_desc_init(&operation, dnnl_forward_training, algorithm, &layout, number, 0);
    if (status == dnnl_success)
        status = dnn_finish(device, &operation, NULL, &forward);
    if (status != dnnl_success)
        return status;
    if (problem->op == TUFF_OP_ACTIVATION_FORWARD) {
        *description = forward;
        return dnnl_success;
    }
    status = dnnl_eltwise_backward_desc_init(&operation, algorithm, &layout, &layout, number, 0);
    if (status == dnnl_success)
        status = dnn_finish(device, &operation, forward, description);
    dnnl_primitive_desc_destroy(forward);
    return status;
}

const struct dnn_method dnn_activation = {.pose = pose, .describe = describe};

enum tuff_status dnn_activation_forward(struct tuff_stream *stream,
                                        const struct tuff_activation_forward_args *args)
{
    struct dnn_problem problem;
    const float *x = dnn_data(args->x);
    float *y = dnn_data(args->y); // may be x
    if (pose(TUFF_OP_ACTIVATION_FORWARD, (const void *)args, &problem) == DNN_PRIMITIVE) {
        void *const data[DNN_OPERANDS] = {[X] = dnn_data(args->x), [Y] = y};
        return dnn_primitive_run(stream->device, &problem, data, args->workspace, 0);
    }
    const uint64_t count = tuff_tensor_elements(args->y);
    const float slope = args->params->slope;
    for (uint64_t i = 0; i < count; i++)
        y[i] = x[i] > 0.0f ? x[i] : slope * x[i];
    return TUFF_OK;
}

enum tuff_status dnn_activation_backward(struct tuff_stream *stream,
                                         const struct tuff_activation_backward_args *args)
{
    struct dnn_problem problem;
    const float *dy = dnn_data(args->dy);
    const float *x = dnn_data(args->x);
    float *dx = dnn_data(args->dx); // may be dy
    if (pose(TUFF_OP_ACTIVATION_BACKWARD, (const void *)args, &problem) == DNN_PRIMITIVE) {
        void *const data[DNN_OPERANDS] = {[OF_X] = dnn_data(args->x), [DY] = dnn_data(args->dy), [DX] = dx};
        return dnn_primitive_run(stream->device, &problem, data, args->workspace, 0);
    }
    const uint64_t count = tuff_tensor_elements(args->dx);
    const float slope = args->params->slope;
    for (uint64_t i = 0; i < count; i++)
        dx[i] = dy[i] * (x[i] > 0.0f ? 1.0f : slope);
    return TUFF_OK;
}
