// The validation layer, asked for with TUFF_VULKAN_VALIDATION=1 (synchronization validation included) or =gpu
// (GPU- assisted too): what it reports is logged as an error and makes the devices fail.
#ifndef TUFF_VULKAN_VALIDATION_H
#define TUFF_VULKAN_VALIDATION_H

#include "context.h"

#define VK_VALIDATION_LAYER "VK_LAYER_KHRONOS_validation"

// VK_EXT_layer_settings, for headers older than it is.
#ifndef VK_EXT_layer_settings
#define VK_EXT_LAYER_SETTINGS_EXTENSION_NAME             "VK_EXT_layer_settings"
#define VK_STRUCTURE_TYPE_LAYER_SETTINGS_CREATE_INFO_EXT ((VkStructureType)1000496000)
#define VK_LAYER_SETTING_TYPE_BOOL32_EXT                 0
typedef struct VkLayerSettingEXT {
    const char *pLayerName;
    const char *pSettingName;
    int type;
    uint32_t valueCount;
    const void *pValues;
} VkLayerSettingEXT;
typedef struct VkLayerSettingsCreateInfoEXT {
    VkStructureType sType;
    const void *pNext;
    uint32_t settingCount;
    const VkLayerSettingEXT *pSettings;
} VkLayerSettingsCreateInfoEXT;
#endif

// What vkCreateInstance is given for the layer; it must outlive that call.
struct vk_validation_request {
    VkDebugUtilsMessengerCreateInfoEXT messenger;
    VkValidationFeaturesEXT features;
    VkLayerSettingsCreateInfoEXT settings;
    VkLayerSettingEXT setting[3];
    const void *next;          // for VkInstanceCreateInfo.pNext
    const char *extensions[2]; // to enable
};

// Whether the layer is installed.
bool vk_validation_present(const struct tuff_backend *backend);

// Fills the request. layer_settings: whether the layer has VK_EXT_layer_settings.
void vk_validation_request(struct tuff_backend *backend, bool layer_settings,
                           struct vk_validation_request *request);

// Begins to listen. The instance exists.
TUFF_MUST_CHECK enum tuff_status vk_validation_listen(struct tuff_backend *backend);

#endif
