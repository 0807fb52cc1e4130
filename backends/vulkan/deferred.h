// The latest kernel of a recording, held back until the next call shows whether that is a ReLU's gradient in
// place on its output: then the kernel does it before it stores, which saves a dispatch, a barrier and a pass
// over memory. Results are the same bits. What fails while it is recorded shows at that next call. (Forward,
// the graph's fusion has ops that end with a ReLU.)
// TUFF_VULKAN_FUSION=0: every kernel is recorded as it is called.
#ifndef TUFF_VULKAN_DEFERRED_H
#define TUFF_VULKAN_DEFERRED_H

#include "recording.h"

struct vk_deferred {
    bool present;
    struct vk_dispatch dispatch; // its push points to the copy below
    uint8_t push[VK_MAX_PUSH];
    struct vk_served served;
};

// Records the kernel that is held back, if there is one, then `dispatch`, or holds that back.
TUFF_MUST_CHECK enum tuff_status vk_deferred_push(struct tuff_device *device, struct vk_recording *recording,
                                                  struct vk_deferred *deferred,
                                                  const struct vk_dispatch *dispatch,
                                                  const struct vk_served *served);

// Records the kernel that is held back, if there is one.
TUFF_MUST_CHECK enum tuff_status vk_deferred_flush(struct tuff_device *device, struct vk_recording *recording,
                                                   struct vk_deferred *deferred);

// Whether the kernel that is held back took over a ReLU's gradient on `dx`, in place; `output`: what the ReLU
// gave forward; call: the number of that gradient's.
bool vk_deferred_relu_backward(struct vk_deferred *deferred, struct vk_range dx, struct vk_range output,
                               uint32_t call);

#endif
