// Which ranges of which buffers have been read and written since the last barrier, so that a barrier is
// recorded only where a kernel needs one.
#ifndef TUFF_VULKAN_HAZARD_H
#define TUFF_VULKAN_HAZARD_H

#include <stdbool.h>
#include <stdint.h>

struct tuff_buffer;

struct vk_access {
    const struct tuff_buffer *buffer;
    uint64_t begin, end; // bytes, end not included
    bool write;
};

enum { VK_HAZARD_CAPACITY = 96 };

struct vk_hazards {
    struct vk_access accesses[VK_HAZARD_CAPACITY];
    uint32_t count;
};

// Whether a kernel with these accesses must wait for one before it: read after write, write after read, or
// write after write. Also true when there is no room to note them.
bool vk_hazards_conflict(const struct vk_hazards *hazards, const struct vk_access *accesses, uint32_t count);

// Notes accesses; those of one kernel never conflict with each other. There is room (see above).
void vk_hazards_add(struct vk_hazards *hazards, const struct vk_access *accesses, uint32_t count);

// After a barrier.
void vk_hazards_clear(struct vk_hazards *hazards);

#endif
