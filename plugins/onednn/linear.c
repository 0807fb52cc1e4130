#include "kernels.h"
#include "layer.h"

static enum dnn_way pose(uint32_t op, const struct tuff_op_args *args, struct dnn_problem *problem)
{
    const struct tuff_tensor *tensors[DNN_ROLES];
    dnn_layer_sort(op, args, tensors);
    dnn_layer_pose(op, tensors, problem);
    return DNN_PRIMITIVE;
}

static dnnl_status_t describe_pass(struct tuff_device *device, enum dnn_pass pass,
                                   const struct dnn_problem *problem,
                                   const dnnl_memory_desc_t operands[DNN_ROLES],
                                   const dnnl_memory_desc_t *bias, dnnl_primitive_desc_t hint,
                                   dnnl_primitive_desc_t *description)
{
    (void)problem;
    const dnnl_memory_desc_t *src = &operands[DNN_SRC], *weights = &operands[DNN_WEIGHTS];
    const dnnl_memory_desc_t *dst = &operands[DNN_DST];
    dnnl_inner_product_desc_t product;
    dnnl_status_t status;
    if (pass == DNN_FORWARD)
        status =
            dnnl_inner_product_forward_desc_init(&product, dnnl_forward_training, src, weights, bias, dst);
    else if (pass == DNN_BACKWARD_INPUT)
        status = dnnl_inner_product_backward_data_desc_init(&product, src, weights, dst);
    else
        status = dnnl_inner_product_backward_weights_desc_init(&product, src, weights, bias, dst);
    return status == dnnl_success ? dnn_finish(device, &product, hint, description) : status;
}

static dnnl_status_t describe(struct tuff_device *device, const struct dnn_problem *problem,
                              dnnl_primitive_desc_t *description)
{
    return dnn_layer_describe(device, problem, describe_pass, description);
}

const struct dnn_method dnn_linear = {.pose = pose, .describe = describe};

static enum tuff_status run(struct tuff_stream *stream, uint32_t op, const struct tuff_op_args *args)
{
    const struct tuff_tensor *tensors[DNN_ROLES];
    struct dnn_problem problem;
    dnn_layer_sort(op, args, tensors);
    dnn_layer_pose(op, tensors, &problem);
    return dnn_layer_run(stream->device, &problem, tensors, NULL, args->workspace, 0);
}

enum tuff_status dnn_linear_forward(struct tuff_stream *stream, const struct tuff_linear_forward_args *args)
{
    return run(stream, TUFF_OP_LINEAR_FORWARD, (const void *)args);
}

enum tuff_status dnn_linear_backward_input(struct tuff_stream *stream,
                                           const struct tuff_linear_backward_input_args *args)
{
    return run(stream, TUFF_OP_LINEAR_BACKWARD_INPUT, (const void *)args);
}

enum tuff_status dnn_linear_backward_weight(struct tuff_stream *stream,
                                            const struct tuff_linear_backward_weight_args *args)
{
    return run(stream, TUFF_OP_LINEAR_BACKWARD_WEIGHT, (const void *)args);
}
