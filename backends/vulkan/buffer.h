// Memory on a device: one VkBuffer with an allocation of its own.
#ifndef TUFF_VULKAN_BUFFER_H
#define TUFF_VULKAN_BUFFER_H

#include "device.h"

struct tuff_buffer {
    struct tuff_device *device;
    VkBuffer handle;
    VkDeviceMemory memory;
    uint64_t bytes;
    uint8_t *mapped; // NULL: data goes through staging
};

// The memory types that buffers can live in, a bit each.
TUFF_MUST_CHECK enum tuff_status vk_buffer_memory_types(struct tuff_device *device, uint32_t *types);

// The slots of the interface (tuff/backend.h).
TUFF_MUST_CHECK enum tuff_status vk_buffer_create(struct tuff_device *device, uint64_t bytes,
                                                  struct tuff_buffer **buffer);
void vk_buffer_destroy(struct tuff_buffer *buffer);
TUFF_MUST_CHECK enum tuff_status vk_buffer_write(struct tuff_buffer *buffer, uint64_t offset,
                                                 const void *data, uint64_t bytes);
TUFF_MUST_CHECK enum tuff_status vk_buffer_read(struct tuff_buffer *buffer, uint64_t offset, void *data,
                                                uint64_t bytes);
TUFF_MUST_CHECK enum tuff_status vk_buffer_copy(struct tuff_buffer *to, uint64_t to_offset,
                                                struct tuff_buffer *from, uint64_t from_offset,
                                                uint64_t bytes);
TUFF_MUST_CHECK enum tuff_status vk_buffer_fill(struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes,
                                                uint32_t word);

#endif
