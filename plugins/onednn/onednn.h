// The oneDNN plugin from the inside: its objects, and the functions that fill the slots of the interface.
//
// What oneDNN has with the semantics that tuff/op asks for is done by its primitives (primitive.h);
// everything else is plain C. The whole device is the calling thread: a kernel has done its work when its
// call returns, so a stream holds no queue.
#ifndef TUFF_ONEDNN_H
#define TUFF_ONEDNN_H

#include "tuff/backend.h"

#include <dnnl.h>

enum {
    DNN_ALIGNMENT = 64,        // of every buffer and of every tensor's offset, in bytes: a vector register
    DNN_TIMESTAMP_SLOTS = 256, // per stream
    DNN_BUCKETS = 256,         // of the primitives' cache
};

struct tuff_backend {
    const struct tuff_host *host;
};

struct dnn_primitive; // primitive.h

struct tuff_device {
    struct tuff_backend *backend;
    dnnl_engine_t engine;
    dnnl_stream_t stream;             // every kernel's, whatever stream of the host's it was called on
    dnnl_primitive_attr_t attributes; // of every primitive
    struct dnn_primitive *primitives[DNN_BUCKETS]; // the cache
    uint64_t used_bytes;
    uint32_t buffer_count;
    uint32_t stream_count;
};

struct tuff_buffer {
    struct tuff_device *device;
    unsigned char *data; // DNN_ALIGNMENT-aligned
    uint64_t bytes;
};

struct tuff_stream {
    struct tuff_device *device;
    uint64_t timestamps[DNN_TIMESTAMP_SLOTS]; // nanoseconds of the monotonic clock
};

// The first byte of a tensor's storage. Every tensor is row-major: dnn_supports refuses others.
static inline void *dnn_data(const struct tuff_tensor *t)
{
    return t->buffer->data + t->offset;
}

// log.c. Formats one message of at most 511 bytes, without a trailing newline, for the host's callback.
void dnn_log(const struct tuff_host *host, enum tuff_log_level level, const char *format, ...)
    TUFF_PRINTF(3, 4);

// device.c: what tuff/backend.h says of the slots of the same name.
enum tuff_status dnn_device_count(struct tuff_backend *backend, uint32_t *count);
enum tuff_status dnn_device_describe(struct tuff_backend *backend, uint32_t index,
                                     struct tuff_device_info *info);
enum tuff_status dnn_device_open(struct tuff_backend *backend, uint32_t index,
                                 const struct tuff_device_options *options, struct tuff_device **device);
void dnn_device_close(struct tuff_device *device);
enum tuff_status dnn_device_memory(struct tuff_device *device, struct tuff_device_memory *memory);

// buffer.c
enum tuff_status dnn_buffer_create(struct tuff_device *device, uint64_t bytes, struct tuff_buffer **buffer);
void dnn_buffer_destroy(struct tuff_buffer *buffer);
enum tuff_status dnn_buffer_write(struct tuff_buffer *buffer, uint64_t offset, const void *data,
                                  uint64_t bytes);
enum tuff_status dnn_buffer_read(struct tuff_buffer *buffer, uint64_t offset, void *data, uint64_t bytes);
enum tuff_status dnn_buffer_copy(struct tuff_buffer *to, uint64_t to_offset, struct tuff_buffer *from,
                                 uint64_t from_offset, uint64_t bytes);
enum tuff_status dnn_buffer_fill(struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes, uint32_t word);

// stream.c
enum tuff_status dnn_stream_create(struct tuff_device *device, struct tuff_stream **stream);
void dnn_stream_destroy(struct tuff_stream *stream);
enum tuff_status dnn_stream_begin(struct tuff_stream *stream);
enum tuff_status dnn_stream_submit(struct tuff_stream *stream);
enum tuff_status dnn_stream_wait(struct tuff_stream *stream);
enum tuff_status dnn_stream_timestamp(struct tuff_stream *stream, uint32_t slot);
enum tuff_status dnn_stream_timestamp_read(struct tuff_stream *stream, uint32_t slot, uint64_t *nanoseconds);

// planning.c
int dnn_supports(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args);
enum tuff_status dnn_workspace_size(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args,
                                    uint64_t *bytes);
enum tuff_status dnn_prepare(struct tuff_device *device, uint32_t op, const struct tuff_op_args *args);

#endif
