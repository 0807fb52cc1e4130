// What the dispatches of a capture are, which calls they do, and when they end: the device's clock is read
// after each of them, and their invocations are counted where the device does so.
#ifndef TUFF_VULKAN_PROFILE_H
#define TUFF_VULKAN_PROFILE_H

#include "recording.h"
#include "stream.h"

struct vk_profile;

// Both do nothing for a profile of NULL. Around a dispatch that is recorded; name: a constant; served: of a
// dispatch that no call is known of NULL.
TUFF_MUST_CHECK enum tuff_status vk_profile_before(struct vk_profile *profile, VkCommandBuffer commands);
TUFF_MUST_CHECK enum tuff_status vk_profile_after(struct vk_profile *profile, VkCommandBuffer commands,
                                                  const char *name, const struct vk_served *served);
void vk_profile_destroy(struct vk_profile **profile); // NULL-safe, nulls

#endif
