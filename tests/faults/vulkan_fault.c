// A libvulkan.so.1 that stands before the real one (LD_LIBRARY_PATH) and makes calls fail that return a
// VkResult.
//
// clang-format off
//   TUFF_FAULT_AT        the number of the call that fails; the first is 1; 0: none does
//   TUFF_FAULT_HANG      the number of the call of vkWaitForFences from which on none sees its fence; the first is 1
//   TUFF_FAULT_PIPELINE  the number of the call of vkCreateComputePipelines that fails as if the driver's compiler gave
//                        up, or N:memory, as if memory was short; may change as the process runs
//   TUFF_FAULT_VULKAN    the library that stands behind this one; else libvulkan.so.1 of the system
//   TUFF_FAULT_REPORT    a file that is told, at the end: "points N", the call that failed, and "objects N KIND -" for
//                        each kind of object of which more were made than destroyed
// clang-format on
//
// A submission or a wait that fails has lost the device, as all of them have from then on; the real device is
// idle by then, so that what is freed is not in use. Every second submission is short of memory instead, and
// every second wait ends by its timeout, while the work goes on.
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <vulkan/vulkan.h>

enum object {
    INSTANCE,
    DEVICE,
    BUFFER,
    MEMORY,
    COMMAND_POOL,
    FENCE,
    SET_LAYOUT,
    DESCRIPTOR_POOL,
    PIPELINE_LAYOUT,
    PIPELINE_CACHE,
    SHADER_MODULE,
    PIPELINE,
    QUERY_POOL,
    OBJECT_COUNT
};
static const char *const object_names[OBJECT_COUNT] = {
    "instance",      "device",     "buffer",          "memory",          "command-pool",
    "fence",         "set-layout", "descriptor-pool", "pipeline-layout", "pipeline-cache",
    "shader-module", "pipeline",   "query-pool",
};

static struct {
    uint64_t at;
    uint64_t hang;
    _Atomic uint64_t points, waits;
    const char *failed;
    bool lost;
    _Atomic long objects[OBJECT_COUNT];
} fault;

static bool hits(const char *function)
{
    uint64_t number = atomic_fetch_add(&fault.points, 1) + 1;
    if (fault.at == 0 || number != fault.at)
        return false;
    fault.failed = function;
    return true;
}

