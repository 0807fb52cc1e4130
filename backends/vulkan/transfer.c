#include "device.h"

enum tuff_status vk_transfer_create(struct tuff_device *device)
{
    struct vk_transfer *transfer = &device->transfer;
    VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT | VK_COMMAND_POOL_CREATE_TRANSIENT_BIT,
        .queueFamilyIndex = device->physical->queue_family,
    };
    enum tuff_status status = VK(device, CreateCommandPool(device->handle, &pool, NULL, &transfer->pool));
    if (status != TUFF_OK)
        return status;
    VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = transfer->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    status = VK(device, AllocateCommandBuffers(device->handle, &commands, &transfer->commands));
    if (status != TUFF_OK)
        return status;
    VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    return VK(device, CreateFence(device->handle, &fence, NULL, &transfer->fence));
}

void vk_transfer_destroy(struct tuff_device *device)
{
    struct vk_transfer *transfer = &device->transfer;
    device->vk.DestroyBuffer(device->handle, transfer->staging, NULL);
    device->vk.FreeMemory(device->handle, transfer->staging_memory, NULL);
    device->vk.DestroyFence(device->handle, transfer->fence, NULL);
    device->vk.DestroyCommandPool(device->handle, transfer->pool, NULL);
}

enum tuff_status vk_transfer_begin(struct tuff_device *device)
{
    VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT,
    };
    enum tuff_status status = VK(device, BeginCommandBuffer(device->transfer.commands, &begin));
    if (status != TUFF_OK)
        return status;
    VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_TRANSFER_READ_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
    };
    device->vk.CmdPipelineBarrier(device->transfer.commands,
                                  VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                                  VK_PIPELINE_STAGE_TRANSFER_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
    return TUFF_OK;
}

enum tuff_status vk_transfer_submit(struct tuff_device *device)
{
    // What the device has written becomes visible to the host.
    VkMemoryBarrier barrier = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT,
        .dstAccessMask = VK_ACCESS_HOST_READ_BIT | VK_ACCESS_HOST_WRITE_BIT,
    };
    device->vk.CmdPipelineBarrier(device->transfer.commands,
                                  VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
                                  VK_PIPELINE_STAGE_HOST_BIT, 0, 1, &barrier, 0, NULL, 0, NULL);
    enum tuff_status status = VK(device, EndCommandBuffer(device->transfer.commands));
    if (status == TUFF_OK)
        status = VK(device, ResetFences(device->handle, 1, &device->transfer.fence));
    if (status == TUFF_OK)
        status = vk_device_submit(device, &device->transfer.commands, 1, device->transfer.fence);
    if (status == TUFF_OK)
        status = vk_device_wait(device, device->transfer.fence);
    return status;
}

enum tuff_status vk_transfer_staging(struct tuff_device *device)
{
    struct vk_transfer *transfer = &device->transfer;
    if (transfer->staging_mapped)
        return TUFF_OK;
    VkBufferCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_BUFFER_CREATE_INFO,
        .size = VK_STAGING_BYTES,
        .usage = VK_BUFFER_USAGE_TRANSFER_SRC_BIT | VK_BUFFER_USAGE_TRANSFER_DST_BIT,
        .sharingMode = VK_SHARING_MODE_EXCLUSIVE,
    };
    enum tuff_status status = TUFF_OK;
    if (transfer->staging == VK_NULL_HANDLE)
        status = VK(device, CreateBuffer(device->handle, &info, NULL, &transfer->staging));
    if (status != TUFF_OK)
        return status;
    if (transfer->staging_memory == VK_NULL_HANDLE) {
        VkMemoryRequirements requirements;
        device->vk.GetBufferMemoryRequirements(device->handle, transfer->staging, &requirements);
        const VkMemoryPropertyFlags coherent =
            VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
        // Reading back from uncached memory is slow; every device has the coherent type.
        uint32_t type = vk_memory_type(&device->memory, requirements.memoryTypeBits,
                                       coherent | VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
        if (type == UINT32_MAX)
            type = vk_memory_type(&device->memory, requirements.memoryTypeBits, coherent);
        if (type == UINT32_MAX)
            return vk_device_error(device, TUFF_ERROR_DEVICE, "%s: no host-visible coherent memory type",
                                   device->physical->properties.deviceName);
        VkMemoryAllocateInfo allocate = {
            .sType = VK_STRUCTURE_TYPE_MEMORY_ALLOCATE_INFO,
            .allocationSize = requirements.size,
            .memoryTypeIndex = type,
        };
        VkDeviceMemory memory = VK_NULL_HANDLE;
        status = VK(device, AllocateMemory(device->handle, &allocate, NULL, &memory));
        if (status != TUFF_OK)
            return status;
        status = VK(device, BindBufferMemory(device->handle, transfer->staging, memory, 0));
        if (status != TUFF_OK) {
            device->vk.FreeMemory(device->handle, memory, NULL);
            return status;
        }
        transfer->staging_memory = memory;
    }
    return VK(device, MapMemory(device->handle, transfer->staging_memory, 0, VK_WHOLE_SIZE, 0,
                                &transfer->staging_mapped));
}
