#include "primitive.h"

#include <stddef.h>

// A description with the layouts left open; bias is NULL if there is none. hint: the forward one, for
// backward.
static dnnl_status_t describe_convolution(struct tuff_device *device, enum dnn_pass pass,
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
    if (status != dnnl_success)
        return status;
    return dnnl_primitive_desc_create(description, &convolution, device->attributes, device->engine, hint);
}

static dnnl_status_t describe_linear(struct tuff_device *device, enum dnn_pass pass,
                                     const dnnl_memory_desc_t operands[DNN_ROLES],
                                     const dnnl_memory_desc_t *bias, dnnl_primitive_desc_t hint,
                                     dnnl_primitive_desc_t *description)
{
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
    if (status != dnnl_success)
        return status;
    return dnnl_primitive_desc_create(description, &product, device->attributes, device->engine, hint);
}

static dnnl_status_t describe_pass(struct tuff_device *device, enum dnn_pass pass,
                                   const struct dnn_problem *problem, dnnl_primitive_desc_t hint,
                                   dnnl_primitive_desc_t *description)
{
    dnnl_memory_desc_t operands[DNN_ROLES];
    for (int role = 0; role < DNN_ROLES; role++) {
        const struct dnn_shape *shape = &problem->shapes[role];
        if (shape->rank == 0)
            continue;
        const dnnl_status_t status = dnnl_memory_desc_init_by_tag(&operands[role], (int)shape->rank,
                                                                  shape->dims, dnnl_f32, dnnl_format_tag_any);
        if (status != dnnl_success)
            return status;
    }
    const dnnl_memory_desc_t *bias = problem->shapes[DNN_BIAS].rank != 0 ? &operands[DNN_BIAS] : NULL;
    if (dnn_is_convolution(problem->op))
        return describe_convolution(device, pass, problem, operands, bias, hint, description);
    return describe_linear(device, pass, operands, bias, hint, description);
}

dnnl_status_t dnn_describe(struct tuff_device *device, const struct dnn_problem *problem,
                           dnnl_primitive_desc_t *description)
{
    const enum dnn_pass pass = dnn_pass_of(problem->op);
    if (pass == DNN_FORWARD)
        return describe_pass(device, pass, problem, NULL, description);
    dnnl_primitive_desc_t forward = NULL;
    dnnl_status_t status = describe_pass(device, DNN_FORWARD, problem, NULL, &forward);
    if (status != dnnl_success)
        return status;
    status = describe_pass(device, pass, problem, forward, description);
    dnnl_primitive_desc_destroy(forward);
    return status;
}
