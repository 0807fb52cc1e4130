// The plugin: descriptor, interface, kernel table.
#include <stdlib.h>

#include "conv2d.h"
#include "conv2d_relu_max_pool2d.h"
#include "gemm.h"

static void close_backend(struct tuff_backend *backend)
{
    vk_context_destroy(backend);
}

static enum tuff_status device_count(struct tuff_backend *backend, uint32_t *count)
{
    *count = 0;
    enum tuff_status status = vk_context_probe(backend);
    if (status == TUFF_OK)
        *count = backend->physical_count;
    return status;
}

static enum tuff_status check_index(struct tuff_backend *backend, uint32_t index)
{
    enum tuff_status status = vk_context_probe(backend);
    if (status == TUFF_OK && index >= backend->physical_count)
        status = vk_error(backend, TUFF_ERROR_NOT_FOUND, "Vulkan device %u: there are %u", index,
                          backend->physical_count);
    return status;
}

static enum tuff_status device_describe(struct tuff_backend *backend, uint32_t index,
                                        struct tuff_device_info *info)
{
    enum tuff_status status = check_index(backend, index);
    if (status == TUFF_OK)
        vk_physical_describe(backend, &backend->physicals[index], info);
    return status;
}

static enum tuff_status device_open(struct tuff_backend *backend, uint32_t index,
                                    const struct tuff_device_options *options, struct tuff_device **device)
{
    (void)options;
    *device = NULL;
    enum tuff_status status = check_index(backend, index);
    return status == TUFF_OK ? vk_device_open(backend, &backend->physicals[index], device) : status;
}

// A tensor that a kernel can bind whole. Only row-major ones: channels and batch are where the shaders expect
// them.
static bool tensor_fits(const struct tuff_device *device, const struct tuff_tensor *tensor)
{
    return !tensor || (tensor->layout == TUFF_LAYOUT_ROW_MAJOR &&
                       tuff_tensor_bytes(tensor) <= device->physical->limits.range_bytes);
}

// Whether one sample's padded image, if there is one, is a range. That those of a batch are is asked when
// they become a workspace: which batch fits is a matter of memory.
static bool padded_image_fits(const struct tuff_device *device, const struct vk_conv2d *conv)
{
    const struct tuff_conv2d_params *p = conv->params;
    const uint64_t most = device->physical->limits.range_bytes / sizeof(float);
    const uint64_t height = (uint64_t)conv->x->dims[2] + p->pad_top + p->pad_bottom;
    const uint64_t width = (uint64_t)conv->x->dims[3] + p->pad_left + p->pad_right;
    return !vk_conv2d_needs_padded_image(p) ||
           (height <= most / width && conv->x->dims[1] <= most / (height * width));
}

static bool conv2d_fits(const struct tuff_device *device, const struct vk_conv2d *conv)
{
    return vk_conv2d_fits(conv) && padded_image_fits(device, conv);
}

// Whether the kernels of the op are there for float16, which these arguments have.
static bool supports_f16(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    if (!device->physical->storage16) {
        if (!device->told_of_storage16)
            vk_log(device->backend, TUFF_LOG_WARNING,
                   "%s has no 16-bit storage (storageBuffer16BitAccess), which float16 tensors take",
                   device->physical->properties.deviceName);
        device->told_of_storage16 = true;
        return false;
    }
    // Now and not when kernels are recorded: whether they use them is known from here on.
    vk_matrix_ready(device);
    switch (op) {
    case TUFF_OP_LINEAR_FORWARD:
    case TUFF_OP_LINEAR_RELU_FORWARD: // y, x: what one dispatch leaves to the next would be rounded
        return args->tensors[0]->dtype != TUFF_F16 || args->tensors[1]->dims[1] <= vk_product_terms(device);
    case TUFF_OP_LINEAR_BACKWARD_INPUT: // dx, dy
        return args->tensors[1]->dims[1] <= vk_product_terms(device);
    default:
        return true;
    }
}

