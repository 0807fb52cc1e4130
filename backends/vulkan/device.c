#include "device.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "tune.h"

enum tuff_status vk_check(struct tuff_device *device, VkResult result, const char *call)
{
    if (result == VK_SUCCESS)
        return TUFF_OK;
    const enum tuff_status status = vk_result_status(result);
    if (result == VK_ERROR_DEVICE_LOST || (status == TUFF_ERROR_DEVICE && !device->attempting))
        device->lost = true;
    // The text of the call is cut at its parenthesis: the arguments are of no use to the reader.
    return vk_device_error(device, status, "%s: %.*s failed: %s%s", device->physical->properties.deviceName,
                           (int)strcspn(call, "("), call, vk_result_name(result),
                           status == TUFF_ERROR_MEMORY ? " (a smaller batch needs less memory)" : "");
}

enum tuff_status vk_device_error(struct tuff_device *device, enum tuff_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vk_log_list(device->backend, device->attempting && !device->lost ? TUFF_LOG_DEBUG : TUFF_LOG_ERROR,
                format, arguments);
    va_end(arguments);
    return status;
}

enum tuff_status vk_device_usable(struct tuff_device *device)
{
    if (atomic_load(&device->backend->validation_messages) != device->validation_seen && !device->lost) {
        device->lost = true;
        return vk_error(device->backend, TUFF_ERROR_DEVICE,
                        "%s: stopped, since the validation layer has reported",
                        device->physical->properties.deviceName);
    }
    return device->lost ? TUFF_ERROR_DEVICE : TUFF_OK;
}

// A driver that computes on the CPU has no watchdog to be quicker than, and shares the CPU with whatever
// runs.
static uint64_t patience(const struct tuff_device *device, uint64_t nanoseconds)
{
    return vk_physical_on_cpu(device->physical) ? 10 * nanoseconds : nanoseconds;
}

enum tuff_status vk_device_wait(struct tuff_device *device, VkFence fence)
{
    const uint64_t limit = patience(device, VK_WAIT_NANOSECONDS);
    VkResult result = device->vk.WaitForFences(device->handle, 1, &fence, VK_TRUE, limit);
    // Whatever ends the wait but the fence: the work may still run.
    if (result != VK_SUCCESS) {
        device->hung = result != VK_ERROR_DEVICE_LOST;
        device->lost = true;
    }
    if (result == VK_TIMEOUT)
        return vk_error(device->backend, TUFF_ERROR_DEVICE, "%s: work did not end within %u seconds",
                        device->physical->properties.deviceName, (unsigned)(limit / 1000000000u));
    return vk_check(device, result, "vkWaitForFences");
}

// Waits once more, for what was submitted before as well: an empty submission comes after it.
static bool is_idle_after_all(struct tuff_device *device)
{
    const VkFenceCreateInfo info = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    VkFence fence;
    if (device->vk.CreateFence(device->handle, &info, NULL, &fence) != VK_SUCCESS)
        return false;
    const bool submitted = device->vk.QueueSubmit(device->queue, 0, NULL, fence) == VK_SUCCESS;
    const uint64_t limit = patience(device, VK_LAST_WAIT_NANOSECONDS);
    const bool idle =
        submitted && device->vk.WaitForFences(device->handle, 1, &fence, VK_TRUE, limit) == VK_SUCCESS;
    if (idle || !submitted)
        device->vk.DestroyFence(device->handle, fence, NULL);
    return idle;
}

bool vk_device_hangs(struct tuff_device *device)
{
    if (device->hung && !device->waited_again) {
        device->waited_again = true;
        device->hung = !is_idle_after_all(device);
        if (!device->hung)
            vk_log(device->backend, TUFF_LOG_DEBUG, "%s: its work has ended after all",
                   device->physical->properties.deviceName);
    }
    return device->hung;
}

enum tuff_status vk_device_submit(struct tuff_device *device, const VkCommandBuffer *commands, uint32_t count,
                                  VkFence fence)
{
    VkSubmitInfo info = {
        .sType = VK_STRUCTURE_TYPE_SUBMIT_INFO,
        .commandBufferCount = count,
        .pCommandBuffers = commands,
    };
    const VkResult result = device->vk.QueueSubmit(device->queue, 1, &info, fence);
    if (vk_result_status(result) == TUFF_ERROR_DEVICE) {
        device->lost = true; // in an attempt, too: nobody knows what of it runs
        device->hung = result != VK_ERROR_DEVICE_LOST;
    }
    return vk_check(device, result, "vkQueueSubmit");
}

