// The oneDNN backend: on one CPU thread, by oneDNN's primitives where these do what tuff/op asks for, and in
// plain C where not. It shows how a plugin wraps a library of kernels; see also the reference plugin, which
// is simpler.
//
// Where to begin: this file has all that the host sees, from the end upwards: the one exported symbol, the
// interface it leads to, and the table of kernels. primitive.h says how oneDNN is used.
#include "kernels.h"
#include "onednn.h"

#include <stdlib.h>

// One line per op. An op that a plugin lacks has no line; its slot is then NULL.
static const struct tuff_kernels kernels = {
    .size = sizeof kernels,
    .fill = dnn_fill,
    .copy = dnn_copy,
    .add = dnn_add,
    .conv2d_forward = dnn_conv2d_forward,
    .conv2d_backward_input = dnn_conv2d_backward_input,
    .conv2d_backward_weight = dnn_conv2d_backward_weight,
    .max_pool2d_forward = dnn_max_pool2d_forward,
    .max_pool2d_backward = dnn_max_pool2d_backward,
    .relu_forward = dnn_relu_forward,
    .relu_backward = dnn_relu_backward,
    .linear_forward = dnn_linear_forward,
    .linear_backward_input = dnn_linear_backward_input,
    .linear_backward_weight = dnn_linear_backward_weight,
    .softmax_cross_entropy_forward = dnn_softmax_cross_entropy_forward,
    .softmax_cross_entropy_backward = dnn_softmax_cross_entropy_backward,
    .adam = dnn_adam,
    .gather_images = dnn_gather_images,
    .gather_labels = dnn_gather_labels,
    .step_advance = dnn_step_advance,
    .metrics_record = dnn_metrics_record,
    .sgd = dnn_sgd,
    .gradient_norm = dnn_gradient_norm,
    .gradient_clip = dnn_gradient_clip,
    .activation_forward = dnn_activation_forward,
    .activation_backward = dnn_activation_backward,
    .multiply = dnn_multiply,
    .concat_forward = dnn_concat_forward,
    .concat_backward = dnn_concat_backward,
    .dropout_forward = dnn_dropout_forward,
    .dropout_backward = dnn_dropout_backward,
    .batch_norm2d_train = dnn_batch_norm2d_train,
    .batch_norm2d_eval = dnn_batch_norm2d_eval,
    .batch_norm2d_backward = dnn_batch_norm2d_backward,
    .log_softmax_forward = dnn_log_softmax_forward,
    .log_softmax_backward = dnn_log_softmax_backward,
    .mean_squared_error_forward = dnn_mean_squared_error_forward,
    .mean_squared_error_backward = dnn_mean_squared_error_backward,
    .avg_pool2d_forward = dnn_avg_pool2d_forward,
    .avg_pool2d_backward = dnn_avg_pool2d_backward,
    .adaptive_avg_pool2d_forward = dnn_adaptive_avg_pool2d_forward,
    .adaptive_avg_pool2d_backward = dnn_adaptive_avg_pool2d_backward,
    .gather_augmented_images = dnn_gather_augmented_images,
    .moving_average = dnn_moving_average,
    .gradient_accumulate = dnn_gradient_accumulate,
};

static void backend_close(struct tuff_backend *backend)
{
    free(backend);
}

// Left out, and so NULL: capture (the host then calls the kernels of every step) and activation_layout
// (row-major, which is all that supports takes).
static const struct tuff_backend_interface interface = {
    .size = sizeof interface,
    .close = backend_close,
    .device_count = dnn_device_count,
    .device_describe = dnn_device_describe,
    .device_open = dnn_device_open,
    .device_close = dnn_device_close,
    .device_memory = dnn_device_memory,
    .buffer_create = dnn_buffer_create,
    .buffer_destroy = dnn_buffer_destroy,
    .buffer_write = dnn_buffer_write,
    .buffer_read = dnn_buffer_read,
    .buffer_copy = dnn_buffer_copy,
    .buffer_fill = dnn_buffer_fill,
    .stream_create = dnn_stream_create,
    .stream_destroy = dnn_stream_destroy,
    .stream_begin = dnn_stream_begin,
    .stream_submit = dnn_stream_submit,
    .stream_wait = dnn_stream_wait,
    .stream_timestamp = dnn_stream_timestamp,
    .stream_timestamp_read = dnn_stream_timestamp_read,
    .supports = dnn_supports,
    .workspace_size = dnn_workspace_size,
    .kernels = &kernels,
    .prepare = dnn_prepare,
};

static enum tuff_status backend_open(const struct tuff_host *host,
                                     const struct tuff_backend_interface **interface_out,
                                     struct tuff_backend **backend)
{
    struct tuff_backend *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        dnn_log(host, TUFF_LOG_ERROR, "no memory for the backend's %zu bytes", sizeof *opened);
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
    .name = "onednn",
    .description = "oneDNN's kernels on one CPU thread",
    .version = "0.1.0",
    .open = backend_open,
};