static int supports(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    uint32_t count = (args->size - (uint32_t)offsetof(struct tuff_op_args, tensors)) / sizeof(*args->tensors);
    for (uint32_t i = 0; i < count; i++) {
        // These read their set in windows.
        if ((op == TUFF_OP_GATHER_IMAGES || op == TUFF_OP_GATHER_AUGMENTED_IMAGES) && i == 1) {
            if (args->tensors[i]->layout != TUFF_LAYOUT_ROW_MAJOR)
                return 0;
            continue;
        }
        if (!tensor_fits(device, args->tensors[i]))
            return 0;
    }
    if (tuff_op_args_use_f16(args) && !supports_f16(device, op, args))
        return 0;
    switch (op) {
    case TUFF_OP_CONV2D_FORWARD:
    case TUFF_OP_CONV2D_RELU_FORWARD: // y, x, weight
        return conv2d_fits(
            device, &(struct vk_conv2d){args->params, args->tensors[1], args->tensors[0], args->tensors[2]});
    case TUFF_OP_CONV2D_BACKWARD_INPUT: // dx, dy, weight
        return conv2d_fits(
            device, &(struct vk_conv2d){args->params, args->tensors[0], args->tensors[1], args->tensors[2]});
    case TUFF_OP_CONV2D_BACKWARD_WEIGHT: // dweight, dbias, dy, x
        return conv2d_fits(
            device, &(struct vk_conv2d){args->params, args->tensors[3], args->tensors[2], args->tensors[0]});
    case TUFF_OP_CONV2D_RELU_MAX_POOL2D_FORWARD: // y, winner, x, weight
        return vk_pooled_conv_fits(device, &(struct vk_pooled_conv){args->params, args->tensors[2],
                                                                    args->tensors[0], args->tensors[3]});
    case TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_INPUT: // dx, dy, winner, weight
        return vk_pooled_conv_fits(device, &(struct vk_pooled_conv){args->params, args->tensors[0],
                                                                    args->tensors[1], args->tensors[3]});
    case TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT: // dweight, dbias, dy, winner, x
        return vk_pooled_conv_fits(device, &(struct vk_pooled_conv){args->params, args->tensors[4],
                                                                    args->tensors[2], args->tensors[0]});
    case TUFF_OP_MAX_POOL2D_FORWARD:
    case TUFF_OP_MAX_POOL2D_BACKWARD:
        return vk_max_pool2d_fits(args->params);
    case TUFF_OP_AVG_POOL2D_FORWARD:
    case TUFF_OP_AVG_POOL2D_BACKWARD:
        return vk_avg_pool2d_fits(args->params);
    case TUFF_OP_ADAPTIVE_AVG_POOL2D_FORWARD:
        return vk_adaptive_avg_pool2d_fits(args->tensors[1], args->tensors[0]);
    case TUFF_OP_ADAPTIVE_AVG_POOL2D_BACKWARD:
        return vk_adaptive_avg_pool2d_fits(args->tensors[0], args->tensors[1]);
    case TUFF_OP_BATCH_NORM2D_RELU_BACKWARD:
        return vk_batch_norm2d_relu_backward_fits(args->tensors[4]);
    default:
        return 1;
    }
}

static int takes(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    return supports(device, op, args) && vk_rounds_fit(device, op, args);
}

