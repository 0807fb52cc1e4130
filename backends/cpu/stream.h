// Streams: kernels run within the call, or are recorded while a capture is open.
#ifndef TUFF_CPU_STREAM_H
#define TUFF_CPU_STREAM_H

#include "device.h"

struct tuff_capture;

enum { CPU_TIMESTAMP_SLOTS = 4096 };

struct tuff_stream {
    struct tuff_device *device;
    struct tuff_capture *capture; // open: record; NULL: run
    uint64_t timestamps[CPU_TIMESTAMP_SLOTS];
};

// Runs the kernel of `op`, which this backend has, or records it. TUFF_ERROR_MEMORY if recording runs out of
// it.
enum tuff_status cpu_stream_call(struct tuff_stream *stream, enum tuff_op op,
                                 const struct tuff_op_args *args);

// Reads the clock into a slot.
void cpu_stream_read_clock(struct tuff_stream *stream, uint32_t slot);

// The interface's slots; see backend.h.
enum tuff_status cpu_stream_create(struct tuff_device *device, struct tuff_stream **stream);
void cpu_stream_destroy(struct tuff_stream *stream);
enum tuff_status cpu_stream_begin(struct tuff_stream *stream);
enum tuff_status cpu_stream_submit(struct tuff_stream *stream);
enum tuff_status cpu_stream_wait(struct tuff_stream *stream);
enum tuff_status cpu_stream_timestamp(struct tuff_stream *stream, uint32_t slot);
enum tuff_status cpu_stream_timestamp_read(struct tuff_stream *stream, uint32_t slot, uint64_t *nanoseconds);

#endif
