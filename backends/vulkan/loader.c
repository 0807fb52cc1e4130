#include "loader.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>

static const char *const library_names[] = {
#ifdef __APPLE__
    "libvulkan.1.dylib",
    "libvulkan.dylib",
    "libMoltenVK.dylib",
#else
    "libvulkan.so.1",
    "libvulkan.so",
#endif
};

// dlsym returns an object pointer; POSIX promises that it converts, and C wants it spelled so.
static PFN_vkVoidFunction function_of(void *symbol)
{
    PFN_vkVoidFunction function = NULL;
    _Static_assert(sizeof function == sizeof symbol, "function and object pointers differ in size");
    memcpy(&function, &symbol, sizeof function);
    return function;
}

bool vk_loader_open(struct vk_loader *loader)
{
    const char *reason = NULL;
    for (size_t i = 0; i < sizeof library_names / sizeof *library_names && !loader->library; i++) {
        loader->library = dlopen(library_names[i], RTLD_NOW | RTLD_LOCAL);
        if (!loader->library && !reason) {
            reason = dlerror();
            snprintf(loader->problem, sizeof loader->problem, "no Vulkan loader: %s", reason ? reason : "?");
        }
    }
    if (!loader->library)
        return false;
    loader->GetInstanceProcAddr =
        (PFN_vkGetInstanceProcAddr)function_of(dlsym(loader->library, "vkGetInstanceProcAddr"));
    if (!loader->GetInstanceProcAddr) {
        snprintf(loader->problem, sizeof loader->problem,
                 "the Vulkan loader exports no vkGetInstanceProcAddr");
        return false;
    }
    PFN_vkEnumerateInstanceVersion version_of =
        (PFN_vkEnumerateInstanceVersion)loader->GetInstanceProcAddr(NULL, "vkEnumerateInstanceVersion");
    uint32_t version = VK_API_VERSION_1_0;
    if (!version_of || version_of(&version) != VK_SUCCESS || version < VK_API_VERSION_1_1) {
        snprintf(loader->problem, sizeof loader->problem, "the Vulkan loader speaks %u.%u; 1.1 is needed",
                 VK_API_VERSION_MAJOR(version), VK_API_VERSION_MINOR(version));
        return false;
    }
#define VK_GLOBAL(name)                                                                                      \
    loader->global.name = (PFN_vk##name)loader->GetInstanceProcAddr(NULL, "vk" #name);                       \
    if (!loader->global.name) {                                                                              \
        snprintf(loader->problem, sizeof loader->problem, "the Vulkan loader lacks vk" #name);               \
        return false;                                                                                        \
    }
#include "function_list.h"
    return true;
}

bool vk_loader_instance_functions(struct vk_loader *loader, VkInstance instance,
                                  struct vk_instance_functions *functions)
{
#define VK_INSTANCE(name)                                                                                    \
    functions->name = (PFN_vk##name)loader->GetInstanceProcAddr(instance, "vk" #name);                       \
    if (!functions->name) {                                                                                  \
        snprintf(loader->problem, sizeof loader->problem, "the Vulkan loader lacks vk" #name);               \
        return false;                                                                                        \
    }
#define VK_INSTANCE_OPTIONAL(name)                                                                           \
    functions->name = (PFN_vk##name)loader->GetInstanceProcAddr(instance, "vk" #name);
#include "function_list.h"
    return true;
}

const char *vk_loader_device_functions(const struct vk_instance_functions *instance, VkDevice device,
                                       struct vk_device_functions *functions)
{
#define VK_DEVICE(name)                                                                                      \
    functions->name = (PFN_vk##name)instance->GetDeviceProcAddr(device, "vk" #name);                         \
    if (!functions->name)                                                                                    \
        return "vk" #name;
#include "function_list.h"
    return NULL;
}