static uint64_t workspace_bytes(const struct tuff_device *device, uint32_t op,
                                const struct tuff_op_args *args)
{
    switch (op) {
    case TUFF_OP_CONV2D_FORWARD:
    case TUFF_OP_CONV2D_RELU_FORWARD:
        return vk_conv2d_forward_workspace(device, args->params, args->tensors[0], args->tensors[1],
                                           args->tensors[2], 0);
    case TUFF_OP_CONV2D_BACKWARD_INPUT:
        return vk_conv2d_backward_input_workspace(device,
                                                  (const struct tuff_conv2d_backward_input_args *)args, 0);
    case TUFF_OP_CONV2D_BACKWARD_WEIGHT:
        return vk_conv2d_backward_weight_workspace(device,
                                                   (const struct tuff_conv2d_backward_weight_args *)args, 0);
    case TUFF_OP_CONV2D_RELU_MAX_POOL2D_BACKWARD_WEIGHT:
        return vk_pooled_conv_workspace(
            device, (const struct tuff_conv2d_relu_max_pool2d_backward_weight_args *)args);
    case TUFF_OP_LINEAR_BACKWARD_WEIGHT:
        return vk_linear_backward_weight_workspace(device,
                                                   (const struct tuff_linear_backward_weight_args *)args);
    case TUFF_OP_GRADIENT_NORM:
        return vk_gradient_norm_workspace((const struct tuff_gradient_norm_args *)args);
    case TUFF_OP_BATCH_NORM2D_TRAIN:
    case TUFF_OP_BATCH_NORM2D_RELU_TRAIN:
        return vk_batch_norm2d_workspace(args->tensors[5]);
    case TUFF_OP_BATCH_NORM2D_EVAL:
    case TUFF_OP_BATCH_NORM2D_RELU_EVAL:
        return vk_batch_norm2d_workspace(args->tensors[1]);
    case TUFF_OP_BATCH_NORM2D_BACKWARD:
    case TUFF_OP_BATCH_NORM2D_RELU_BACKWARD:
        return vk_batch_norm2d_workspace(args->tensors[4]);
    default:
        return 0;
    }
}

static enum tuff_status workspace_size(struct tuff_device *device, uint32_t op,
                                       const struct tuff_op_args *args, uint64_t *bytes)
{
    *bytes = workspace_bytes(device, op, args);
    return TUFF_OK;
}

// Every op of the ABI.
static const struct tuff_kernels ops = {
    .size = sizeof ops,
    .fill = vk_fill,
    .copy = vk_copy,
    .add = vk_add,
    .conv2d_forward = vk_conv2d_forward,
    .conv2d_backward_input = vk_conv2d_backward_input,
    .conv2d_backward_weight = vk_conv2d_backward_weight,
    .max_pool2d_forward = vk_max_pool2d_forward,
    .max_pool2d_backward = vk_max_pool2d_backward,
    .relu_forward = vk_relu_forward,
    .relu_backward = vk_hold_relu_backward,
    .linear_forward = vk_hold_linear_forward,
    .linear_backward_input = vk_hold_linear_backward_input,
    .linear_backward_weight = vk_hold_linear_backward_weight,
    .softmax_cross_entropy_forward = vk_hold_softmax_cross_entropy_forward,
    .softmax_cross_entropy_backward = vk_hold_softmax_cross_entropy_backward,
    .adam = vk_hold_adam,
    .gather_images = vk_hold_gather_images,
    .gather_labels = vk_hold_gather_labels,
    .step_advance = vk_hold_step_advance,
    .metrics_record = vk_hold_metrics_record,
    .sgd = vk_sgd,
    .gradient_norm = vk_gradient_norm,
    .gradient_clip = vk_gradient_clip,
    .activation_forward = vk_activation_forward,
    .activation_backward = vk_activation_backward,
    .multiply = vk_multiply,
    .concat_forward = vk_concat_forward,
    .concat_backward = vk_concat_backward,
    .dropout_forward = vk_dropout_forward,
    .dropout_backward = vk_dropout_backward,
    .batch_norm2d_train = vk_batch_norm2d_train,
    .batch_norm2d_eval = vk_batch_norm2d_eval,
    .batch_norm2d_backward = vk_batch_norm2d_backward,
    .log_softmax_forward = vk_log_softmax_forward,
    .log_softmax_backward = vk_log_softmax_backward,
    .mean_squared_error_forward = vk_mean_squared_error_forward,
    .mean_squared_error_backward = vk_mean_squared_error_backward,
    .avg_pool2d_forward = vk_avg_pool2d_forward,
    .avg_pool2d_backward = vk_avg_pool2d_backward,
    .adaptive_avg_pool2d_forward = vk_adaptive_avg_pool2d_forward,
    .adaptive_avg_pool2d_backward = vk_adaptive_avg_pool2d_backward,
    .gather_augmented_images = vk_gather_augmented_images,
    .moving_average = vk_moving_average,
    .gradient_accumulate = vk_gradient_accumulate,
    .cast = vk_cast,
    .loss_scale_update = vk_loss_scale_update,
    .gradient_unscale = vk_gradient_unscale,
    .conv2d_relu_forward = vk_conv2d_relu_forward,
    .linear_relu_forward = vk_hold_linear_relu_forward,
    .conv2d_relu_max_pool2d_forward = vk_hold_conv2d_relu_max_pool2d_forward,
    .conv2d_relu_max_pool2d_backward_input = vk_hold_conv2d_relu_max_pool2d_backward_input,
    .conv2d_relu_max_pool2d_backward_weight = vk_hold_conv2d_relu_max_pool2d_backward_weight,
    .batch_norm2d_relu_train = vk_batch_norm2d_relu_train,
    .batch_norm2d_relu_eval = vk_batch_norm2d_relu_eval,
    .batch_norm2d_relu_backward = vk_batch_norm2d_relu_backward,
};