uint64_t vk_host_nanoseconds(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

uint32_t vk_memory_type(const VkPhysicalDeviceMemoryProperties *memory, uint32_t types,
                        VkMemoryPropertyFlags flags)
{
    for (uint32_t i = 0; i < memory->memoryTypeCount; i++)
        if ((types & (1u << i)) && (memory->memoryTypes[i].propertyFlags & flags) == flags)
            return i;
    return UINT32_MAX;
}

// Picks among the `types` that take buffers the memory that they live in: device-local, and visible to the
// host where that costs nothing, which is where the visible type shares the greatest device-local heap
// (integrated GPUs, CPU drivers, large-BAR cards).
static bool choose_buffer_memory(struct tuff_device *device, uint32_t types)
{
    const VkPhysicalDeviceMemoryProperties *memory = &device->memory;
    const VkMemoryPropertyFlags local = VK_MEMORY_PROPERTY_DEVICE_LOCAL_BIT;
    const VkMemoryPropertyFlags visible =
        local | VK_MEMORY_PROPERTY_HOST_VISIBLE_BIT | VK_MEMORY_PROPERTY_HOST_COHERENT_BIT;
    const uint64_t largest = vk_largest_local_heap(memory);
    // Exotic types (protected, lazily allocated, AMD's uncached ones) cannot hold buffers or are slow.
    const VkMemoryPropertyFlags wanted = visible | VK_MEMORY_PROPERTY_HOST_CACHED_BIT;
    uint32_t best = UINT32_MAX;
    int best_score = 0;
    for (uint32_t i = 0; i < memory->memoryTypeCount; i++) {
        VkMemoryPropertyFlags flags = memory->memoryTypes[i].propertyFlags;
        if (!(types >> i & 1u) || !(flags & local) || (flags & ~wanted))
            continue;
        bool mapped = (flags & visible) == visible &&
                      memory->memoryHeaps[memory->memoryTypes[i].heapIndex].size >= largest;
        bool cached = mapped && (flags & VK_MEMORY_PROPERTY_HOST_CACHED_BIT);
        if (device->backend->min_limits)
            mapped = cached = false;
        int score =
            1 + (memory->memoryHeaps[memory->memoryTypes[i].heapIndex].size >= largest) + mapped + cached;
        if (score > best_score) {
            best_score = score;
            best = i;
            device->buffer_memory_mapped = mapped;
            device->buffer_memory_cached = cached;
        }
    }
    device->buffer_memory_type = best;
    device->buffer_memory_staged = UINT32_MAX;
    if (best == UINT32_MAX)
        return false;
    for (uint32_t i = 0; i < memory->memoryTypeCount && device->buffer_memory_mapped; i++)
        if ((types >> i & 1u) && memory->memoryTypes[i].propertyFlags == local &&
            memory->memoryTypes[i].heapIndex == memory->memoryTypes[best].heapIndex)
            device->buffer_memory_staged = i;
    return true;
}

static VkResult create_logical_device(struct tuff_device *device)
{
    const struct vk_physical *physical = device->physical;
    const char *extensions[2 + VK_MATRIX_EXTENSIONS];
    uint32_t extension_count = 0;
    if (physical->portability_subset)
        extensions[extension_count++] = "VK_KHR_portability_subset";
    if (physical->memory_budget)
        extensions[extension_count++] = VK_EXT_MEMORY_BUDGET_EXTENSION_NAME;
    void *features = NULL;
    struct vk_matrix_features matrix;
    VkPhysicalDevice16BitStorageFeatures storage16 = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_16BIT_STORAGE_FEATURES,
        .storageBuffer16BitAccess = VK_TRUE,
    };
    if (physical->storage16)
        features = &storage16;
    if (!physical->matrix.missing[0]) {
        vk_matrix_enable(&matrix, &features);
        for (uint32_t i = 0; i < VK_MATRIX_EXTENSIONS; i++)
            extensions[extension_count++] = vk_matrix_extensions[i];
    }
    const float priority = 1.0f;
    VkDeviceQueueCreateInfo queue = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_QUEUE_CREATE_INFO,
        .queueFamilyIndex = physical->queue_family,
        .queueCount = 1,
        .pQueuePriorities = &priority,
    };
    // float32 kernels need no feature, and robustBufferAccess would cost a check per access.
    const VkPhysicalDeviceFeatures plain = {.pipelineStatisticsQuery = physical->statistics};
    VkDeviceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_DEVICE_CREATE_INFO,
        .pNext = features,
        .queueCreateInfoCount = 1,
        .pQueueCreateInfos = &queue,
        .enabledExtensionCount = extension_count,
        .ppEnabledExtensionNames = extensions,
        .pEnabledFeatures = &plain,
    };
    return device->backend->vk.CreateDevice(physical->handle, &info, NULL, &device->handle);
}