// A call that does not fail is handed on.
#define PASS(name, parameters, arguments, error)                                                             \
    static PFN_vk##name real_##name;                                                                         \
    static VKAPI_ATTR VkResult VKAPI_CALL fault_##name parameters                                            \
    {                                                                                                        \
        return hits("vk" #name) ? error : real_##name arguments;                                             \
    }

// So is one that makes `count` objects.
#define MAKE(name, parameters, arguments, object, count, error)                                              \
    static PFN_vk##name real_##name;                                                                         \
    static VKAPI_ATTR VkResult VKAPI_CALL fault_##name parameters                                            \
    {                                                                                                        \
        if (hits("vk" #name))                                                                                \
            return error;                                                                                    \
        VkResult result = real_##name arguments;                                                             \
        if (result == VK_SUCCESS)                                                                            \
            atomic_fetch_add(&fault.objects[object], (long)(count));                                         \
        return result;                                                                                       \
    }

#define DESTROY(name, type, object)                                                                          \
    static PFN_vk##name real_##name;                                                                         \
    static VKAPI_ATTR void VKAPI_CALL fault_##name(VkDevice device, type which,                              \
                                                   const VkAllocationCallbacks *allocator)                   \
    {                                                                                                        \
        if (which != VK_NULL_HANDLE)                                                                         \
            atomic_fetch_sub(&fault.objects[object], 1);                                                     \
        real_##name(device, which, allocator);                                                               \
    }

#define HOST   VK_ERROR_OUT_OF_HOST_MEMORY
#define ON_GPU VK_ERROR_OUT_OF_DEVICE_MEMORY

PASS(EnumerateInstanceExtensionProperties, (const char *layer, uint32_t *count, VkExtensionProperties *list),
     (layer, count, list), HOST)
PASS(EnumerateInstanceLayerProperties, (uint32_t * count, VkLayerProperties *list), (count, list), HOST)
PASS(EnumerateInstanceVersion, (uint32_t * version), (version), HOST)
MAKE(CreateInstance,
     (const VkInstanceCreateInfo *info, const VkAllocationCallbacks *allocator, VkInstance *instance),
     (info, allocator, instance), INSTANCE, 1, HOST)
PASS(EnumeratePhysicalDevices, (VkInstance instance, uint32_t *count, VkPhysicalDevice *list),
     (instance, count, list), VK_ERROR_INITIALIZATION_FAILED)
PASS(EnumerateDeviceExtensionProperties,
     (VkPhysicalDevice physical, const char *layer, uint32_t *count, VkExtensionProperties *list),
     (physical, layer, count, list), HOST)
MAKE(CreateDevice,
     (VkPhysicalDevice physical, const VkDeviceCreateInfo *info, const VkAllocationCallbacks *allocator,
      VkDevice *device),
     (physical, info, allocator, device), DEVICE, 1, VK_ERROR_INITIALIZATION_FAILED)
MAKE(CreateBuffer,
     (VkDevice device, const VkBufferCreateInfo *info, const VkAllocationCallbacks *allocator,
      VkBuffer *made),
     (device, info, allocator, made), BUFFER, 1, ON_GPU)
PASS(BindBufferMemory, (VkDevice device, VkBuffer buffer, VkDeviceMemory memory, VkDeviceSize offset),
     (device, buffer, memory, offset), ON_GPU)
MAKE(AllocateMemory,
     (VkDevice device, const VkMemoryAllocateInfo *info, const VkAllocationCallbacks *allocator,
      VkDeviceMemory *made),
     (device, info, allocator, made), MEMORY, 1, ON_GPU)
PASS(MapMemory,
     (VkDevice device, VkDeviceMemory memory, VkDeviceSize offset, VkDeviceSize size, VkMemoryMapFlags flags,
      void **data),
     (device, memory, offset, size, flags, data), VK_ERROR_MEMORY_MAP_FAILED)
MAKE(CreateCommandPool,
     (VkDevice device, const VkCommandPoolCreateInfo *info, const VkAllocationCallbacks *allocator,
      VkCommandPool *made),
     (device, info, allocator, made), COMMAND_POOL, 1, ON_GPU)
PASS(AllocateCommandBuffers,
     (VkDevice device, const VkCommandBufferAllocateInfo *info, VkCommandBuffer *made), (device, info, made),
     ON_GPU)
PASS(BeginCommandBuffer, (VkCommandBuffer commands, const VkCommandBufferBeginInfo *info), (commands, info),
     ON_GPU)
PASS(EndCommandBuffer, (VkCommandBuffer commands), (commands), ON_GPU)
MAKE(CreateFence,
     (VkDevice device, const VkFenceCreateInfo *info, const VkAllocationCallbacks *allocator, VkFence *made),
     (device, info, allocator, made), FENCE, 1, ON_GPU)
PASS(ResetFences, (VkDevice device, uint32_t count, const VkFence *fences), (device, count, fences), ON_GPU)
MAKE(CreateDescriptorSetLayout,
     (VkDevice device, const VkDescriptorSetLayoutCreateInfo *info, const VkAllocationCallbacks *allocator,
      VkDescriptorSetLayout *made),
     (device, info, allocator, made), SET_LAYOUT, 1, HOST)
MAKE(CreateDescriptorPool,
     (VkDevice device, const VkDescriptorPoolCreateInfo *info, const VkAllocationCallbacks *allocator,
      VkDescriptorPool *made),
     (device, info, allocator, made), DESCRIPTOR_POOL, 1, VK_ERROR_FRAGMENTATION)
PASS(ResetDescriptorPool, (VkDevice device, VkDescriptorPool pool, VkDescriptorPoolResetFlags flags),
     (device, pool, flags), ON_GPU)
PASS(AllocateDescriptorSets,
     (VkDevice device, const VkDescriptorSetAllocateInfo *info, VkDescriptorSet *made), (device, info, made),
     ON_GPU)
MAKE(CreatePipelineLayout,
     (VkDevice device, const VkPipelineLayoutCreateInfo *info, const VkAllocationCallbacks *allocator,
      VkPipelineLayout *made),
     (device, info, allocator, made), PIPELINE_LAYOUT, 1, HOST)
MAKE(CreatePipelineCache,
     (VkDevice device, const VkPipelineCacheCreateInfo *info, const VkAllocationCallbacks *allocator,
      VkPipelineCache *made),
     (device, info, allocator, made), PIPELINE_CACHE, 1, HOST)
PASS(GetPipelineCacheData, (VkDevice device, VkPipelineCache cache, size_t *bytes, void *data),
     (device, cache, bytes, data), HOST)
MAKE(CreateShaderModule,
     (VkDevice device, const VkShaderModuleCreateInfo *info, const VkAllocationCallbacks *allocator,
      VkShaderModule *made),
     (device, info, allocator, made), SHADER_MODULE, 1, HOST)
MAKE(CreateQueryPool,
     (VkDevice device, const VkQueryPoolCreateInfo *info, const VkAllocationCallbacks *allocator,
      VkQueryPool *made),
     (device, info, allocator, made), QUERY_POOL, 1, ON_GPU)

// As TUFF_FAULT_PIPELINE has it.
static VkResult refuse_pipeline(void)
{
    static _Atomic unsigned long calls;
    const unsigned long number = atomic_fetch_add(&calls, 1) + 1;
    const char *which = getenv("TUFF_FAULT_PIPELINE");
    char *end = NULL;
    if (which == NULL || strtoul(which, &end, 10) != number)
        return VK_SUCCESS;
    return strcmp(end, ":memory") == 0 ? ON_GPU : VK_ERROR_UNKNOWN;
}

static PFN_vkCreateComputePipelines real_CreateComputePipelines;
static VKAPI_ATTR VkResult VKAPI_CALL fault_CreateComputePipelines(VkDevice device, VkPipelineCache cache,
                                                                   uint32_t count,
                                                                   const VkComputePipelineCreateInfo *info,
                                                                   const VkAllocationCallbacks *allocator,
                                                                   VkPipeline *made)
{
    const VkResult refused = refuse_pipeline();
    if (refused != VK_SUCCESS)
        return refused;
    if (hits("vkCreateComputePipelines"))
        return ON_GPU;
    VkResult result = real_CreateComputePipelines(device, cache, count, info, allocator, made);
    if (result == VK_SUCCESS)
        atomic_fetch_add(&fault.objects[PIPELINE], (long)count);
    return result;
}

DESTROY(DestroyBuffer, VkBuffer, BUFFER)
DESTROY(FreeMemory, VkDeviceMemory, MEMORY)
DESTROY(DestroyCommandPool, VkCommandPool, COMMAND_POOL)
DESTROY(DestroyFence, VkFence, FENCE)
DESTROY(DestroyDescriptorSetLayout, VkDescriptorSetLayout, SET_LAYOUT)
DESTROY(DestroyDescriptorPool, VkDescriptorPool, DESCRIPTOR_POOL)
DESTROY(DestroyPipelineLayout, VkPipelineLayout, PIPELINE_LAYOUT)
DESTROY(DestroyPipelineCache, VkPipelineCache, PIPELINE_CACHE)
DESTROY(DestroyShaderModule, VkShaderModule, SHADER_MODULE)
DESTROY(DestroyPipeline, VkPipeline, PIPELINE)
DESTROY(DestroyQueryPool, VkQueryPool, QUERY_POOL)

static PFN_vkDestroyInstance real_DestroyInstance;
static VKAPI_ATTR void VKAPI_CALL fault_DestroyInstance(VkInstance instance,
                                                        const VkAllocationCallbacks *allocator)
{
    if (instance != VK_NULL_HANDLE)
        atomic_fetch_sub(&fault.objects[INSTANCE], 1);
    real_DestroyInstance(instance, allocator);
}

static PFN_vkDestroyDevice real_DestroyDevice;
static VKAPI_ATTR void VKAPI_CALL fault_DestroyDevice(VkDevice device, const VkAllocationCallbacks *allocator)
{
    if (device != VK_NULL_HANDLE)
        atomic_fetch_sub(&fault.objects[DEVICE], 1);
    real_DestroyDevice(device, allocator);
}

// -- What a lost device fails in

static PFN_vkDeviceWaitIdle real_DeviceWaitIdle;
static VkDevice the_device; // tuff opens one

static bool loses(const char *function)
{
    if (!hits(function))
        return fault.lost;
    if (the_device != VK_NULL_HANDLE && real_DeviceWaitIdle != NULL)
        real_DeviceWaitIdle(the_device);
    fault.lost = true;
    return true;
}

static VKAPI_ATTR VkResult VKAPI_CALL fault_DeviceWaitIdle(VkDevice device)
{
    the_device = device;
    return loses("vkDeviceWaitIdle") ? VK_ERROR_DEVICE_LOST : real_DeviceWaitIdle(device);
}

static PFN_vkQueueSubmit real_QueueSubmit;
static VKAPI_ATTR VkResult VKAPI_CALL fault_QueueSubmit(VkQueue queue, uint32_t count,
                                                        const VkSubmitInfo *info, VkFence fence)
{
    const bool by_memory = fault.at % 2 == 0 && !fault.lost;
    const VkResult failure = by_memory ? ON_GPU : VK_ERROR_DEVICE_LOST;
    const bool fails = by_memory ? hits("vkQueueSubmit") : loses("vkQueueSubmit");
    return fails ? failure : real_QueueSubmit(queue, count, info, fence);
}

// A driver that computes on the CPU is not to be taken down while it still does.
static void let_it_end(void)
{
    real_DeviceWaitIdle(the_device);
}

static PFN_vkWaitForFences real_WaitForFences;
static VKAPI_ATTR VkResult VKAPI_CALL fault_WaitForFences(VkDevice device, uint32_t count,
                                                          const VkFence *fences, VkBool32 all,
                                                          uint64_t timeout)
{
    the_device = device;
    if (fault.hang != 0) {
        const uint64_t wait = atomic_fetch_add(&fault.waits, 1) + 1;
        if (wait == fault.hang)
            atexit(let_it_end);
        if (wait >= fault.hang)
            return VK_TIMEOUT; // at once: the caller's patience is not what is tried
    }
    const bool by_timeout = fault.at % 2 == 0 && timeout != 0 && !fault.lost;
    const VkResult failure = by_timeout ? VK_TIMEOUT : VK_ERROR_DEVICE_LOST;
    const bool fails = by_timeout ? hits("vkWaitForFences") : loses("vkWaitForFences");
    return fails ? failure : real_WaitForFences(device, count, fences, all, timeout);
}

static PFN_vkGetQueryPoolResults real_GetQueryPoolResults;
static VKAPI_ATTR VkResult VKAPI_CALL fault_GetQueryPoolResults(VkDevice device, VkQueryPool pool,
                                                                uint32_t first, uint32_t count, size_t bytes,
                                                                void *data, VkDeviceSize stride,
                                                                VkQueryResultFlags flags)
{
    the_device = device;
    return loses("vkGetQueryPoolResults")
               ? VK_ERROR_DEVICE_LOST
               : real_GetQueryPoolResults(device, pool, first, count, bytes, data, stride, flags);
}

// -- The way in

static const struct {
    const char *name;
    PFN_vkVoidFunction function, *real;
} wrappers[] = {
#define WRAPPER(name)                                                                                        \
    {                                                                                                        \
        "vk" #name, (PFN_vkVoidFunction)fault_##name, (PFN_vkVoidFunction *)&real_##name                     \
    }
    WRAPPER(EnumerateInstanceExtensionProperties),
    WRAPPER(EnumerateInstanceLayerProperties),
    WRAPPER(EnumerateInstanceVersion),
    WRAPPER(CreateInstance),
    WRAPPER(DestroyInstance),
    WRAPPER(EnumeratePhysicalDevices),
    WRAPPER(EnumerateDeviceExtensionProperties),
    WRAPPER(CreateDevice),
    WRAPPER(DestroyDevice),
    WRAPPER(DeviceWaitIdle),
    WRAPPER(QueueSubmit),
    WRAPPER(CreateBuffer),
    WRAPPER(DestroyBuffer),
    WRAPPER(BindBufferMemory),
    WRAPPER(AllocateMemory),
    WRAPPER(FreeMemory),
    WRAPPER(MapMemory),
    WRAPPER(CreateCommandPool),
    WRAPPER(DestroyCommandPool),
    WRAPPER(AllocateCommandBuffers),
    WRAPPER(BeginCommandBuffer),
    WRAPPER(EndCommandBuffer),
    WRAPPER(CreateFence),
    WRAPPER(DestroyFence),
    WRAPPER(ResetFences),
    WRAPPER(WaitForFences),
    WRAPPER(CreateDescriptorSetLayout),
    WRAPPER(DestroyDescriptorSetLayout),
    WRAPPER(CreateDescriptorPool),
    WRAPPER(DestroyDescriptorPool),
    WRAPPER(ResetDescriptorPool),
    WRAPPER(AllocateDescriptorSets),
    WRAPPER(CreatePipelineLayout),
    WRAPPER(DestroyPipelineLayout),
    WRAPPER(CreatePipelineCache),
    WRAPPER(DestroyPipelineCache),
    WRAPPER(GetPipelineCacheData),
    WRAPPER(CreateShaderModule),
    WRAPPER(DestroyShaderModule),
    WRAPPER(CreateComputePipelines),
    WRAPPER(DestroyPipeline),
    WRAPPER(CreateQueryPool),
    WRAPPER(DestroyQueryPool),
    WRAPPER(GetQueryPoolResults),
};

static PFN_vkGetInstanceProcAddr real_instance_function;
static PFN_vkGetDeviceProcAddr real_device_function;

static PFN_vkVoidFunction wrap(const char *name, PFN_vkVoidFunction real)
{
    for (size_t i = 0; real != NULL && i < sizeof wrappers / sizeof *wrappers; i++)
        if (strcmp(wrappers[i].name, name) == 0) {
            *wrappers[i].real = real;
            return wrappers[i].function;
        }
    return real;
}

static VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL device_function(VkDevice device, const char *name)
{
    the_device = device;
    return wrap(name, real_device_function(device, name));
}

__attribute__((visibility("default"))) VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL
vkGetInstanceProcAddr(VkInstance instance, const char *name);
VKAPI_ATTR PFN_vkVoidFunction VKAPI_CALL vkGetInstanceProcAddr(VkInstance instance, const char *name)
{
    PFN_vkVoidFunction real = real_instance_function == NULL ? NULL : real_instance_function(instance, name);
    if (strcmp(name, "vkGetDeviceProcAddr") != 0)
        return wrap(name, real);
    real_device_function = (PFN_vkGetDeviceProcAddr)real;
    return (PFN_vkVoidFunction)device_function;
}

__attribute__((constructor)) static void begin(void)
{
    const char *at = getenv("TUFF_FAULT_AT"), *hang = getenv("TUFF_FAULT_HANG");
    const char *other = getenv("TUFF_FAULT_VULKAN");
    fault.at = at == NULL ? 0 : strtoull(at, NULL, 10);
    fault.hang = hang == NULL ? 0 : strtoull(hang, NULL, 10);
    void *library = dlopen(other == NULL ? TUFF_VULKAN_LOADER : other, RTLD_NOW | RTLD_LOCAL);
    void *symbol = library == NULL ? NULL : dlsym(library, "vkGetInstanceProcAddr");
    memcpy(&real_instance_function, &symbol, sizeof symbol);
}

__attribute__((destructor)) static void end(void)
{
    const char *path = getenv("TUFF_FAULT_REPORT");
    FILE *report = path == NULL ? NULL : fopen(path, "we");
    if (report == NULL)
        return;
    fprintf(report, "points %llu\n", (unsigned long long)fault.points);
    if (fault.failed != NULL)
        fprintf(report, "failed %s\n", fault.failed);
    for (int i = 0; i < OBJECT_COUNT; i++)
        if (fault.objects[i] != 0)
            fprintf(report, "objects %ld %s -\n", fault.objects[i], object_names[i]);
    fclose(report);
}
