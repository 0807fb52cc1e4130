// The Vulkan functions that the backend calls, as tables filled at run time: nothing links against the
// loader.
#ifndef TUFF_VULKAN_FUNCTIONS_H
#define TUFF_VULKAN_FUNCTIONS_H

#define VK_NO_PROTOTYPES
#include <vulkan/vulkan.h>

#include "matrix_declarations.h"

// Without an instance.
struct vk_global_functions {
#define VK_GLOBAL(name) PFN_vk##name name;
#include "function_list.h"
};

// Of an instance.
struct vk_instance_functions {
#define VK_INSTANCE(name)          PFN_vk##name name;
#define VK_INSTANCE_OPTIONAL(name) PFN_vk##name name;
#include "function_list.h"
};

// Of a device.
struct vk_device_functions {
#define VK_DEVICE(name) PFN_vk##name name;
#include "function_list.h"
};

#endif
