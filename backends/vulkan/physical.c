#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "arithmetic.h"
#include "context.h"

// Whether the device offers each named extension; found[i] belongs to names[i].
static void find_extensions(struct tuff_backend *backend, VkPhysicalDevice handle, const char *const *names,
                            bool *found, uint32_t name_count)
{
    uint32_t count = 0;
    if (backend->vk.EnumerateDeviceExtensionProperties(handle, NULL, &count, NULL) != VK_SUCCESS)
        return;
    VkExtensionProperties *extensions = calloc(count ? count : 1, sizeof *extensions);
    if (!extensions)
        return;
    VkResult result = backend->vk.EnumerateDeviceExtensionProperties(handle, NULL, &count, extensions);
    for (uint32_t i = 0; i < count && (result == VK_SUCCESS || result == VK_INCOMPLETE); i++)
        for (uint32_t n = 0; n < name_count; n++)
            if (strcmp(extensions[i].extensionName, names[n]) == 0)
                found[n] = true;
    free(extensions);
}

enum {
    EXTENSION_DRIVER_PROPERTIES,
    EXTENSION_FLOAT16,
    EXTENSION_TIMELINE,
    EXTENSION_COOPERATIVE_MATRIX,
    EXTENSION_COOPERATIVE_MATRIX2,
    EXTENSION_SUBGROUP_SIZE_CONTROL,
    EXTENSION_MEMORY_MODEL,
    EXTENSION_INTEGER_DOT,
    EXTENSION_MEMORY_BUDGET,
    EXTENSION_MAINTENANCE4,
    EXTENSION_PORTABILITY_SUBSET,
    EXTENSION_COUNT
};

// Spelt out, since some are younger than the oldest headers that we build with.
static const char *const extension_names[EXTENSION_COUNT] = {
    [EXTENSION_DRIVER_PROPERTIES] = "VK_KHR_driver_properties",
    [EXTENSION_FLOAT16] = "VK_KHR_shader_float16_int8",
    [EXTENSION_TIMELINE] = "VK_KHR_timeline_semaphore",
    [EXTENSION_COOPERATIVE_MATRIX] = "VK_KHR_cooperative_matrix",
    [EXTENSION_COOPERATIVE_MATRIX2] = "VK_NV_cooperative_matrix2",
    [EXTENSION_SUBGROUP_SIZE_CONTROL] = "VK_EXT_subgroup_size_control",
    [EXTENSION_MEMORY_MODEL] = "VK_KHR_vulkan_memory_model",
    [EXTENSION_INTEGER_DOT] = "VK_KHR_shader_integer_dot_product",
    [EXTENSION_MEMORY_BUDGET] = "VK_EXT_memory_budget",
    [EXTENSION_MAINTENANCE4] = "VK_KHR_maintenance4",
    [EXTENSION_PORTABILITY_SUBSET] = "VK_KHR_portability_subset",
};

static bool find_compute_queue(struct tuff_backend *backend, struct vk_physical *physical)
{
    VkQueueFamilyProperties families[32];
    uint32_t count = sizeof families / sizeof *families;
    backend->vk.GetPhysicalDeviceQueueFamilyProperties(physical->handle, &count, families);
    bool found = false;
    for (uint32_t i = 0; i < count; i++) {
        if (!(families[i].queueFlags & VK_QUEUE_COMPUTE_BIT) || families[i].queueCount == 0)
            continue;
        // The family that also draws is the one every driver tunes; a compute-only one serves where none
        // draws.
        if (!found || (families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT)) {
            physical->queue_family = i;
            physical->timestamp_bits = families[i].timestampValidBits;
        }
        found = true;
        if (families[i].queueFlags & VK_QUEUE_GRAPHICS_BIT)
            break;
    }
    return found;
}

