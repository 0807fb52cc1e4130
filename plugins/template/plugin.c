// The backend "template", from the end upwards: the one exported symbol, the interface it leads to, the table
// of kernels, the kernels, then streams, buffers and the device. tuff/backend.h says what each slot promises,
// and tuff/op/<family>.h what each kernel does.
//
// The device is the calling thread, its memory the host's: a kernel has done its work when its call returns.
// For other hardware, replace what struct tuff_buffer and struct tuff_stream hold.
#include "tuff/backend.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ALIGNMENT = 64 }; // of buffers and of every tensor's offset, in bytes: a cache line

struct tuff_backend {
    const struct tuff_host *host;
};

struct tuff_device {
    struct tuff_backend *backend;
    uint64_t used_bytes; // in buffers that exist
    uint32_t buffer_count, stream_count;
};

struct tuff_buffer {
    struct tuff_device *device;
    unsigned char *data;
    uint64_t bytes;
};

struct tuff_stream {
    struct tuff_device *device;
};

// -- Log. A plugin does not print: it hands one line to the host and returns a status.

TUFF_PRINTF(2, 3) static void log_error(const struct tuff_host *host, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    host->log(host->user, TUFF_LOG_ERROR, message);
}

// -- Device

static uint64_t physical_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES), page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : UINT64_C(1) << 30;
}

// As much of a struct as the host has room for: it may have been built with another minor version of the ABI.
static void hand_over(void *to, uint32_t *to_size, const void *from, uint32_t from_size)
{
    const uint32_t size = *to_size < from_size ? *to_size : from_size;
    memcpy(to, from, size);
    *to_size = size;
}

static enum tuff_status device_count(struct tuff_backend *backend, uint32_t *count)
{
    (void)backend;
    *count = 1;
    return TUFF_OK;
}

static enum tuff_status device_describe(struct tuff_backend *backend, uint32_t index,
                                        struct tuff_device_info *info)
{
    (void)backend;
    (void)index; // below device_count
    const struct tuff_device_info own = {
        .size = sizeof own,
        .kind = TUFF_DEVICE_CPU,
        .name = "host memory",
        .driver = "one thread",
        .buffer_alignment = ALIGNMENT,
        .max_buffer_bytes = physical_memory(),
        .max_tensor_bytes = physical_memory(),
        .timestamp_slots = 0, // no stream_timestamp
        .preference = 0,      // never chosen unless it is named; raise it once the backend is complete
        .max_threads = 1,     // 0 if host threads are not what it computes with
    };
    hand_over(info, &info->size, &own, sizeof own);
    return TUFF_OK;
}

static enum tuff_status device_open(struct tuff_backend *backend, uint32_t index,
                                    const struct tuff_device_options *options, struct tuff_device **device)
{
    (void)index;
    (void)options;
    struct tuff_device *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        log_error(backend->host, "no memory for the device's %zu bytes", sizeof *opened);
        return TUFF_ERROR_MEMORY;
    }
    opened->backend = backend;
    *device = opened;
    return TUFF_OK;
}

static void device_close(struct tuff_device *device)
{
    if (device == NULL)
        return;
    if (device->buffer_count != 0 || device->stream_count != 0)
        log_error(device->backend->host,
                  "device closed with %" PRIu32 " buffers and %" PRIu32 " streams left, expected none",
                  device->buffer_count, device->stream_count);
    free(device);
}

static enum tuff_status device_memory(struct tuff_device *device, struct tuff_device_memory *memory)
{
    const struct tuff_device_memory own = {
        .size = sizeof own,
        .budget = physical_memory() / 2,
        .used = device->used_bytes,
    };
    hand_over(memory, &memory->size, &own, sizeof own);
    return TUFF_OK;
}

// -- Buffers. The host waits for the streams that use a buffer before it calls one of these.

static enum tuff_status buffer_create(struct tuff_device *device, uint64_t bytes, struct tuff_buffer **buffer)
{
    // aligned_alloc wants a multiple of the alignment.
    const uint64_t rounded = (bytes + ALIGNMENT - 1) / ALIGNMENT * ALIGNMENT;
    struct tuff_buffer *created = calloc(1, sizeof *created);
    unsigned char *data = rounded <= SIZE_MAX ? aligned_alloc(ALIGNMENT, (size_t)rounded) : NULL;
    if (created == NULL || data == NULL) {
        free(created);
        free(data);
        log_error(device->backend->host, "no memory for a buffer of %" PRIu64 " bytes", bytes);
        return TUFF_ERROR_MEMORY;
    }
    created->device = device;
    created->data = data;
    created->bytes = bytes;
    device->used_bytes += bytes;
    device->buffer_count++;
    *buffer = created;
    return TUFF_OK;
}

static void buffer_destroy(struct tuff_buffer *buffer)
{
    if (buffer == NULL)
        return;
    buffer->device->used_bytes -= buffer->bytes;
    buffer->device->buffer_count--;
    free(buffer->data);
    free(buffer);
}

