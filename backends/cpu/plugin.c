// The plugin's export: the processor as a backend.
#include <stdlib.h>

#include "capture.h"
#include "device.h"
#include "ops.h"
#include "planning.h"
#include "stream.h"

static void backend_close(struct tuff_backend *backend)
{
    free(backend);
}

// Every op takes every shape and both layouts, but float32 only.
static int supports(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    (void)device, (void)op;
    return !tuff_op_args_use_f16(args);
}

// Left out, and so NULL: prepare (there is nothing to make before a kernel is called).
static const struct tuff_backend_interface interface = {
    .size = sizeof(struct tuff_backend_interface),
    .close = backend_close,
    .device_count = cpu_device_count,
    .device_describe = cpu_device_describe,
    .device_open = cpu_device_open,
    .device_close = cpu_device_close,
    .device_memory = cpu_device_memory,
    .buffer_create = cpu_buffer_create,
    .buffer_destroy = cpu_buffer_destroy,
    .buffer_write = cpu_buffer_write,
    .buffer_read = cpu_buffer_read,
    .buffer_copy = cpu_buffer_copy,
    .buffer_fill = cpu_buffer_fill,
    .stream_create = cpu_stream_create,
    .stream_destroy = cpu_stream_destroy,
    .stream_begin = cpu_stream_begin,
    .stream_submit = cpu_stream_submit,
    .stream_wait = cpu_stream_wait,
    .stream_timestamp = cpu_stream_timestamp,
    .stream_timestamp_read = cpu_stream_timestamp_read,
    .capture_begin = cpu_capture_begin,
    .capture_end = cpu_capture_end,
    .capture_replay = cpu_capture_replay,
    .capture_destroy = cpu_capture_destroy,
    .supports = supports,
    .workspace_size = cpu_workspace_size,
    .activation_layout = cpu_activation_layout,
    .kernels = &cpu_kernels,
};

static enum tuff_status backend_open(const struct tuff_host *host,
                                     const struct tuff_backend_interface **interface_out,
                                     struct tuff_backend **backend)
{
    *backend = malloc(sizeof **backend);
    if (!*backend) {
        host->log(host->user, TUFF_LOG_ERROR, "no memory for the backend");
        return TUFF_ERROR_MEMORY;
    }
    **backend = (struct tuff_backend){.host = host};
    *interface_out = &interface;
    return TUFF_OK;
}

TUFF_PLUGIN_EXPORT extern const struct tuff_plugin_descriptor tuff_plugin;

const struct tuff_plugin_descriptor tuff_plugin = {
    .magic = TUFF_PLUGIN_MAGIC,
    .abi_major = TUFF_ABI_MAJOR,
    .abi_minor = TUFF_ABI_MINOR,
    .size = sizeof(struct tuff_plugin_descriptor),
    .name = "cpu",
    .description = "the processor, with vector kernels of its own and OpenBLAS",
    .version = "0.1.0",
    .open = backend_open,
};
