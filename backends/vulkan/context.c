#include "validation.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

void vk_log_list(struct tuff_backend *backend, enum tuff_log_level level, const char *format,
                 va_list arguments)
{
    if (!backend->host->log)
        return;
    char message[2048];
    vsnprintf(message, sizeof message, format, arguments);
    backend->host->log(backend->host->user, level, message);
}

void vk_log(struct tuff_backend *backend, enum tuff_log_level level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vk_log_list(backend, level, format, arguments);
    va_end(arguments);
}

enum tuff_status vk_error(struct tuff_backend *backend, enum tuff_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    vk_log_list(backend, TUFF_LOG_ERROR, format, arguments);
    va_end(arguments);
    return status;
}

const char *vk_result_name(VkResult result)
{
    switch (result) {
#define CASE(name)                                                                                           \
    case name:                                                                                               \
        return #name;
        CASE(VK_SUCCESS)
        CASE(VK_NOT_READY)
        CASE(VK_TIMEOUT)
        CASE(VK_INCOMPLETE)
        CASE(VK_ERROR_OUT_OF_HOST_MEMORY)
        CASE(VK_ERROR_OUT_OF_DEVICE_MEMORY)
        CASE(VK_ERROR_INITIALIZATION_FAILED)
        CASE(VK_ERROR_DEVICE_LOST)
        CASE(VK_ERROR_MEMORY_MAP_FAILED)
        CASE(VK_ERROR_LAYER_NOT_PRESENT)
        CASE(VK_ERROR_EXTENSION_NOT_PRESENT)
        CASE(VK_ERROR_FEATURE_NOT_PRESENT)
        CASE(VK_ERROR_INCOMPATIBLE_DRIVER)
        CASE(VK_ERROR_TOO_MANY_OBJECTS)
        CASE(VK_ERROR_FRAGMENTED_POOL)
        CASE(VK_ERROR_OUT_OF_POOL_MEMORY)
        CASE(VK_ERROR_FRAGMENTATION)
        CASE(VK_ERROR_UNKNOWN)
#undef CASE
    default:
        return "an unknown VkResult";
    }
}

enum tuff_status vk_result_status(VkResult result)
{
    switch (result) {
    case VK_SUCCESS:
        return TUFF_OK;
    case VK_ERROR_OUT_OF_HOST_MEMORY:
    case VK_ERROR_OUT_OF_DEVICE_MEMORY:
    case VK_ERROR_OUT_OF_POOL_MEMORY:
    case VK_ERROR_TOO_MANY_OBJECTS:
    case VK_ERROR_MEMORY_MAP_FAILED:
        return TUFF_ERROR_MEMORY;
    default:
        return TUFF_ERROR_DEVICE;
    }
}

static void read_environment(struct tuff_backend *backend)
{
    const char *validation = getenv("TUFF_VULKAN_VALIDATION");
    backend->validation = validation && *validation && strcmp(validation, "0") != 0;
    backend->gpu_assisted = validation && strcmp(validation, "gpu") == 0;
    const char *min_limits = getenv("TUFF_VULKAN_MIN_LIMITS");
    backend->min_limits = min_limits && strcmp(min_limits, "1") == 0;
    const char *fusion = getenv("TUFF_VULKAN_FUSION");
    const char *matrix = getenv("TUFF_VULKAN_MATRIX");
    backend->matrix = !matrix || strcmp(matrix, "0") != 0;
    backend->fusion = !fusion || strcmp(fusion, "0") != 0;
}

static bool has_instance_extension(const struct tuff_backend *backend, const char *layer, const char *name)
{
    VkExtensionProperties extensions[256];
    uint32_t count = sizeof extensions / sizeof *extensions;
    VkResult result = backend->loader.global.EnumerateInstanceExtensionProperties(layer, &count, extensions);
    if (result != VK_SUCCESS && result != VK_INCOMPLETE)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(extensions[i].extensionName, name) == 0)
            return true;
    return false;
}