static enum tuff_status buffer_write(struct tuff_buffer *buffer, uint64_t offset, const void *data,
                                     uint64_t bytes)
{
    memcpy(buffer->data + offset, data, (size_t)bytes);
    return TUFF_OK;
}

static enum tuff_status buffer_read(struct tuff_buffer *buffer, uint64_t offset, void *data, uint64_t bytes)
{
    memcpy(data, buffer->data + offset, (size_t)bytes);
    return TUFF_OK;
}

static enum tuff_status buffer_copy(struct tuff_buffer *to, uint64_t to_offset, struct tuff_buffer *from,
                                    uint64_t from_offset, uint64_t bytes)
{
    memcpy(to->data + to_offset, from->data + from_offset, (size_t)bytes);
    return TUFF_OK;
}

static enum tuff_status buffer_fill(struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes,
                                    uint32_t word)
{
    for (uint64_t i = 0; i < bytes; i += sizeof word)
        memcpy(buffer->data + offset + i, &word, sizeof word);
    return TUFF_OK;
}

// -- Streams. Nothing is queued, so submit has nothing to hand over and wait nothing to wait for.

static enum tuff_status stream_create(struct tuff_device *device, struct tuff_stream **stream)
{
    struct tuff_stream *created = calloc(1, sizeof *created);
    if (created == NULL) {
        log_error(device->backend->host, "no memory for a stream's %zu bytes", sizeof *created);
        return TUFF_ERROR_MEMORY;
    }
    created->device = device;
    device->stream_count++;
    *stream = created;
    return TUFF_OK;
}

static void stream_destroy(struct tuff_stream *stream)
{
    if (stream == NULL)
        return;
    stream->device->stream_count--;
    free(stream);
}

static enum tuff_status stream_begin(struct tuff_stream *stream)
{
    (void)stream;
    return TUFF_OK;
}

static enum tuff_status stream_submit(struct tuff_stream *stream)
{
    (void)stream;
    return TUFF_OK;
}

static enum tuff_status stream_wait(struct tuff_stream *stream)
{
    (void)stream;
    return TUFF_OK;
}

// -- Planning

// Row-major tensors of float32 only. Without this slot the host would take it that every kernel takes every
// layout, and float16 too.
static int supports(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args)
{
    (void)device;
    (void)op; // one that the kernel table has
    // args->size says how many tensors the op has; those it may do without are NULL.
    const size_t count = (args->size - offsetof(struct tuff_op_args, tensors)) / sizeof args->tensors[0];
    for (size_t i = 0; i < count; i++)
        if (args->tensors[i] != NULL && args->tensors[i]->layout != TUFF_LAYOUT_ROW_MAJOR)
            return 0;
    return !tuff_op_args_use_f16(args);
}

// -- Kernels. The arguments have been checked before.

// The first byte of a tensor's storage.
static void *tensor_data(const struct tuff_tensor *t)
{
    return t->buffer->data + t->offset;
}

// y = x > 0 ? x : 0, and NaN stays NaN, hence the question the other way round; the zero is +0. y may be x.
static enum tuff_status relu_forward(struct tuff_stream *stream, const struct tuff_relu_forward_args *args)
{
    (void)stream;
    const float *x = tensor_data(args->x);
    float *y = tensor_data(args->y);
    const uint64_t count = tuff_tensor_elements(args->y);
    for (uint64_t i = 0; i < count; i++)
        y[i] = x[i] <= 0.0f ? 0.0f : x[i];
    return TUFF_OK;
}

// One line per op, in any order. An op that has no line is NULL, and so unsupported.
static const struct tuff_kernels kernels = {
    .size = sizeof kernels,
    .relu_forward = relu_forward,
};

// -- What the host sees

static void backend_close(struct tuff_backend *backend)
{
    free(backend);
}

// Left out, and so NULL: timestamps, capture, workspace_size (none needs any), activation_layout (row-major),
// prepare (there is nothing to make before a kernel is called).
static const struct tuff_backend_interface interface = {
    .size = sizeof interface,
    .close = backend_close,
    .device_count = device_count,
    .device_describe = device_describe,
    .device_open = device_open,
    .device_close = device_close,
    .device_memory = device_memory,
    .buffer_create = buffer_create,
    .buffer_destroy = buffer_destroy,
    .buffer_write = buffer_write,
    .buffer_read = buffer_read,
    .buffer_copy = buffer_copy,
    .buffer_fill = buffer_fill,
    .stream_create = stream_create,
    .stream_destroy = stream_destroy,
    .stream_begin = stream_begin,
    .stream_submit = stream_submit,
    .stream_wait = stream_wait,
    .supports = supports,
    .kernels = &kernels,
};

static enum tuff_status backend_open(const struct tuff_host *host,
                                     const struct tuff_backend_interface **interface_out,
                                     struct tuff_backend **backend)
{
    struct tuff_backend *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        log_error(host, "no memory for the backend's %zu bytes", sizeof *opened);
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
    .name = "template",
    .description = "a backend in the making",
    .version = "0.1.0",
    .open = backend_open,
};