// TUFF_VULKAN_MIN_LIMITS=1 takes of a device no more than the specification's "Required Limits" table grants,
// so that what is tested on a generous driver holds on the least one: 128 invocations and 16 KiB of shared
// memory a workgroup, 128 bytes of push constants, 65535 groups a dimension, 2^27 bytes a storage buffer
// range, offsets aligned to 256 bytes, 2^30 bytes an allocation. Memory that the host sees is then used for
// staging alone (buffer.c).
static void find_limits(const struct tuff_backend *backend, uint64_t allocation_bytes,
                        struct vk_physical *physical)
{
    const VkPhysicalDeviceLimits *device = &physical->properties.limits;
    struct vk_limits *limits = &physical->limits;
    limits->invocations = device->maxComputeWorkGroupInvocations;
    if (limits->invocations > device->maxComputeWorkGroupSize[0])
        limits->invocations = device->maxComputeWorkGroupSize[0];
    limits->shared_bytes = device->maxComputeSharedMemorySize;
    limits->push_bytes = device->maxPushConstantsSize;
    limits->groups =
        (uint32_t)vk_least(device->maxComputeWorkGroupCount[0], device->maxComputeWorkGroupCount[1]);
    limits->alignment = device->minStorageBufferOffsetAlignment;
    if (limits->alignment < device->minUniformBufferOffsetAlignment)
        limits->alignment = device->minUniformBufferOffsetAlignment;
    if (limits->alignment < 16)
        limits->alignment = 16;
    limits->range_bytes = device->maxStorageBufferRange;
    limits->allocation_bytes = allocation_bytes;
    if (backend->min_limits) {
        limits->invocations = 128;
        limits->shared_bytes = 16384;
        limits->push_bytes = 128;
        limits->groups = 65535;
        limits->alignment = 256;
        limits->range_bytes = UINT64_C(1) << 27;
        limits->allocation_bytes = vk_least(limits->allocation_bytes, UINT64_C(1) << 30);
    }
    // Kernels index elements of a range with 32-bit numbers, some of them signed. Below 2^32 bytes, which is
    // what the device's own limit can say, there are less than 2^31 elements of float16, 2^30 of float32.
    limits->range_bytes = vk_least(limits->range_bytes, UINT64_C(0xffffffff)) & ~(limits->alignment - 1);
    limits->allocation_bytes &= ~UINT64_C(3);
}

// llvmpipe (and lavapipe, which is Vulkan on it) ends a shader's loops when they have made so many rounds,
// all of them together, and says nothing: LP_MAX_TGSI_LOOP_ITERATIONS in Mesa's lp_bld_limits.h.
enum { LLVMPIPE_LOOP_ROUNDS = 65535 };

static uint32_t find_loop_rounds(const VkPhysicalDeviceProperties *properties,
                                 const VkPhysicalDeviceDriverProperties *driver)
{
    bool llvmpipe = driver->driverID == VK_DRIVER_ID_MESA_LLVMPIPE ||
                    strncmp(properties->deviceName, "llvmpipe", strlen("llvmpipe")) == 0;
    return llvmpipe ? LLVMPIPE_LOOP_ROUNDS : UINT32_MAX;
}

// The size that a buffer may have; UINT64_MAX: the device does not say.
static uint64_t find_buffer_limit(struct tuff_backend *backend, VkPhysicalDevice handle, bool maintenance4)
{
#ifdef VK_KHR_maintenance4
    VkPhysicalDeviceMaintenance4PropertiesKHR buffers = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_4_PROPERTIES_KHR,
    };
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
        .pNext = &buffers,
    };
    if (maintenance4)
        backend->vk.GetPhysicalDeviceProperties2(handle, &properties);
    return buffers.maxBufferSize != 0 ? buffers.maxBufferSize : UINT64_MAX;
#else
    (void)backend, (void)handle, (void)maintenance4;
    return UINT64_MAX;
#endif
}

uint64_t vk_largest_local_heap(const VkPhysicalDeviceMemoryProperties *memory)
{
    uint64_t largest = 0;
    for (uint32_t i = 0; i < memory->memoryHeapCount; i++)
        if ((memory->memoryHeaps[i].flags & VK_MEMORY_HEAP_DEVICE_LOCAL_BIT) &&
            memory->memoryHeaps[i].size > largest)
            largest = memory->memoryHeaps[i].size;
    return largest;
}

// What a tuff_buffer may have, which has an allocation of its own. NVIDIA's driver promises allocations of no
// more than 4 GiB, and gives them as large as buffers may be; those of others refuse what is beyond their
// word. So do the validation layers.
static uint64_t find_allocation_limit(struct tuff_backend *backend, VkPhysicalDevice handle,
                                      bool maintenance4, VkDriverId driver, uint64_t promised)
{
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
    };
    backend->vk.GetPhysicalDeviceMemoryProperties2(handle, &memory);
    uint64_t bytes = vk_least(find_buffer_limit(backend, handle, maintenance4),
                              vk_largest_local_heap(&memory.memoryProperties));
    const bool gives_more = driver == VK_DRIVER_ID_NVIDIA_PROPRIETARY && maintenance4 && !backend->validation;
    return gives_more ? bytes : vk_least(bytes, promised);
}

