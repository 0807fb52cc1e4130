#include "descriptor.h"

#include <stdlib.h>
#include <string.h>

enum { SETS_PER_POOL = 128 };

static enum tuff_status add_pool(struct tuff_device *device, struct vk_descriptors *descriptors)
{
    if (descriptors->pool_count == descriptors->capacity) {
        uint32_t capacity = descriptors->capacity ? 2 * descriptors->capacity : 4;
        VkDescriptorPool *pools = realloc(descriptors->pools, capacity * sizeof *pools);
        if (!pools)
            return vk_device_error(device, TUFF_ERROR_MEMORY, "no memory for descriptor pools");
        descriptors->pools = pools;
        descriptors->capacity = capacity;
    }
    VkDescriptorPoolSize sizes[] = {
        {.type = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER, .descriptorCount = SETS_PER_POOL * VK_MAX_STORAGE},
        {.type = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER, .descriptorCount = SETS_PER_POOL},
    };
    VkDescriptorPoolCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_POOL_CREATE_INFO,
        .maxSets = SETS_PER_POOL,
        .poolSizeCount = sizeof sizes / sizeof *sizes,
        .pPoolSizes = sizes,
    };
    VkDescriptorPool pool = VK_NULL_HANDLE;
    enum tuff_status status = VK(device, CreateDescriptorPool(device->handle, &info, NULL, &pool));
    if (status == TUFF_OK)
        descriptors->pools[descriptors->pool_count++] = pool;
    return status;
}

enum tuff_status vk_descriptors_allocate(struct tuff_device *device, struct vk_descriptors *descriptors,
                                         VkDescriptorSetLayout layout, VkDescriptorSet *set)
{
    if (descriptors->used_pools == 0 || descriptors->used_sets == SETS_PER_POOL) {
        if (descriptors->used_pools == descriptors->pool_count) {
            enum tuff_status status = add_pool(device, descriptors);
            if (status != TUFF_OK)
                return status;
        }
        descriptors->used_pools++;
        descriptors->used_sets = 0;
    }
    VkDescriptorSetAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_ALLOCATE_INFO,
        .descriptorPool = descriptors->pools[descriptors->used_pools - 1],
        .descriptorSetCount = 1,
        .pSetLayouts = &layout,
    };
    descriptors->used_sets++;
    return VK(device, AllocateDescriptorSets(device->handle, &info, set));
}

enum tuff_status vk_descriptors_reset(struct tuff_device *device, struct vk_descriptors *descriptors)
{
    for (uint32_t i = 0; i < descriptors->used_pools; i++) {
        enum tuff_status status = VK(device, ResetDescriptorPool(device->handle, descriptors->pools[i], 0));
        if (status != TUFF_OK)
            return status;
    }
    descriptors->used_pools = 0;
    descriptors->used_sets = 0;
    return TUFF_OK;
}

void vk_descriptors_destroy(struct tuff_device *device, struct vk_descriptors *descriptors)
{
    if (!vk_device_hangs(device))
        for (uint32_t i = 0; i < descriptors->pool_count; i++)
            device->vk.DestroyDescriptorPool(device->handle, descriptors->pools[i], NULL);
    free(descriptors->pools);
    memset(descriptors, 0, sizeof *descriptors);
}
