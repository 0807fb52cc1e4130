// Buffers: aligned host memory. Each call has done its work when it returns.
#include "onednn.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum tuff_status dnn_buffer_create(struct tuff_device *device, uint64_t bytes, struct tuff_buffer **buffer)
{
    // aligned_alloc wants a multiple of the alignment.
    const uint64_t rounded = (bytes + DNN_ALIGNMENT - 1) / DNN_ALIGNMENT * DNN_ALIGNMENT;
    struct tuff_buffer *created = calloc(1, sizeof *created);
    unsigned char *data = rounded <= SIZE_MAX ? aligned_alloc(DNN_ALIGNMENT, (size_t)rounded) : NULL;
    if (created == NULL || data == NULL) {
        free(created);
        free(data);
        dnn_log(device->backend->host, TUFF_LOG_ERROR,
                "no memory for a buffer of %" PRIu64 " bytes; %" PRIu64 " bytes are in %" PRIu32
                " other buffers",
                bytes, device->used_bytes, device->buffer_count);
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

void dnn_buffer_destroy(struct tuff_buffer *buffer)
{
    if (buffer == NULL)
        return;
    buffer->device->used_bytes -= buffer->bytes;
    buffer->device->buffer_count--;
    free(buffer->data);
    free(buffer);
}

enum tuff_status dnn_buffer_write(struct tuff_buffer *buffer, uint64_t offset, const void *data,
                                  uint64_t bytes)
{
    memcpy(buffer->data + offset, data, (size_t)bytes);
    return TUFF_OK;
}

enum tuff_status dnn_buffer_read(struct tuff_buffer *buffer, uint64_t offset, void *data, uint64_t bytes)
{
    memcpy(data, buffer->data + offset, (size_t)bytes);
    return TUFF_OK;
}

enum tuff_status dnn_buffer_copy(struct tuff_buffer *to, uint64_t to_offset, struct tuff_buffer *from,
                                 uint64_t from_offset, uint64_t bytes)
{
    memcpy(to->data + to_offset, from->data + from_offset, (size_t)bytes);
    return TUFF_OK;
}

enum tuff_status dnn_buffer_fill(struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes, uint32_t word)
{
    for (uint64_t i = 0; i < bytes; i += sizeof word)
        memcpy(buffer->data + offset + i, &word, sizeof word);
    return TUFF_OK;
}
