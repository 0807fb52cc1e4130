#include "buffer.h"

#include <stdlib.h>
#include <string.h>

static enum tuff_status create_handle(struct tuff_device *device, uint64_t bytes, VkBuffer *handle,
                                      VkMemoryRequirements *requirements)
{
    const VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = bytes,
        .usage = VK_BUFFER_USAGE_STORAGE_BUFFER_BIT | VK_BUFFER_USAGE_UNIFORM_BUFFER_BIT |
                 VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .sharingMode = VK_SHARING_MODE_EXCLUSIVE,
    };
    enum tuff_status status = VK(device, CreateBuffer(device->handle, &info, NULL, handle));
    if (status == TUFF_OK)
        device->vk.GetBufferMemoryRequirements(device->handle, *handle, requirements);
    return status;
}

enum tuff_status vk_buffer_memory_types(struct tuff_device *device, uint32_t *types)
{
    // The same for all buffers of one usage, whatever their size.
    VkBuffer handle = VK_NULL_HANDLE;
    VkMemoryRequirements requirements = {.memoryTypeBits = 0};
    enum tuff_status status = create_handle(device, 4, &handle, &requirements);
    *types = requirements.memoryTypeBits;
    if (status == TUFF_OK)
        device->vk.DestroyBuffer(device->handle, handle, NULL);
    return status;
}

static enum tuff_status allocate(struct tuff_buffer *buffer)
{
    struct tuff_device *device = buffer->device;
    VkMemoryRequirements requirements;
    enum tuff_status status = create_handle(device, buffer->bytes, &buffer->handle, &requirements);
    if (status != TUFF_OK)
        return status;
    if (!(requirements.memoryTypeBits & (1u << device->buffer_memory_type)))
        return vk_device_error(device, TUFF_ERROR_DEVICE, "%s: memory type %u does not take storage buffers",
                               device->physical->properties.deviceName, device->buffer_memory_type);
    VkMemoryAllocateInfo allocate_info = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
        .allocationSize = requirements.size,
        .memoryTypeIndex = device->buffer_memory_type,
    };
    bool visible = device->buffer_memory_mapped;
    VkResult result = device->vk.AllocateMemory(device->handle, &allocate_info, NULL, &buffer->memory);
    // The host's view of a card may be full, or smaller than its heap says, while the card has room.
    if (result == VK_ERROR_OUT_OF_DEVICE_MEMORY && device->buffer_memory_staged != UINT32_MAX) {
        visible = false;
        allocate_info.memoryTypeIndex = device->buffer_memory_staged;
        result = device->vk.AllocateMemory(device->handle, &allocate_info, NULL, &buffer->memory);
    }
    status = vk_check(device, result, "vkAllocateMemory");
    if (status == TUFF_OK)
        status = VK(device, BindBufferMemory(device->handle, buffer->handle, buffer->memory, 0));
    // Address space for it may be short (a card's BAR that others map, too): it is staged then.
    void *mapped = NULL;
    if (status == TUFF_OK && visible &&
        device->vk.MapMemory(device->handle, buffer->memory, 0, VK_WHOLE_SIZE, 0, &mapped) == VK_SUCCESS)
        buffer->mapped = mapped;
    return status;
}

static void release(struct tuff_buffer *buffer)
{
    struct tuff_device *device = buffer->device;
    if (!vk_device_hangs(device)) {
        device->vk.DestroyBuffer(device->handle, buffer->handle, NULL);
        device->vk.FreeMemory(device->handle, buffer->memory, NULL);
    }
    free(buffer);
}

enum tuff_status vk_buffer_create(struct tuff_device *device, uint64_t bytes, struct tuff_buffer **buffer_out)
{
    *buffer_out = NULL;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    // A driver may promise more than its heap holds and fail much later; refuse what cannot fit at all.
    uint32_t heap = device->memory.memoryTypes[device->buffer_memory_type].heapIndex;
    uint64_t heap_bytes = device->memory.memoryHeaps[heap].size;
    if (bytes > device->physical->limits.allocation_bytes || bytes > heap_bytes ||
        device->used_bytes > heap_bytes - bytes)
        return vk_device_error(
            device, TUFF_ERROR_MEMORY,
            "%s: no room for a buffer of %llu bytes: %llu of %llu are used, one buffer takes %llu",
            device->physical->properties.deviceName, (unsigned long long)bytes,
            (unsigned long long)device->used_bytes, (unsigned long long)heap_bytes,
            (unsigned long long)device->physical->limits.allocation_bytes);
    struct tuff_buffer *buffer = calloc(1, sizeof *buffer);
    if (!buffer)
        return vk_device_error(device, TUFF_ERROR_MEMORY, "no memory for a buffer object");
    buffer->device = device;
    buffer->bytes = bytes;
    status = allocate(buffer);
    if (status != TUFF_OK) {
        release(buffer);
        return status;
    }
    device->buffer_count++;
    device->used_bytes += bytes;
    *buffer_out = buffer;
    return TUFF_OK;
}

