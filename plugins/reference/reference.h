// The reference plugin from the inside: its objects, and the functions that fill the slots of the interface.
//
// The whole device is the calling thread: a kernel has done its work when its call returns, so a stream holds
// no queue, submit has nothing to hand over and wait nothing to wait for.
#ifndef REFERENCE_H
#define REFERENCE_H

#include "tuff/backend.h"

enum {
    REF_ALIGNMENT = 64,        // of every buffer and of every tensor's offset, in bytes: a cache line
    REF_TIMESTAMP_SLOTS = 256, // per stream
};

struct tuff_backend {
    const struct tuff_host *host;
};

// Counts what the host creates on it, for device_memory and for the leak check of device_close.
struct tuff_device {
    struct tuff_backend *backend;
    uint64_t used_bytes;
    uint32_t buffer_count;
    uint32_t stream_count;
};

struct tuff_buffer {
    struct tuff_device *device;
    unsigned char *data; // REF_ALIGNMENT-aligned
    uint64_t bytes;
};

struct tuff_stream {
    struct tuff_device *device;
    uint64_t timestamps[REF_TIMESTAMP_SLOTS]; // nanoseconds of the monotonic clock
};

// log.c. Formats one message of at most 511 bytes, without a trailing newline, for the host's callback.
void ref_log(const struct tuff_host *host, enum tuff_log_level level, const char *format, ...)
    TUFF_PRINTF(3, 4);

// device.c: what tuff/backend.h says of the slots of the same name.
enum tuff_status ref_device_count(struct tuff_backend *backend, uint32_t *count);
enum tuff_status ref_device_describe(struct tuff_backend *backend, uint32_t index,
                                     struct tuff_device_info *info);
enum tuff_status ref_device_open(struct tuff_backend *backend, uint32_t index,
                                 const struct tuff_device_options *options, struct tuff_device **device);
void ref_device_close(struct tuff_device *device);
enum tuff_status ref_device_memory(struct tuff_device *device, struct tuff_device_memory *memory);

// buffer.c
enum tuff_status ref_buffer_create(struct tuff_device *device, uint64_t bytes, struct tuff_buffer **buffer);
void ref_buffer_destroy(struct tuff_buffer *buffer);
enum tuff_status ref_buffer_write(struct tuff_buffer *buffer, uint64_t offset, const void *data,
                                  uint64_t bytes);
enum tuff_status ref_buffer_read(struct tuff_buffer *buffer, uint64_t offset, void *data, uint64_t bytes);
enum tuff_status ref_buffer_copy(struct tuff_buffer *to, uint64_t to_offset, struct tuff_buffer *from,
                                 uint64_t from_offset, uint64_t bytes);
enum tuff_status ref_buffer_fill(struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes, uint32_t word);

// stream.c
enum tuff_status ref_stream_create(struct tuff_device *device, struct tuff_stream **stream);
void ref_stream_destroy(struct tuff_stream *stream);
enum tuff_status ref_stream_begin(struct tuff_stream *stream);
enum tuff_status ref_stream_submit(struct tuff_stream *stream);
enum tuff_status ref_stream_wait(struct tuff_stream *stream);
enum tuff_status ref_stream_timestamp(struct tuff_stream *stream, uint32_t slot);
enum tuff_status ref_stream_timestamp_read(struct tuff_stream *stream, uint32_t slot, uint64_t *nanoseconds);

#endif
