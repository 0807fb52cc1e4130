// What the host asks before it calls a kernel.
#include "kernels.h"
#include "primitive.h"

#include <stddef.h>
#include <string.h>

// The size of each op's arguments as this plugin knows them.
static const uint32_t args_sizes[TUFF_OP_COUNT] = {
#define TUFF_OP(NAME, name) [TUFF_OP_##NAME] = sizeof(struct tuff_##name##_args),
#include "tuff/op_list.h"
#undef TUFF_OP
};

// And of its parameters, where it has some.
static const uint32_t params_sizes[TUFF_OP_COUNT] = {
    [TUFF_OP_FILL] = sizeof(struct tuff_fill_params),
    [TUFF_OP_CONV2D_FORWARD] = sizeof(struct tuff_conv2d_params),
    [TUFF_OP_CONV2D_BACKWARD_INPUT] = sizeof(struct tuff_conv2d_params),
    [TUFF_OP_CONV2D_BACKWARD_WEIGHT] = sizeof(struct tuff_conv2d_params),
    [TUFF_OP_MAX_POOL2D_FORWARD] = sizeof(struct tuff_max_pool2d_params),
    [TUFF_OP_MAX_POOL2D_BACKWARD] = sizeof(struct tuff_max_pool2d_params),
    [TUFF_OP_SOFTMAX_CROSS_ENTROPY_FORWARD] = sizeof(struct tuff_softmax_cross_entropy_params),
    [TUFF_OP_SOFTMAX_CROSS_ENTROPY_BACKWARD] = sizeof(struct tuff_softmax_cross_entropy_params),
    [TUFF_OP_ADAM] = sizeof(struct tuff_adam_params),
    [TUFF_OP_GATHER_IMAGES] = sizeof(struct tuff_gather_images_params),
    [TUFF_OP_SGD] = sizeof(struct tuff_sgd_params),
    [TUFF_OP_GRADIENT_CLIP] = sizeof(struct tuff_gradient_clip_params),
    [TUFF_OP_GATHER_AUGMENTED_IMAGES] = sizeof(struct tuff_gather_augmented_images_params),
};

// A field that a newer host has added means what was before only while it is zero.
static bool params_fit(uint32_t op, const void *params)
{
    if (params == NULL)
        return true;
    uint32_t size; // the first field of every parameter struct
    memcpy(&size, params, sizeof size);
    for (uint32_t at = params_sizes[op]; at < size; at++)
        if (((const unsigned char *)params)[at] != 0)
            return false;
    return true;
}

static const struct tuff_tensor *tensor_at(const struct tuff_op_args *args, size_t offset)
{
    const struct tuff_tensor *tensor;
    memcpy(&tensor, (const unsigned char *)args + offset, sizeof tensor);
    return tensor;
}

// Row-major throughout, and no tensor that a newer host has put after those that are known here.
static bool tensors_fit(uint32_t op, const struct tuff_op_args *args)
{
    for (size_t at = offsetof(struct tuff_op_args, tensors); at + sizeof(void *) <= args->size;
         at += sizeof(void *)) {
        const struct tuff_tensor *tensor = tensor_at(args, at);
        if (tensor != NULL && (at >= args_sizes[op] || tensor->layout != TUFF_LAYOUT_ROW_MAJOR))
            return false;
    }
    return true;
}

// oneDNN pads with zeros only. A host older than the field has no other padding.
static bool pads_with_zeros(const struct tuff_conv2d_params *params)
{
    const size_t end = offsetof(struct tuff_conv2d_params, padding_mode) + sizeof params->padding_mode;
    return params->size < end || params->padding_mode == TUFF_PADDING_ZEROS;
}

int dnn_supports(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    if (op >= TUFF_OP_COUNT || !tensors_fit(op, args) || !params_fit(op, args->params))
        return 0;
    if (!dnn_is_problem(op))
        return 1;
    if (dnn_is_convolution(op) && !pads_with_zeros(args->params))
        return 0;
    struct dnn_problem problem;
    uint64_t workspace_bytes;
    dnn_problem_fill(op, args, &problem);
    // A failure of another kind (no memory) is the workspace's or the kernel's to report.
    return dnn_primitive_workspace(device, &problem, &workspace_bytes) != TUFF_ERROR_UNSUPPORTED;
}

// The slot has no way to fail: where there is no primitive the kernel finds none either, and says so.
uint64_t dnn_workspace_size(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    if (!dnn_is_problem(op))
        return 0;
    struct dnn_problem problem;
    uint64_t bytes;
    dnn_problem_fill(op, args, &problem);
    return dnn_primitive_workspace(device, &problem, &bytes) == TUFF_OK ? bytes : 0;
}