void vk_buffer_destroy(struct tuff_buffer *buffer)
{
    if (!buffer)
        return;
    buffer->device->buffer_count--;
    buffer->device->used_bytes -= buffer->bytes;
    release(buffer);
}

enum tuff_status vk_buffer_write(struct tuff_buffer *buffer, uint64_t offset, const void *data,
                                 uint64_t bytes)
{
    struct tuff_device *device = buffer->device;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    if (buffer->mapped) {
        // The next submission makes it visible to the device.
        memcpy(buffer->mapped + offset, data, (size_t)bytes);
        return TUFF_OK;
    }
    status = vk_transfer_staging(device);
    for (uint64_t done = 0; status == TUFF_OK && done < bytes;) {
        uint64_t part = bytes - done < VK_STAGING_BYTES ? bytes - done : VK_STAGING_BYTES;
        memcpy(device->transfer.staging_mapped, (const uint8_t *)data + done, (size_t)part);
        status = vk_transfer_begin(device);
        if (status != TUFF_OK)
            break;
        VkBufferCopy region = {.srcOffset = 0, .dstOffset = offset + done, .size = part};
        device->vk.CmdCopyBuffer(device->transfer.commands, device->transfer.staging, buffer->handle, 1,
                                 &region);
        status = vk_transfer_submit(device);
        done += part;
    }
    return status == TUFF_OK ? vk_device_usable(device) : status;
}

enum tuff_status vk_buffer_read(struct tuff_buffer *buffer, uint64_t offset, void *data, uint64_t bytes)
{
    struct tuff_device *device = buffer->device;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    if (buffer->mapped && device->buffer_memory_cached) {
        status = vk_transfer_begin(device);
        if (status == TUFF_OK)
            status = vk_transfer_submit(device);
        if (status == TUFF_OK)
            memcpy(data, buffer->mapped + offset, (size_t)bytes);
        return status == TUFF_OK ? vk_device_usable(device) : status;
    }
    status = vk_transfer_staging(device);
    for (uint64_t done = 0; status == TUFF_OK && done < bytes;) {
        uint64_t part = bytes - done < VK_STAGING_BYTES ? bytes - done : VK_STAGING_BYTES;
        status = vk_transfer_begin(device);
        if (status != TUFF_OK)
            break;
        VkBufferCopy region = {.srcOffset = offset + done, .dstOffset = 0, .size = part};
        device->vk.CmdCopyBuffer(device->transfer.commands, buffer->handle, device->transfer.staging, 1,
                                 &region);
        status = vk_transfer_submit(device);
        if (status == TUFF_OK)
            memcpy((uint8_t *)data + done, device->transfer.staging_mapped, (size_t)part);
        done += part;
    }
    return status == TUFF_OK ? vk_device_usable(device) : status;
}

enum tuff_status vk_buffer_copy(struct tuff_buffer *to, uint64_t to_offset, struct tuff_buffer *from,
                                uint64_t from_offset, uint64_t bytes)
{
    struct tuff_device *device = to->device;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK || bytes == 0)
        return status;
    status = vk_transfer_begin(device);
    if (status != TUFF_OK)
        return status;
    VkBufferCopy region = {.srcOffset = from_offset, .dstOffset = to_offset, .size = bytes};
    device->vk.CmdCopyBuffer(device->transfer.commands, from->handle, to->handle, 1, &region);
    status = vk_transfer_submit(device);
    return status == TUFF_OK ? vk_device_usable(device) : status;
}

enum tuff_status vk_buffer_fill(struct tuff_buffer *buffer, uint64_t offset, uint64_t bytes, uint32_t word)
{
    struct tuff_device *device = buffer->device;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK || bytes == 0)
        return status;
    status = vk_transfer_begin(device);
    if (status != TUFF_OK)
        return status;
    device->vk.CmdFillBuffer(device->transfer.commands, buffer->handle, offset, bytes, word);
    status = vk_transfer_submit(device);
    return status == TUFF_OK ? vk_device_usable(device) : status;
}
