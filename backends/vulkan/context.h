// The backend object: Vulkan instance, validation, and what is known of each physical device.
#ifndef TUFF_VULKAN_CONTEXT_H
#define TUFF_VULKAN_CONTEXT_H

#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "loader.h"
#include "matrix.h"
#include "tuff/backend.h"

// The limits that the backend goes by; under TUFF_VULKAN_MIN_LIMITS=1 the least that the specification
// allows.
struct vk_limits {
    uint32_t invocations;      // in a workgroup
    uint32_t shared_bytes;     // of a workgroup
    uint32_t push_bytes;       // push constants
    uint32_t groups;           // workgroups in one dimension of a dispatch
    uint32_t loop_rounds;      // of all loops of a shader together, per invocation; UINT32_MAX: no limit
    uint64_t range_bytes;      // of one storage buffer descriptor; a multiple of `alignment`
    uint64_t alignment;        // of offsets into a buffer
    uint64_t allocation_bytes; // of one allocation
};

// One physical device with a compute queue.
struct vk_physical {
    VkPhysicalDevice handle;
    VkPhysicalDeviceProperties properties;
    struct vk_limits limits;
    uint8_t uuid[VK_UUID_SIZE];
    char driver[VK_MAX_DRIVER_NAME_SIZE + VK_MAX_DRIVER_INFO_SIZE + 4];
    uint32_t subgroup_size;
    uint32_t queue_family;
    uint32_t timestamp_bits; // that are valid; 0: no timestamps
    bool float16, storage16, timeline_semaphores, cooperative_matrix, cooperative_matrix2;
    bool statistics;  // counts what a dispatch invokes
    bool integer_dot; // VK_KHR_shader_integer_dot_product
    struct vk_matrix_units matrix;
    bool memory_budget, portability_subset;
};

// Whether the driver computes on the CPU.
static inline bool vk_physical_on_cpu(const struct vk_physical *physical)
{
    return physical->properties.deviceType == VK_PHYSICAL_DEVICE_TYPE_CPU;
}

struct tuff_backend {
    const struct tuff_host *host;
    struct vk_loader loader;
    VkInstance instance; // null while there is none
    struct vk_instance_functions vk;
    VkDebugUtilsMessengerEXT messenger;
    bool probed; // an instance has been asked for
    enum tuff_status probe_status;
    bool validation, gpu_assisted, min_limits, fusion, matrix;
    bool device_left;                // one whose work never ended; its instance stays with it
    atomic_uint validation_messages; // warnings and errors so far; any makes the devices fail
    uint32_t physical_count;
    struct vk_physical *physicals;
};

// Logs through the host.
void vk_log(struct tuff_backend *backend, enum tuff_log_level level, const char *format, ...)
    TUFF_PRINTF(3, 4);
void vk_log_list(struct tuff_backend *backend, enum tuff_log_level level, const char *format,
                 va_list arguments) TUFF_PRINTF(3, 0);

// Logs an error and returns `status`.
enum tuff_status vk_error(struct tuff_backend *backend, enum tuff_status status, const char *format, ...)
    TUFF_PRINTF(3, 4);

// "VK_ERROR_DEVICE_LOST" and so on.
const char *vk_result_name(VkResult result);

// The status that a result stands for.
enum tuff_status vk_result_status(VkResult result);

// Makes the instance and looks at the physical devices, once. No loader and no device are success: the count
// stays 0, and the reason is logged as information. An asked-for validation layer that is missing is
// TUFF_ERROR_NOT_FOUND.
TUFF_MUST_CHECK enum tuff_status vk_context_probe(struct tuff_backend *backend);

// Destroys the instance and frees the backend.
void vk_context_destroy(struct tuff_backend *backend);

// Fills `physical` from its handle; false (with a message) if the backend cannot use the device (physical.c).
bool vk_physical_examine(struct tuff_backend *backend, VkPhysicalDevice handle, struct vk_physical *physical);

// The size of the greatest device-local heap, bytes.
uint64_t vk_largest_local_heap(const VkPhysicalDeviceMemoryProperties *memory);

// Fills *info as far as info->size goes (physical.c).
void vk_physical_describe(const struct tuff_backend *backend, const struct vk_physical *physical,
                          struct tuff_device_info *info);

#endif
