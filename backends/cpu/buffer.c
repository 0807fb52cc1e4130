#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "device.h"

// From this size on memory is aligned to and asked for in huge pages: fewer of the processor's page table
// entries cover a training step.
enum { HUGE_PAGE = 2 << 20 };

enum tuff_status cpu_buffer_create(struct tuff_device *device, uint64_t bytes,
                                   struct tuff_buffer **buffer_out)
{
    *buffer_out = NULL;
    const uint64_t alignment = bytes >= HUGE_PAGE ? HUGE_PAGE : CPU_BUFFER_ALIGNMENT;
    struct tuff_buffer *buffer = calloc(1, sizeof *buffer);
    if (buffer && bytes <= SIZE_MAX - alignment) {
        buffer->device = device;
        buffer->bytes = (bytes + CPU_BUFFER_ALIGNMENT - 1) & ~(uint64_t)(CPU_BUFFER_ALIGNMENT - 1);
        buffer->data = aligned_alloc(alignment, (buffer->bytes + alignment - 1) & ~(alignment - 1));
    }
    if (!buffer || !buffer->data) {
        cpu_log(device->backend, TUFF_LOG_ERROR, "no memory for a buffer of %" PRIu64 " bytes", bytes);
        free(buffer);
        return TUFF_ERROR_MEMORY;
    }
    if (alignment == HUGE_PAGE)
        (void)madvise(buffer->data, buffer->bytes,
                      MADV_HUGEPAGE); // a hint: nothing is lost where it is refused
    device->buffers++;
    device->buffer_bytes += buffer->bytes;
    *buffer_out = buffer;
    return TUFF_OK;
}

void cpu_buffer_destroy(struct tuff_buffer *buffer)
{
    if (!buffer)
        return;
    buffer->device->buffers--;
    buffer->device->buffer_bytes -= buffer->bytes;
    free(buffer->data);
    free(buffer);
}

enum tuff_status cpu_buffer_write(struct tuff_buffer *buffer, uint64_t offset, const void *data,
                                  uint64_t bytes)
{
    memcpy(buffer->data + offset, data, bytes);
    return TUFF_OK;
}

enum tuff_status cpu_buffer_read(struct tuff_buffer *buffer, uint64_t offset, void *data, uint64_t bytes)
{
    memcpy(data, buffer->data + offset, bytes);
    return TUFF_OK;
}

enum tuff_status cpu_buffer_copy(struct tuff_buffer *to, uint64_t to_offset, struct tuff_buffer *from,
                                 uint64_t from_offset, uint64_t bytes)
{
    memcpy(to->data + to_offset, from->data + from_offset, bytes);
    return TUFF_OK;
}

enum tuff_status cpu_buffer_fill(struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes, uint32_t word)
{
    uint32_t *words = (uint32_t *)(void *)(buffer->data + offset);
    for (uint64_t i = 0; i < bytes / sizeof word; i++)
        words[i] = word;
    return TUFF_OK;
}
