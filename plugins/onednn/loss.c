// The logarithm of softmax, and the mean squared error. Forward log-softmax is a loop: oneDNN's loses NaN,
// and the logarithm of a sum near 1 its last digits.
#include "kernels.h"
#include "primitive.h"

#include <math.h>
#include <string.h>

// Slots of the problem of log_softmax_backward: (N,K) each. It computes from forward's output.
enum { Y, DY, DX };

static enum dnn_way pose(uint32_t op, const struct tuff_op_args *args, struct dnn_problem *problem)
{
    if (op == TUFF_OP_LOG_SOFTMAX_FORWARD)
        return DNN_LOOPS;
    memset(problem, 0, sizeof *problem);
    problem->op = op;
    dnn_set_operand(problem, DX, DNNL_ARG_DIFF_SRC, true, args->tensors[0]);
    dnn_set_operand(problem, DY, DNNL_ARG_DIFF_DST, false, args->tensors[1]);
    dnn_set_operand(problem, Y, DNNL_ARG_DST, false, args->tensors[2]);
    return DNN_PRIMITIVE;
}

static dnnl_status_t describe(struct tuff_device *device, const struct dnn_problem *problem,
                              dnnl_primitive_desc_t *description)
{
    const int axis = 1;
    dnnl_memory_desc_t layout; // of all operands
    dnnl_logsoftmax_desc_t operation;
    dnnl_primitive_desc_t forward = NULL;
    dnnl_status_t status = dnn_row_major(&problem->operands[Y], &layout);
    if (status == dnnl_success)
        status = dnnl_logsoftmax_forward_desc_init(&operation, dnnl_forward_training, &layout, axis);
    if (status == dnnl_success)
        status = dnn_finish(device, &operation, NULL, &forward);
    if (status == dnnl_success)
        status = dnnl_logsoftmax_backward_desc_init(&operation, &layout, &layout, axis);
    if (status == dnnl_success)
        status = dnn_finish(device, &operation, forward, description);
    dnnl_primitive_desc_destroy(forward);
    return status;
}

const struct dnn_method dnn_log_softmax = {.pose = pose, .describe = describe};

// log(sum over k of exp(x[k])). The greatest is subtracted before exp, which then neither overflows nor
// leaves a sum of zero. One NaN makes it NaN.
static double log_of_sum(const float *x, uint32_t count)
{
    double greatest = (double)x[0], sum = 0;
    for (uint32_t k = 1; k < count; k++)
        greatest = fmax(greatest, (double)x[k]);
    for (uint32_t k = 0; k < count; k++)
        sum += exp((double)x[k] - greatest);
    return greatest + log(sum);
}

enum tuff_status dnn_log_softmax_forward(struct tuff_stream *stream,
                                         const struct tuff_log_softmax_forward_args *args)
{
    (void)stream;
    const uint32_t classes = args->x->dims[1];
    const float *x = dnn_data(args->x); // (N,K)
    float *y = dnn_data(args->y);       // (N,K)
    for (uint32_t n = 0; n < args->x->dims[0]; n++, x += classes, y += classes) {
        const double subtracted = log_of_sum(x, classes);
        for (uint32_t k = 0; k < classes; k++)
            y[k] = (float)((double)x[k] - subtracted);
    }
    return TUFF_OK;
}

enum tuff_status dnn_log_softmax_backward(struct tuff_stream *stream,
                                          const struct tuff_log_softmax_backward_args *args)
{
    struct dnn_problem problem;
    void *const data[DNN_OPERANDS] = {
        [Y] = dnn_data(args->y), [DY] = dnn_data(args->dy), [DX] = dnn_data(args->dx)};
    pose(TUFF_OP_LOG_SOFTMAX_BACKWARD, (const void *)args, &problem);
    return dnn_primitive_run(stream->device, &problem, data, args->workspace, 0);
}

enum tuff_status dnn_mean_squared_error_forward(struct tuff_stream *stream,
                                                const struct tuff_mean_squared_error_forward_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = dnn_data(args->state);
    const uint32_t samples = args->loss->dims[0];
    const uint64_t count = tuff_tensor_elements(args->y) / samples; // of one sample
    const float *y = dnn_data(args->y);                             // (N,…)
    const float *target = dnn_data(args->target);                   // (N,…)
    float *loss = dnn_data(args->loss);                             // (N)
    for (uint32_t n = 0; n < samples; n++, y += count, target += count) {
        double sum = 0;
        for (uint64_t i = 0; n < state->row.valid && i < count; i++) {
            const double error = (double)y[i] - (double)target[i];
            sum += error * error;
        }
        loss[n] = (float)(sum / (double)count);
    }
    return TUFF_OK;
}

enum tuff_status dnn_mean_squared_error_backward(struct tuff_stream *stream,
                                                 const struct tuff_mean_squared_error_backward_args *args)
{
    (void)stream;
    const struct tuff_step_state *state = dnn_data(args->state);
    const uint32_t samples = args->y->dims[0], valid = state->row.valid;
    const uint64_t all = tuff_tensor_elements(args->y);
    const uint64_t present = valid < samples ? all / samples * valid : all;
    const double scale = 2 / ((double)(all / samples) * valid);
    const float *y = dnn_data(args->y);           // (N,…)
    const float *target = dnn_data(args->target); // (N,…)
    float *dy = dnn_data(args->dy);               // (N,…)
    for (uint64_t i = 0; i < present; i++)
        dy[i] = (float)(scale * ((double)y[i] - (double)target[i]));
    memset(dy + present, 0, (all - present) * sizeof *dy);
    return TUFF_OK;
}
