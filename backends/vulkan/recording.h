// Kernels going into a command buffer: descriptors, barriers, push constants, dispatch.
#ifndef TUFF_VULKAN_RECORDING_H
#define TUFF_VULKAN_RECORDING_H

#include "buffer.h"
#include "descriptor.h"
#include "hazard.h"

// A part of a buffer; offset is a multiple of the device's alignment, bytes one of 4.
struct vk_range {
    const struct tuff_buffer *buffer;
    uint64_t offset, bytes;
    bool half; // of float16
};

// One kernel with all it needs.
struct vk_dispatch {
    const struct vk_kernel *kernel;
    uint32_t constants[VK_MAX_CONSTANTS]; // kernel->constant_count of them
    struct vk_range storage[VK_MAX_STORAGE];
    struct vk_range uniform; // if kernel->uniform
    const void *push;        // kernel->push_bytes of it
    uint64_t groups;         // workgroups; a shader finds its number with workgroup_number()
};

enum { VK_MAX_SERVED = 24 };

// The calls of a capture that a dispatch does, as a whole or in part, by their numbers.
struct vk_served {
    uint32_t count;
    uint32_t calls[VK_MAX_SERVED];
};

// A recording is cut into parts of so many dispatches, which a device can be given one by one. More than a step
// of LeNet has.
enum { VK_PART_DISPATCHES = 8 };

struct vk_parts {
    VkCommandPool pool;
    VkCommandBuffer *list;
    uint32_t count;
};

struct vk_recording {
    VkCommandBuffer commands;
    VkCommandBufferUsageFlags usage;
    struct vk_parts *parts; // what it is cut into; NULL: one command buffer takes all of it
    uint32_t dispatches_in_part;
    struct vk_profile *profile; // of a capture that is profiled; NULL: it is not
    struct vk_descriptors *descriptors;
    VkPipeline bound;
    uint32_t dispatches, barriers;
    struct vk_hazards hazards;
};

// As far as there is room.
void vk_served_add(struct vk_served *served, uint32_t call);

// Where a tensor lies.
struct vk_range vk_range_of(const struct tuff_tensor *tensor);

// `bytes` of a tensor's storage, usually a workspace's, from `offset` on.
struct vk_range vk_range_within(const struct tuff_tensor *tensor, uint64_t offset, uint64_t bytes);

// The same for a uniform buffer, which shaders read in units of 16 bytes. No other tensor begins in the last
// unit.
struct vk_range vk_uniform_of(const struct tuff_tensor *tensor);

// Begins the command buffer with a barrier that makes it see all earlier work on the queue.
TUFF_MUST_CHECK enum tuff_status vk_recording_begin(struct tuff_device *device,
                                                    struct vk_recording *recording, VkCommandBuffer commands,
                                                    struct vk_descriptors *descriptors,
                                                    VkCommandBufferUsageFlags usage);

// Another command buffer of the parts' pool, behind the others.
TUFF_MUST_CHECK enum tuff_status vk_parts_add(struct tuff_device *device, struct vk_parts *parts,
                                              VkCommandBuffer *commands);
// The same, into the first of `parts`, of which there is none yet; as many more follow as it takes.
TUFF_MUST_CHECK enum tuff_status vk_recording_begin_parts(struct tuff_device *device,
                                                          struct vk_recording *recording,
                                                          struct vk_parts *parts,
                                                          struct vk_descriptors *descriptors,
                                                          VkCommandBufferUsageFlags usage);

TUFF_MUST_CHECK enum tuff_status vk_recording_dispatch(struct tuff_device *device,
                                                       struct vk_recording *recording,
                                                       const struct vk_dispatch *dispatch,
                                                       const struct vk_served *served);

TUFF_MUST_CHECK enum tuff_status vk_recording_end(struct tuff_device *device, struct vk_recording *recording);

#endif
