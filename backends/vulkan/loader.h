// The Vulkan loader, opened at run time.
#ifndef TUFF_VULKAN_LOADER_H
#define TUFF_VULKAN_LOADER_H

#include <stdbool.h>

#include "functions.h"

struct vk_loader {
    void *library; // never closed: drivers do not survive it
    PFN_vkGetInstanceProcAddr GetInstanceProcAddr;
    struct vk_global_functions global;
    char problem[512]; // why there is none, after a failure
};

// Opens the first loader library that there is, and checks that it speaks Vulkan 1.1. On failure returns
// false and says why in loader->problem.
bool vk_loader_open(struct vk_loader *loader);

// Fills the table; false if the loader lacks a function that is not optional (its name in loader->problem).
bool vk_loader_instance_functions(struct vk_loader *loader, VkInstance instance,
                                  struct vk_instance_functions *functions);

// Fills the table; returns the name of a function that is missing, NULL if none is.
const char *vk_loader_device_functions(const struct vk_instance_functions *instance, VkDevice device,
                                       struct vk_device_functions *functions);

#endif
