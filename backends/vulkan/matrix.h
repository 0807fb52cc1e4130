// Matrix units: products of float16 with sums of float32 by VK_KHR_cooperative_matrix, where a device has it
// and computes right with it. Shaders: shaders/include/gemm_matrix.glsl.
#ifndef TUFF_VULKAN_MATRIX_H
#define TUFF_VULKAN_MATRIX_H

#include <stdbool.h>
#include <stdint.h>

#include "functions.h"
#include "tuff/status.h"

struct tuff_backend;
struct tuff_device;
struct vk_physical;

// What is used of a device's matrix units.
struct vk_matrix_units {
    uint32_t m, n, k; // of a fragment
    uint32_t subgroup_size, most_subgroups; // of a workgroup
    char missing[96]; // why there are none; "" if there are
};

// Looks for them. extensions: whether the device has all of VK_KHR_cooperative_matrix,
// VK_EXT_subgroup_size_control, VK_KHR_vulkan_memory_model and VK_KHR_shader_float16_int8.
void vk_matrix_probe(struct tuff_backend *backend, struct vk_physical *physical, bool extensions,
                     VkDriverId driver);

// The extensions and features that they need, put in front of a device's: `features` stays where it is until
// the device is made.
struct vk_matrix_features {
    VkPhysicalDeviceCooperativeMatrixFeaturesKHR matrix;
    VkPhysicalDeviceSubgroupSizeControlFeaturesEXT subgroups;
    VkPhysicalDeviceVulkanMemoryModelFeaturesKHR memory_model;
    VkPhysicalDeviceShaderFloat16Int8FeaturesKHR float16;
};
enum { VK_MATRIX_EXTENSIONS = 4 };
extern const char *const vk_matrix_extensions[VK_MATRIX_EXTENSIONS];
void vk_matrix_enable(struct vk_matrix_features *features, void **next);

// Whether products of float16 go to the matrix units: there are some, and they have passed the self-check,
// which the first call runs. Small products with known results go through each kernel (matrix_check.c); a
// driver that gets one wrong, or fails in one, is left to the other kernels, with a warning.
bool vk_matrix_ready(struct tuff_device *device);
TUFF_MUST_CHECK enum tuff_status vk_matrix_check(struct tuff_device *device, const char **wrong);

#endif
