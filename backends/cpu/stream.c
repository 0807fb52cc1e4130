#include "stream.h"

#include <inttypes.h>
#include <stdlib.h>
#include <time.h>

#include "blas_threads.h"
#include "capture.h"
#include "float_mode.h"
#include "ops.h"

enum tuff_status cpu_stream_create(struct tuff_device *device, struct tuff_stream **stream)
{
    *stream = calloc(1, sizeof **stream);
    if (!*stream) {
        cpu_log(device->backend, TUFF_LOG_ERROR, "no memory for a stream");
        return TUFF_ERROR_MEMORY;
    }
    (*stream)->device = device;
    return TUFF_OK;
}

void cpu_stream_destroy(struct tuff_stream *stream)
{
    if (!stream)
        return;
    cpu_capture_destroy(stream->capture); // one that was begun and never ended
    free(stream);
}

// Work is done when the kernel's call returns; nothing is left to hand over or to wait for.
enum tuff_status cpu_stream_begin(struct tuff_stream *stream)
{
    (void)stream;
    return TUFF_OK;
}

enum tuff_status cpu_stream_submit(struct tuff_stream *stream)
{
    (void)stream;
    return TUFF_OK;
}

enum tuff_status cpu_stream_wait(struct tuff_stream *stream)
{
    (void)stream;
    return TUFF_OK;
}

enum tuff_status cpu_stream_call(struct tuff_stream *stream, enum tuff_op op, const struct tuff_op_args *args)
{
    if (stream->capture)
        return cpu_capture_record_op(stream, op, args);
    const unsigned mode = cpu_float_mode_enter();
    const int threads = cpu_blas_one_thread_enter();
    cpu_ops[op].run(stream->device, args);
    cpu_blas_one_thread_leave(threads);
    cpu_float_mode_leave(mode);
    return TUFF_OK;
}

void cpu_stream_read_clock(struct tuff_stream *stream, uint32_t slot)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    stream->timestamps[slot] = (uint64_t)t.tv_sec * 1000000000u + (uint64_t)t.tv_nsec;
}

static enum tuff_status check_slot(const struct tuff_stream *stream, uint32_t slot)
{
    if (slot < CPU_TIMESTAMP_SLOTS)
        return TUFF_OK;
    cpu_log(stream->device->backend, TUFF_LOG_ERROR, "expected a timestamp slot below %d, found %" PRIu32,
            (int)CPU_TIMESTAMP_SLOTS, slot);
    return TUFF_ERROR_INVALID;
}

enum tuff_status cpu_stream_timestamp(struct tuff_stream *stream, uint32_t slot)
{
    const enum tuff_status status = check_slot(stream, slot);
    if (status != TUFF_OK)
        return status;
    if (stream->capture)
        return cpu_capture_record_timestamp(stream, slot);
    cpu_stream_read_clock(stream, slot);
    return TUFF_OK;
}

enum tuff_status cpu_stream_timestamp_read(struct tuff_stream *stream, uint32_t slot, uint64_t *nanoseconds)
{
    const enum tuff_status status = check_slot(stream, slot);
    if (status == TUFF_OK)
        *nanoseconds = stream->timestamps[slot];
    return status;
}
