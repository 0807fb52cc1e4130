#include "validation.h"

#include <string.h>

bool vk_validation_present(const struct tuff_backend *backend)
{
    VkLayerProperties layers[128];
    uint32_t count = sizeof layers / sizeof *layers;
    VkResult result = backend->loader.global.EnumerateInstanceLayerProperties(&count, layers);
    if (result != VK_SUCCESS && result != VK_INCOMPLETE)
        return false;
    for (uint32_t i = 0; i < count; i++)
        if (strcmp(layers[i].layerName, VK_VALIDATION_LAYER) == 0)
            return true;
    return false;
}

// May be called from any thread, in the middle of any Vulkan call.
static VKAPI_ATTR VkBool32 VKAPI_CALL on_message(VkDebugUtilsMessageSeverityFlagBitsEXT severity,
                                                 VkDebugUtilsMessageTypeFlagsEXT types,
                                                 const VkDebugUtilsMessengerCallbackDataEXT *data, void *user)
{
    (void)severity;
    struct tuff_backend *backend = user;
    const char *id = data->pMessageIdName ? data->pMessageIdName : "";
    // General messages are the loader's own (a driver that does not load, say), and newer layers report which
    // of their settings they adjust to each other: no faults of ours.
    if (!(types & VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT) ||
        strcmp(id, "WARNING-Setting-Limit-Adjusted") == 0 || strcmp(id, "VALIDATION-SETTINGS") == 0) {
        vk_log(backend, TUFF_LOG_INFO, "vulkan loader and layers: %s", data->pMessage);
        return VK_FALSE;
    }
    atomic_fetch_add(&backend->validation_messages, 1u);
    vk_log(backend, TUFF_LOG_ERROR, "vulkan validation: %s: %s", id, data->pMessage);
    return VK_FALSE;
}

static VkDebugUtilsMessengerCreateInfoEXT messenger_info(struct tuff_backend *backend)
{
    return (VkDebugUtilsMessengerCreateInfoEXT){
        .sType = VK_STRUCTURE_TYPE_DEBUG_UTILS_MESSENGER_CREATE_INFO_EXT,
        .messageSeverity =
            VK_DEBUG_UTILS_MESSAGE_SEVERITY_WARNING_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_SEVERITY_ERROR_BIT_EXT,
        .messageType =
            VK_DEBUG_UTILS_MESSAGE_TYPE_GENERAL_BIT_EXT | VK_DEBUG_UTILS_MESSAGE_TYPE_VALIDATION_BIT_EXT,
        .pfnUserCallback = on_message,
        .pUserData = backend,
    };
}

void vk_validation_request(struct tuff_backend *backend, bool layer_settings,
                           struct vk_validation_request *request)
{
    static const VkValidationFeatureEnableEXT enables[] = {
        VK_VALIDATION_FEATURE_ENABLE_SYNCHRONIZATION_VALIDATION_EXT,
        VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_EXT,
        VK_VALIDATION_FEATURE_ENABLE_GPU_ASSISTED_RESERVE_BINDING_SLOT_EXT,
    };
    // Newer layers track what shaders access only when asked to.
    static const char *const names[] = {"validate_sync", "syncval_shader_accesses_heuristic", "gpuav_enable"};
    static const VkBool32 yes = VK_TRUE;

    memset(request, 0, sizeof *request);
    request->messenger = messenger_info(backend);
    request->extensions[0] = VK_EXT_DEBUG_UTILS_EXTENSION_NAME;
    if (layer_settings) {
        for (size_t i = 0; i < sizeof names / sizeof *names; i++)
            request->setting[i] = (VkLayerSettingEXT){.pLayerName = VK_VALIDATION_LAYER,
                                                      .pSettingName = names[i],
                                                      .type = VK_LAYER_SETTING_TYPE_BOOL32_EXT,
                                                      .valueCount = 1,
                                                      .pValues = &yes};
        request->settings = (VkLayerSettingsCreateInfoEXT){
            .sType = VK_STRUCTURE_TYPE_LAYER_SETTINGS_CREATE_INFO_EXT,
            .pNext = &request->messenger,
            .settingCount = backend->gpu_assisted ? 3 : 2,
            .pSettings = request->setting,
        };
        request->next = &request->settings;
        request->extensions[1] = VK_EXT_LAYER_SETTINGS_EXTENSION_NAME;
        return;
    }
    request->features = (VkValidationFeaturesEXT){
        .sType = VK_STRUCTURE_TYPE_VALIDATION_FEATURES_EXT,
        .pNext = &request->messenger,
        .enabledValidationFeatureCount = backend->gpu_assisted ? 3 : 1,
        .pEnabledValidationFeatures = enables,
    };
    request->next = &request->features;
    request->extensions[1] = VK_EXT_VALIDATION_FEATURES_EXTENSION_NAME;
}

enum tuff_status vk_validation_listen(struct tuff_backend *backend)
{
    if (!backend->vk.CreateDebugUtilsMessengerEXT || !backend->vk.DestroyDebugUtilsMessengerEXT)
        return vk_error(backend, TUFF_ERROR_NOT_FOUND,
                        "TUFF_VULKAN_VALIDATION: no vkCreateDebugUtilsMessengerEXT");
    VkDebugUtilsMessengerCreateInfoEXT info = messenger_info(backend);
    VkResult result =
        backend->vk.CreateDebugUtilsMessengerEXT(backend->instance, &info, NULL, &backend->messenger);
    if (result != VK_SUCCESS)
        return vk_error(backend, vk_result_status(result), "vkCreateDebugUtilsMessengerEXT: %s",
                        vk_result_name(result));
    return TUFF_OK;
}