static void find_features(struct tuff_backend *backend, const bool *extensions, struct vk_physical *physical)
{
    bool has12 = physical->properties.apiVersion >= VK_API_VERSION_1_2;
    VkPhysicalDeviceTimelineSemaphoreFeatures timeline = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_TIMELINE_SEMAPHORE_FEATURES,
    };
    VkPhysicalDeviceShaderFloat16Int8Features float16 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES,
    };
    VkPhysicalDevice16BitStorageFeatures storage16 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES,
    };
    VkPhysicalDeviceFeatures2 features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
        .pNext = &storage16,
    };
    if (has12 || extensions[EXTENSION_FLOAT16]) {
        float16.pNext = features.pNext;
        features.pNext = &float16;
    }
    if (has12 || extensions[EXTENSION_TIMELINE]) {
        timeline.pNext = features.pNext;
        features.pNext = &timeline;
    }
    backend->vk.GetPhysicalDeviceFeatures2(physical->handle, &features);
    physical->float16 = float16.shaderFloat16;
    physical->statistics = features.features.pipelineStatisticsQuery && !backend->min_limits;
    physical->storage16 =
        storage16.storageBuffer16BitAccess && !backend->min_limits; // no device has to have it
    physical->timeline_semaphores = timeline.timelineSemaphore;
    physical->cooperative_matrix = extensions[EXTENSION_COOPERATIVE_MATRIX];
    physical->cooperative_matrix2 = extensions[EXTENSION_COOPERATIVE_MATRIX2];
    physical->integer_dot = extensions[EXTENSION_INTEGER_DOT];
    physical->memory_budget = extensions[EXTENSION_MEMORY_BUDGET];
    physical->portability_subset = extensions[EXTENSION_PORTABILITY_SUBSET];
}

bool vk_physical_examine(struct tuff_backend *backend, VkPhysicalDevice handle, struct vk_physical *physical)
{
    memset(physical, 0, sizeof *physical);
    physical->handle = handle;
    backend->vk.GetPhysicalDeviceProperties(handle, &physical->properties);
    const VkPhysicalDeviceProperties *properties = &physical->properties;
    if (properties->apiVersion < VK_API_VERSION_1_1) {
        vk_log(backend, TUFF_LOG_INFO, "Vulkan device %s left out: it speaks %u.%u; 1.1 is needed",
               properties->deviceName, VK_API_VERSION_MAJOR(properties->apiVersion),
               VK_API_VERSION_MINOR(properties->apiVersion));
        return false;
    }
    if (!find_compute_queue(backend, physical)) {
        vk_log(backend, TUFF_LOG_INFO, "Vulkan device %s left out: it has no compute queue",
               properties->deviceName);
        return false;
    }
    bool extensions[EXTENSION_COUNT] = {false};
    find_extensions(backend, handle, extension_names, extensions, EXTENSION_COUNT);

    VkPhysicalDeviceDriverProperties driver = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_DRIVER_PROPERTIES,
    };
    VkPhysicalDeviceMaintenance3Properties memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MAINTENANCE_3_PROPERTIES,
    };
    VkPhysicalDeviceSubgroupProperties subgroup = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_PROPERTIES,
        .pNext = &memory,
    };
    VkPhysicalDeviceIDProperties id = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_ID_PROPERTIES,
        .pNext = &subgroup,
    };
    VkPhysicalDeviceProperties2 properties2 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
        .pNext = &id,
    };
    if (properties->apiVersion >= VK_API_VERSION_1_2 || extensions[EXTENSION_DRIVER_PROPERTIES])
        memory.pNext = &driver;
    backend->vk.GetPhysicalDeviceProperties2(handle, &properties2);

    memcpy(physical->uuid, id.deviceUUID, sizeof physical->uuid);
    physical->subgroup_size = subgroup.subgroupSize;
    if (driver.driverName[0])
        snprintf(physical->driver, sizeof physical->driver, "%s%s%s", driver.driverName,
                 driver.driverInfo[0] ? ", " : "", driver.driverInfo);
    else
        snprintf(physical->driver, sizeof physical->driver, "version 0x%08x", properties->driverVersion);
    find_limits(backend,
                find_allocation_limit(backend, handle, extensions[EXTENSION_MAINTENANCE4], driver.driverID,
                                      memory.maxMemoryAllocationSize),
                physical);
    physical->limits.loop_rounds = find_loop_rounds(properties, &driver);
    find_features(backend, extensions, physical);
    vk_matrix_probe(backend, physical,
                    extensions[EXTENSION_COOPERATIVE_MATRIX] && extensions[EXTENSION_SUBGROUP_SIZE_CONTROL] &&
                        extensions[EXTENSION_MEMORY_MODEL] && extensions[EXTENSION_FLOAT16],
                    driver.driverID);
    return true;
}