static VkResult create_instance(struct tuff_backend *backend)
{
    static const char *const layers[] = {VK_VALIDATION_LAYER};
    const char *extensions[3];
    uint32_t extension_count = 0;
    VkInstanceCreateFlags flags = 0;
    if (has_instance_extension(backend, NULL, VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME)) {
        extensions[extension_count++] = VK_KHR_PORTABILITY_ENUMERATION_EXTENSION_NAME;
        flags |= VK_INSTANCE_CREATE_ENUMERATE_PORTABILITY_BIT_KHR;
    }
    struct vk_validation_request request = {0};
    if (backend->validation) {
        bool settings =
            has_instance_extension(backend, VK_VALIDATION_LAYER, VK_EXT_LAYER_SETTINGS_EXTENSION_NAME);
        vk_validation_request(backend, settings, &request);
        extensions[extension_count++] = request.extensions[0];
        extensions[extension_count++] = request.extensions[1];
    }
    VkApplicationInfo application = {
        .sType = VK_STRUCTURE_TYPE_APPLICATION_INFO,
        .pApplicationName = "tuff",
        .pEngineName = "tuff",
        .apiVersion = VK_API_VERSION_1_1,
    };
    VkInstanceCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_INSTANCE_CREATE_INFO,
        .pNext = request.next,
        .flags = flags,
        .pApplicationInfo = &application,
        .enabledLayerCount = backend->validation ? 1 : 0,
        .ppEnabledLayerNames = layers,
        .enabledExtensionCount = extension_count,
        .ppEnabledExtensionNames = extensions,
    };
    return backend->loader.global.CreateInstance(&info, NULL, &backend->instance);
}

static enum tuff_status examine_devices(struct tuff_backend *backend)
{
    uint32_t count = 0;
    VkResult result = backend->vk.EnumeratePhysicalDevices(backend->instance, &count, NULL);
    if (result != VK_SUCCESS || count == 0) {
        vk_log(backend, TUFF_LOG_INFO, "no Vulkan device: %s",
               result == VK_SUCCESS ? "no driver reports one" : vk_result_name(result));
        return TUFF_OK;
    }
    VkPhysicalDevice *handles = calloc(count, sizeof *handles);
    backend->physicals = calloc(count, sizeof *backend->physicals);
    if (!handles || !backend->physicals) {
        free(handles);
        return vk_error(backend, TUFF_ERROR_MEMORY, "no memory for %u Vulkan devices", count);
    }
    result = backend->vk.EnumeratePhysicalDevices(backend->instance, &count, handles);
    if (result != VK_SUCCESS && result != VK_INCOMPLETE) {
        free(handles);
        return vk_error(backend, vk_result_status(result), "vkEnumeratePhysicalDevices: %s",
                        vk_result_name(result));
    }
    for (uint32_t i = 0; i < count; i++)
        if (vk_physical_examine(backend, handles[i], &backend->physicals[backend->physical_count]))
            backend->physical_count++;
    free(handles);
    return TUFF_OK;
}

static enum tuff_status probe(struct tuff_backend *backend)
{
    read_environment(backend);
    if (!vk_loader_open(&backend->loader)) {
        if (backend->validation)
            return vk_error(backend, TUFF_ERROR_NOT_FOUND, "TUFF_VULKAN_VALIDATION is set, but %s",
                            backend->loader.problem);
        vk_log(backend, TUFF_LOG_INFO, "%s", backend->loader.problem);
        return TUFF_OK;
    }
    if (backend->validation && !vk_validation_present(backend))
        return vk_error(backend, TUFF_ERROR_NOT_FOUND,
                        "TUFF_VULKAN_VALIDATION is set, but the layer " VK_VALIDATION_LAYER
                        " is not installed "
                        "(on Debian: vulkan-validationlayers)");
    VkResult result = create_instance(backend);
    if (result == VK_ERROR_INCOMPATIBLE_DRIVER) {
        vk_log(backend, TUFF_LOG_INFO, "no Vulkan device: the loader found no driver");
        return TUFF_OK;
    }
    if (result != VK_SUCCESS)
        return vk_error(backend, vk_result_status(result), "vkCreateInstance: %s", vk_result_name(result));
    if (!vk_loader_instance_functions(&backend->loader, backend->instance, &backend->vk))
        return vk_error(backend, TUFF_ERROR_DEVICE, "%s", backend->loader.problem);
    if (backend->validation) {
        enum tuff_status status = vk_validation_listen(backend);
        if (status != TUFF_OK)
            return status;
    }
    return examine_devices(backend);
}

enum tuff_status vk_context_probe(struct tuff_backend *backend)
{
    if (!backend->probed) {
        backend->probed = true;
        backend->probe_status = probe(backend);
    }
    return backend->probe_status;
}

void vk_context_destroy(struct tuff_backend *backend)
{
    if (backend->messenger != VK_NULL_HANDLE)
        backend->vk.DestroyDebugUtilsMessengerEXT(backend->instance, backend->messenger, NULL);
    if (backend->instance && backend->vk.DestroyInstance && !backend->device_left)
        backend->vk.DestroyInstance(backend->instance, NULL);
    free(backend->physicals);
    free(backend);
}
