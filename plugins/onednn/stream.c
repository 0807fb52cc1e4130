// Streams: kernels compute within their calls, so only timestamps are left to do.
#include "onednn.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum tuff_status dnn_stream_create(struct tuff_device *device, struct tuff_stream **stream)
{
    struct tuff_stream *created = calloc(1, sizeof *created);
    if (created == NULL) {
        dnn_log(device->backend->host, TUFF_LOG_ERROR, "no memory for a stream's %zu bytes", sizeof *created);
        return TUFF_ERROR_MEMORY;
    }
    created->device = device;
    device->stream_count++;
    *stream = created;
    return TUFF_OK;
}

void dnn_stream_destroy(struct tuff_stream *stream)
{
    if (stream == NULL)
        return;
    stream->device->stream_count--;
    free(stream);
}

enum tuff_status dnn_stream_begin(struct tuff_stream *stream)
{
    (void)stream;
    return TUFF_OK;
}

enum tuff_status dnn_stream_submit(struct tuff_stream *stream)
{
    (void)stream;
    return TUFF_OK;
}

enum tuff_status dnn_stream_wait(struct tuff_stream *stream)
{
    (void)stream;
    return TUFF_OK;
}

enum tuff_status dnn_stream_timestamp(struct tuff_stream *stream, uint32_t slot)
{
    struct timespec now;
    if (clock_gettime(CLOCK_MONOTONIC, &now) != 0) {
        dnn_log(stream->device->backend->host, TUFF_LOG_ERROR, "cannot read the monotonic clock: %s",
                strerror(errno));
        return TUFF_ERROR_DEVICE;
    }
    stream->timestamps[slot] = (uint64_t)now.tv_sec * UINT64_C(1000000000) + (uint64_t)now.tv_nsec;
    return TUFF_OK;
}

enum tuff_status dnn_stream_timestamp_read(struct tuff_stream *stream, uint32_t slot, uint64_t *nanoseconds)
{
    *nanoseconds = stream->timestamps[slot];
    return TUFF_OK;
}
