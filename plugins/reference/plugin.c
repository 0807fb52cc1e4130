// The reference backend: every op in plain C loops that accumulate in double. It is what other backends are
// compared with. Its promise is that it is right and easy to read; it is single-threaded and slow.
//
// Where to begin: this file has all that the host sees, from the end upwards: the one exported symbol, the
// interface it leads to, and the table of kernels. Each op family has a file of its own; element.h has the
// storage layouts.
#include "kernels.h"
#include "reference.h"

#include <stdlib.h>

// One line per op. An op that a plugin lacks has no line; its slot is then NULL.
static const struct tuff_kernels kernels = {
    .size = sizeof kernels,
    .fill = ref_fill,
    .copy = ref_copy,
    .add = ref_add,
    .conv2d_forward = ref_conv2d_forward,
    .conv2d_backward_input = ref_conv2d_backward_input,
    .conv2d_backward_weight = ref_conv2d_backward_weight,
    .max_pool2d_forward = ref_max_pool2d_forward,
    .max_pool2d_backward = ref_max_pool2d_backward,
    .relu_forward = ref_relu_forward,
    .relu_backward = ref_relu_backward,
    .linear_forward = ref_linear_forward,
    .linear_backward_input = ref_linear_backward_input,
    .linear_backward_weight = ref_linear_backward_weight,
    .softmax_cross_entropy_forward = ref_softmax_cross_entropy_forward,
    .softmax_cross_entropy_backward = ref_softmax_cross_entropy_backward,
    .adam = ref_adam,
    .gather_images = ref_gather_images,
    .gather_labels = ref_gather_labels,
    .step_advance = ref_step_advance,
    .metrics_record = ref_metrics_record,
    .sgd = ref_sgd,
    .gradient_norm = ref_gradient_norm,
    .gradient_clip = ref_gradient_clip,
    .moving_average = ref_moving_average,
    .gradient_accumulate = ref_gradient_accumulate,
    .activation_forward = ref_activation_forward,
    .activation_backward = ref_activation_backward,
    .multiply = ref_multiply,
    .concat_forward = ref_concat_forward,
    .concat_backward = ref_concat_backward,
    .dropout_forward = ref_dropout_forward,
    .dropout_backward = ref_dropout_backward,
    .batch_norm2d_train = ref_batch_norm2d_train,
    .batch_norm2d_eval = ref_batch_norm2d_eval,
    .batch_norm2d_backward = ref_batch_norm2d_backward,
    .log_softmax_forward = ref_log_softmax_forward,
    .log_softmax_backward = ref_log_softmax_backward,
    .mean_squared_error_forward = ref_mean_squared_error_forward,
    .mean_squared_error_backward = ref_mean_squared_error_backward,
    .avg_pool2d_forward = ref_avg_pool2d_forward,
    .avg_pool2d_backward = ref_avg_pool2d_backward,
    .adaptive_avg_pool2d_forward = ref_adaptive_avg_pool2d_forward,
    .adaptive_avg_pool2d_backward = ref_adaptive_avg_pool2d_backward,
    .gather_augmented_images = ref_gather_augmented_images,
    .conv2d_relu_forward = ref_conv2d_relu_forward,
    .linear_relu_forward = ref_linear_relu_forward,
    .conv2d_relu_max_pool2d_forward = ref_conv2d_relu_max_pool2d_forward,
    .conv2d_relu_max_pool2d_backward_input = ref_conv2d_relu_max_pool2d_backward_input,
    .conv2d_relu_max_pool2d_backward_weight = ref_conv2d_relu_max_pool2d_backward_weight,
    .batch_norm2d_relu_train = ref_batch_norm2d_relu_train,
    .batch_norm2d_relu_eval = ref_batch_norm2d_relu_eval,
    .batch_norm2d_relu_backward = ref_batch_norm2d_relu_backward,
    .cast = ref_cast,
    .loss_scale_update = ref_loss_scale_update,
    .gradient_unscale = ref_gradient_unscale,
};

static void backend_close(struct tuff_backend *backend)
{
    free(backend);
}

// Left out, and so NULL: capture (the host then calls the kernels of every step), supports (every kernel
// takes whatever is valid), workspace_size (none needs any), activation_layout (row-major) and prepare (there
// is nothing to make before a kernel is called).
static const struct tuff_backend_interface interface = {
    .size = sizeof interface,
    .close = backend_close,
    .device_count = ref_device_count,
    .device_describe = ref_device_describe,
    .device_open = ref_device_open,
    .device_close = ref_device_close,
    .device_memory = ref_device_memory,
    .buffer_create = ref_buffer_create,
    .buffer_destroy = ref_buffer_destroy,
    .buffer_write = ref_buffer_write,
    .buffer_read = ref_buffer_read,
    .buffer_copy = ref_buffer_copy,
    .buffer_fill = ref_buffer_fill,
    .stream_create = ref_stream_create,
    .stream_destroy = ref_stream_destroy,
    .stream_begin = ref_stream_begin,
    .stream_submit = ref_stream_submit,
    .stream_wait = ref_stream_wait,
    .stream_timestamp = ref_stream_timestamp,
    .stream_timestamp_read = ref_stream_timestamp_read,
    .kernels = &kernels,
};

static enum tuff_status backend_open(const struct tuff_host *host,
                                     const struct tuff_backend_interface **interface_out,
                                     struct tuff_backend **backend)
{
    struct tuff_backend *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        ref_log(host, TUFF_LOG_ERROR, "no memory for the backend's %zu bytes", sizeof *opened);
        return TUFF_ERROR_MEMORY;
    }
    opened->host = host;
    *interface_out = &interface;
    *backend = opened;
    return TUFF_OK;
}

TUFF_PLUGIN_EXPORT const struct tuff_plugin_descriptor tuff_plugin = {
    .magic = TUFF_PLUGIN_MAGIC,
    .abi_major = TUFF_ABI_MAJOR,
    .abi_minor = TUFF_ABI_MINOR,
    .size = sizeof tuff_plugin,
    .name = "reference",
    .description = "plain C loops in double: the oracle that other backends are compared with",
    .version = "0.1.0",
    .open = backend_open,
};