// What the host calls: the op, once its call is counted.
#define TUFF_OP(NAME, name)                                                                                  \
    static enum tuff_status call_##name(struct tuff_stream *stream, const struct tuff_##name##_args *args)   \
    {                                                                                                        \
        vk_stream_call(stream);                                                                              \
        return ops.name(stream, args);                                                                       \
    }
#include "tuff/op_list.h"
#undef TUFF_OP

static const struct tuff_kernels kernels = {
    .size = sizeof kernels,
#define TUFF_OP(NAME, name) .name = call_##name,
#include "tuff/op_list.h"
#undef TUFF_OP
};

// Left out, and so NULL: prepare. Which pipelines an op takes depends on whether a ReLU's gradient follows
// that it can do, too (deferred.h), and so on the program; recording the capture makes them, which is before
// the clock starts as well. And activation_layout: row-major is all there is.
static const struct tuff_backend_interface interface = {
    .size = sizeof interface,
    .close = close_backend,
    .device_count = device_count,
    .device_describe = device_describe,
    .device_open = device_open,
    .device_close = vk_device_close,
    .device_memory = vk_device_memory,
    .buffer_create = vk_buffer_create,
    .buffer_destroy = vk_buffer_destroy,
    .buffer_write = vk_buffer_write,
    .buffer_read = vk_buffer_read,
    .buffer_copy = vk_buffer_copy,
    .buffer_fill = vk_buffer_fill,
    .stream_create = vk_stream_create,
    .stream_destroy = vk_stream_destroy,
    .stream_begin = vk_stream_begin,
    .stream_submit = vk_stream_submit,
    .stream_wait = vk_stream_wait,
    .stream_timestamp = vk_stream_timestamp,
    .stream_timestamp_read = vk_stream_timestamp_read,
    .capture_begin = vk_capture_begin,
    .capture_end = vk_capture_end,
    .capture_replay = vk_capture_replay,
    .capture_destroy = vk_capture_destroy,
    .supports = takes,
    .workspace_size = workspace_size,
    .kernels = &kernels,
    .profile_begin = vk_profile_begin,
    .profile_read = vk_profile_read,
};

static enum tuff_status open_backend(const struct tuff_host *host,
                                     const struct tuff_backend_interface **interface_out,
                                     struct tuff_backend **backend_out)
{
    struct tuff_backend *backend = calloc(1, sizeof *backend);
    if (!backend)
        return TUFF_ERROR_MEMORY;
    backend->host = host;
    *interface_out = &interface;
    *backend_out = backend;
    return TUFF_OK;
}

TUFF_PLUGIN_EXPORT const struct tuff_plugin_descriptor tuff_plugin;
TUFF_PLUGIN_EXPORT const struct tuff_plugin_descriptor tuff_plugin = {
    .magic = TUFF_PLUGIN_MAGIC,
    .abi_major = TUFF_ABI_MAJOR,
    .abi_minor = TUFF_ABI_MINOR,
    .size = sizeof(struct tuff_plugin_descriptor),
    .name = "vulkan",
    .description = "any Vulkan 1.1 device",
    .version = "0.1.0",
    .open = open_backend,
};
