// Convolution. oneDNN pads with zeros only: in the other padding modes the image, or its gradient, lies
// padded in the workspace, and oneDNN convolves that without padding.
#include "kernels.h"
#include "layer.h"
#include "padded.h"

// (K,C/groups,KH,KW) becomes (groups,K/groups,C/groups,KH,KW), which is the same memory.
static void split_groups(struct dnn_operand *weight, uint32_t groups)
{
    for (int i = 4; i > 0; i--)
        weight->dims[i] = weight->dims[i - 1];
    weight->dims[0] = groups;
    weight->dims[1] /= groups;
    weight->rank = 5;
}

static bool pads_with_zeros(const struct tuff_conv2d_params *params)
{
    return params->padding_mode == TUFF_PADDING_ZEROS;
}

static enum dnn_way pose(uint32_t op, const struct tuff_op_args *args, struct dnn_problem *problem)
{
    const struct tuff_conv2d_params *params = args->params;
    const struct tuff_tensor *tensors[DNN_ROLES];
    if (params->padding_mode > TUFF_PADDING_CIRCULAR)
        return DNN_REFUSED;
    dnn_layer_sort(op, args, tensors);
    dnn_layer_pose(op, tensors, problem);
    if (params->groups > 1)
        split_groups(&problem->operands[DNN_WEIGHTS], params->groups);
    problem->strides[0] = params->stride_h;
    problem->strides[1] = params->stride_w;
    problem->dilations[0] = (int64_t)params->dilation_h - 1;
    problem->dilations[1] = (int64_t)params->dilation_w - 1;
    if (pads_with_zeros(params)) {
        problem->pads_before[0] = params->pad_top;
        problem->pads_before[1] = params->pad_left;
        problem->pads_after[0] = params->pad_bottom;
        problem->pads_after[1] = params->pad_right;
    } else {
        problem->operands[DNN_SRC].dims[2] += (int64_t)params->pad_top + params->pad_bottom;
        problem->operands[DNN_SRC].dims[3] += (int64_t)params->pad_left + params->pad_right;
    }
    return DNN_PRIMITIVE;
}

static dnnl_status_t describe_pass(struct tuff_device *device, enum dnn_pass pass,
                                   const struct dnn_problem *problem,
                                   const dnnl_memory_desc_t operands[DNN_ROLES],
                                   const dnnl_memory_desc_t *bias, dnnl_primitive_desc_t hint,
                                   dnnl_primitive_desc_t *description)
{
    const dnnl_memory_desc_t *src = &operands[DNN_SRC], *weights = &operands[DNN_WEIGHTS];
    const dnnl_memory_desc_t *dst = &operands[DNN_DST];
    // Direct, and not Winograd's algorithm: its rounding errors are greater than a sum's.
    const dnnl_alg_kind_t direct = dnnl_convolution_direct;
    dnnl_convolution_desc_t convolution;
    dnnl_status_t status;
    if (pass == DNN_FORWARD)
        status = dnnl_dilated_convolution_forward_desc_init(
            &convolution, dnnl_forward_training, direct, src, weights, bias, dst, problem->strides,
            problem->dilations, problem->pads_before, problem->pads_after);
    else if (pass == DNN_BACKWARD_INPUT)
        status = dnnl_dilated_convolution_backward_data_desc_init(&convolution, direct, src, weights, dst,
                                                                  problem->strides, problem->dilations,
                                                                  problem->pads_before, problem->pads_after);
    else
        status = dnnl_dilated_convolution_backward_weights_desc_init(
            &convolution, direct, src, weights, bias, dst, problem->strides, problem->dilations,
            problem->pads_before, problem->pads_after);
    return status == dnnl_success ? dnn_finish(device, &convolution, hint, description) : status;
}

static dnnl_status_t describe(struct tuff_device *device, const struct dnn_problem *problem,
                              dnnl_primitive_desc_t *description)
{
    return dnn_layer_describe(device, problem, describe_pass, description);
}

// The padded image's.
static uint64_t scratch_bytes(uint32_t op, const struct tuff_op_args *args)
{
    const struct tuff_tensor *tensors[DNN_ROLES];
    if (pads_with_zeros(args->params))
        return 0;
    dnn_layer_sort(op, args, tensors);
    return dnn_padded_bytes(args->params, tensors[DNN_SRC]);
}

const struct dnn_method dnn_convolution = {
    .pose = pose, .describe = describe, .scratch_bytes = scratch_bytes};

static enum tuff_status run(struct tuff_stream *stream, uint32_t op, const struct tuff_op_args *args)
{
    const struct tuff_tensor *tensors[DNN_ROLES];
    struct dnn_problem problem;
    pose(op, args, &problem);
    dnn_layer_sort(op, args, tensors);
    if (pads_with_zeros(args->params))
        return dnn_layer_run(stream->device, &problem, tensors, NULL, args->workspace, 0);
    const struct tuff_tensor *src = tensors[DNN_SRC];
    float *padded = dnn_data(args->workspace);
    const bool is_gradient = dnn_pass_of(op) == DNN_BACKWARD_INPUT;
    if (!is_gradient)
        dnn_pad_image(args->params, src, padded);
    const enum tuff_status status = dnn_layer_run(stream->device, &problem, tensors, padded, args->workspace,
                                                  dnn_padded_bytes(args->params, src));
    if (status == TUFF_OK && is_gradient)
        dnn_fold_image(args->params, src, padded);
    return status;
}

enum tuff_status dnn_conv2d_forward(struct tuff_stream *stream, const struct tuff_conv2d_forward_args *args)
{
    return run(stream, TUFF_OP_CONV2D_FORWARD, (const void *)args);
}

enum tuff_status dnn_conv2d_backward_input(struct tuff_stream *stream,
                                           const struct tuff_conv2d_backward_input_args *args)
{
    return run(stream, TUFF_OP_CONV2D_BACKWARD_INPUT, (const void *)args);
}

enum tuff_status dnn_conv2d_backward_weight(struct tuff_stream *stream,
                                            const struct tuff_conv2d_backward_weight_args *args)
{
    return run(stream, TUFF_OP_CONV2D_BACKWARD_WEIGHT, (const void *)args);
}