static enum tuff_status open_parts(struct tuff_device *device)
{
    struct tuff_backend *backend = device->backend;
    VkPhysicalDeviceMemoryProperties2 memory = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
    };
    backend->vk.GetPhysicalDeviceMemoryProperties2(device->physical->handle, &memory);
    device->memory = memory.memoryProperties;
    enum tuff_status status = vk_check(device, create_logical_device(device), "vkCreateDevice");
    if (status != TUFF_OK)
        return status;
    const char *missing = vk_loader_device_functions(&backend->vk, device->handle, &device->vk);
    if (missing) {
        // Nothing but the device exists yet, and little can be called on it.
        if (device->vk.DestroyDevice)
            device->vk.DestroyDevice(device->handle, NULL);
        device->handle = NULL;
        return vk_error(backend, TUFF_ERROR_DEVICE, "%s: the driver lacks %s",
                        device->physical->properties.deviceName, missing);
    }
    device->vk.GetDeviceQueue(device->handle, device->physical->queue_family, 0, &device->queue);
    uint32_t types = 0;
    status = vk_buffer_memory_types(device, &types);
    if (status != TUFF_OK)
        return status;
    if (!choose_buffer_memory(device, types))
        return vk_error(backend, TUFF_ERROR_DEVICE, "%s: no device-local memory type takes storage buffers",
                        device->physical->properties.deviceName);
    status = vk_transfer_create(device);
    if (status != TUFF_OK)
        return status;
    status = vk_pipelines_create(device);
    return status == TUFF_OK ? vk_tuning_create(device) : status;
}

enum tuff_status vk_device_open(struct tuff_backend *backend, const struct vk_physical *physical,
                                struct tuff_device **device_out)
{
    *device_out = NULL;
    struct tuff_device *device = calloc(1, sizeof *device);
    if (!device)
        return vk_error(backend, TUFF_ERROR_MEMORY, "no memory for a Vulkan device");
    device->backend = backend;
    device->physical = physical;
    device->validation_seen = atomic_load(&backend->validation_messages);
    enum tuff_status status = open_parts(device);
    if (status != TUFF_OK) {
        vk_device_close(device);
        return status;
    }
    vk_log(backend, TUFF_LOG_DEBUG, "%s: buffers in memory type %u, %s", physical->properties.deviceName,
           device->buffer_memory_type, device->buffer_memory_mapped ? "mapped" : "staged");
    *device_out = device;
    return TUFF_OK;
}

void vk_device_close(struct tuff_device *device)
{
    if (!device)
        return;
    const char *name = device->physical->properties.deviceName;
    if (device->buffer_count || device->stream_count || device->capture_count)
        vk_log(device->backend, TUFF_LOG_ERROR,
               "%s: closed with %u buffers, %u streams and %u captures not destroyed", name,
               device->buffer_count, device->stream_count, device->capture_count);
    if (vk_device_hangs(device)) {
        // The driver may still use all of it: what cannot be destroyed safely stays until the process ends.
        device->backend->device_left = true;
        vk_log(device->backend, TUFF_LOG_WARNING, "%s: left as it is, since its work never ended", name);
    } else if (device->handle) {
        VkResult result = device->vk.DeviceWaitIdle(device->handle);
        if (result != VK_SUCCESS)
            vk_log(device->backend, TUFF_LOG_ERROR, "%s: vkDeviceWaitIdle failed: %s", name,
                   vk_result_name(result));
        vk_pipelines_destroy(device);
        vk_transfer_destroy(device);
        device->vk.DestroyDevice(device->handle, NULL);
    }
    vk_tuning_destroy(device);
    free(device);
}

enum tuff_status vk_device_memory(struct tuff_device *device, struct tuff_device_memory *memory)
{
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    uint32_t heap = device->memory.memoryTypes[device->buffer_memory_type].heapIndex;
    struct tuff_device_memory full = {
        .size = memory->size,
        .used = device->used_bytes,
        // Without the extension, leave a tenth of the heap to others.
        .budget = device->memory.memoryHeaps[heap].size / 10 * 9,
    };
    if (device->physical->memory_budget) {
        VkPhysicalDeviceMemoryBudgetPropertiesEXT budget = {
            .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_BUDGET_PROPERTIES_EXT,
        };
        VkPhysicalDeviceMemoryProperties2 properties = {
            .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_MEMORY_PROPERTIES_2,
            .pNext = &budget,
        };
        device->backend->vk.GetPhysicalDeviceMemoryProperties2(device->physical->handle, &properties);
        full.budget = budget.heapBudget[heap];
    }
    memcpy(memory, &full, memory->size < sizeof full ? memory->size : sizeof full);
    return TUFF_OK;
}
