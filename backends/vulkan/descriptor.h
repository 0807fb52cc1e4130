// Descriptor sets for one recording, out of pools that grow as needed and are emptied at once.
#ifndef TUFF_VULKAN_DESCRIPTOR_H
#define TUFF_VULKAN_DESCRIPTOR_H

#include "device.h"

struct vk_descriptors {
    VkDescriptorPool *pools;
    uint32_t pool_count, capacity;
    uint32_t used_pools; // the last of these is the one being filled
    uint32_t used_sets;  // of the last pool
};

// One set of the layout; it lives until reset or destroy.
TUFF_MUST_CHECK enum tuff_status vk_descriptors_allocate(struct tuff_device *device,
                                                         struct vk_descriptors *descriptors,
                                                         VkDescriptorSetLayout layout, VkDescriptorSet *set);

// Takes all sets back; no pending work uses them.
TUFF_MUST_CHECK enum tuff_status vk_descriptors_reset(struct tuff_device *device,
                                                      struct vk_descriptors *descriptors);

void vk_descriptors_destroy(struct tuff_device *device, struct vk_descriptors *descriptors);

#endif