static enum tuff_device_kind kind_of(VkPhysicalDeviceType type)
{
    switch (type) {
    case VK_PHYSICAL_DEVICE_TYPE_DISCRETE_GPU:
        return TUFF_DEVICE_DISCRETE_GPU;
    case VK_PHYSICAL_DEVICE_TYPE_INTEGRATED_GPU:
        return TUFF_DEVICE_INTEGRATED_GPU;
    case VK_PHYSICAL_DEVICE_TYPE_VIRTUAL_GPU:
        return TUFF_DEVICE_VIRTUAL_GPU;
    case VK_PHYSICAL_DEVICE_TYPE_CPU:
        return TUFF_DEVICE_CPU;
    default:
        return TUFF_DEVICE_OTHER;
    }
}

static const char *yes_no(bool value)
{
    return value ? "yes" : "no";
}

enum { VK_PREFERENCE = 100 };

void vk_physical_describe(const struct tuff_backend *backend, const struct vk_physical *physical,
                          struct tuff_device_info *info)
{
    const VkPhysicalDeviceProperties *properties = &physical->properties;
    const struct vk_limits *limits = &physical->limits;
    struct tuff_device_info full = {
        .size = info->size,
        .kind = kind_of(properties->deviceType),
        .buffer_alignment = limits->alignment,
        .max_buffer_bytes = limits->allocation_bytes,
        .max_tensor_bytes = vk_least(limits->range_bytes, limits->allocation_bytes),
        .timestamp_slots = physical->timestamp_bits ? 64 : 0,
        .software_gpu = vk_physical_on_cpu(physical),
        .preference = VK_PREFERENCE,
    };
    snprintf(full.name, sizeof full.name, "%.*s", (int)sizeof full.name - 1, properties->deviceName);
    snprintf(full.driver, sizeof full.driver, "%.*s", (int)sizeof full.driver - 1, physical->driver);
    memcpy(full.uuid, physical->uuid, sizeof full.uuid);
    const struct vk_matrix_units *matrix = &physical->matrix;
    char units[128];
    if (matrix->missing[0])
        snprintf(units, sizeof units, "%s", matrix->missing);
    else
        snprintf(units, sizeof units, "%ux%ux%u of float16, subgroups of %u", matrix->m, matrix->n, matrix->k,
                 matrix->subgroup_size);
    char loops[48] = "no limit known";
    if (limits->loop_rounds != UINT32_MAX)
        snprintf(loops, sizeof loops, "ended after %u rounds", limits->loop_rounds);
    snprintf(full.details, sizeof full.details,
             "Vulkan version: %u.%u.%u\n"
             "workgroup invocations: %u\n"
             "shared memory: %u bytes\n"
             "push constants: %u bytes\n"
             "largest bound range: %llu bytes\n"
             "loops of a shader: %s\n"
             "subgroup size: %u\n"
             "float16 arithmetic: %s\n"
             "16-bit storage: %s\n"
             "timeline semaphores: %s\n"
             "cooperative matrix (KHR): %s\n"
             "cooperative matrix 2 (NV): %s\n"
             "matrix units: %s\n"
             "validation: %s\n"
             "limits: %s",
             VK_API_VERSION_MAJOR(properties->apiVersion), VK_API_VERSION_MINOR(properties->apiVersion),
             VK_API_VERSION_PATCH(properties->apiVersion), limits->invocations, limits->shared_bytes,
             limits->push_bytes, (unsigned long long)limits->range_bytes, loops, physical->subgroup_size,
             yes_no(physical->float16), yes_no(physical->storage16), yes_no(physical->timeline_semaphores),
             yes_no(physical->cooperative_matrix), yes_no(physical->cooperative_matrix2), units,
             backend->gpu_assisted ? "on, GPU-assisted" : (backend->validation ? "on" : "off"),
             backend->min_limits ? "the specification's minimum (TUFF_VULKAN_MIN_LIMITS)" : "the device's");
    memcpy(info, &full, info->size < sizeof full ? info->size : sizeof full);
}
