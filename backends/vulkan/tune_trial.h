// A product run by itself, in several tiles, on memory of its own: how long it takes, and what bits it gives.
#ifndef TUFF_VULKAN_TUNE_TRIAL_H
#define TUFF_VULKAN_TUNE_TRIAL_H

#include "recording.h"
#include "tune.h"

struct vk_trial {
    struct tuff_device *device;
    struct vk_dispatch dispatch; // on `memory`
    uint32_t push[VK_MAX_PUSH / sizeof(uint32_t)];
    struct vk_product product; // with places in `push`
    double part;               // of its workgroups that is run; 0: all
    struct tuff_buffer *memory;
    VkCommandPool pool;
    VkCommandBuffer commands;
    VkFence fence;
    VkQueryPool queries; // null where the queue has no timestamps: then the host's clock counts
    struct vk_descriptors descriptors;
};

// Gives the product memory, with numbers to multiply. TUFF_ERROR_MEMORY, without a message, if the device has
// not enough left.
TUFF_MUST_CHECK enum tuff_status vk_trial_create(struct tuff_device *device,
                                                 const struct vk_dispatch *dispatch,
                                                 const struct vk_product *product, struct vk_trial *trial);
void vk_trial_destroy(struct vk_trial *trial);

// Runs it `repeats` times in that tile; *nanoseconds: one time takes.
TUFF_MUST_CHECK enum tuff_status vk_trial_run(struct vk_trial *trial, const struct vk_tile *tile,
                                              uint32_t repeats, uint64_t *nanoseconds);

// A number that stands for the bits of the result in that tile.
TUFF_MUST_CHECK enum tuff_status vk_trial_bits(struct vk_trial *trial, const struct vk_tile *tile,
                                               uint64_t *bits);

#endif
