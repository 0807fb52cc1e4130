#include "matrix.h"

#include <stdio.h>
#include <stdlib.h>

#include "device.h"

const char *const vk_matrix_extensions[VK_MATRIX_EXTENSIONS] = {
    "VK_KHR_cooperative_matrix",
    "VK_EXT_subgroup_size_control",
    "VK_KHR_vulkan_memory_model",
    "VK_KHR_shader_float16_int8",
};

// What is known of a device beyond its matrix units.
struct traits {
    uint32_t vendor;
    VkDriverId driver;
    uint32_t least_subgroup, greatest_subgroup;
    bool mixed_dot; // dot products of signed and unsigned bytes are accelerated
};

enum { VENDOR_AMD = 0x1002, VENDOR_INTEL = 0x8086 };

static bool is_amd_closed(const struct traits *traits)
{
    return traits->vendor == VENDOR_AMD &&
           (traits->driver == VK_DRIVER_ID_AMD_PROPRIETARY || traits->driver == VK_DRIVER_ID_AMD_OPEN_SOURCE);
}

static bool is_intel(const struct traits *traits)
{
    return traits->vendor == VENDOR_INTEL;
}

// RDNA has waves of 32 and of 64; of it, RDNA3 was the first to accelerate such dot products.
static bool is_rdna3(const struct traits *traits)
{
    return traits->least_subgroup == 32 && traits->greatest_subgroup == 64 && traits->mixed_dot;
}

// Xe2 computes in vectors of 16, what came before it in vectors of 8.
static bool is_xe2(const struct traits *traits)
{
    return traits->least_subgroup == 16;
}

static bool is_llvmpipe(const struct traits *traits)
{
    return traits->driver == VK_DRIVER_ID_MESA_LLVMPIPE;
}

static bool has_subgroups_of_8(const struct traits *traits)
{
    return traits->least_subgroup == 8;
}

// Devices whose drivers offer matrix units that they should not be taken at their word for. All others are
// taken: NVIDIA's, AMD's under RADV. The rules for AMD and Intel are those of ggml, which meets more devices
// than we do (ggml_vk_khr_cooperative_matrix_support).
static const struct {
    bool (*applies)(const struct traits *);
    bool (*allowed)(const struct traits *);
    const char *reason;
} allow_list[] = {
    {is_amd_closed, is_rdna3,
     "AMD's own driver offers matrix units on GPUs without them: only RDNA3 is taken"},
    {is_intel, is_xe2, "Intel's GPUs before Xe2 are slower with matrix units than without"},
    {is_llvmpipe, has_subgroups_of_8, "llvmpipe crashes with them unless its vectors have 256 bits"},
};

// Sizes of fragments, the best first: the larger, the more is done with what was loaded.
static const uint32_t fragments[][3] = {{16, 16, 16}, {16, 8, 16}, {8, 16, 16}, {8, 8, 16}, {8, 8, 8}};

// Finds the best size that multiplies float16 and sums float32 in a subgroup.
static bool find_fragment(struct tuff_backend *backend, struct vk_physical *physical)
{
    VkCooperativeMatrixPropertiesKHR *properties = NULL;
    uint32_t count = 0;
    PFN_vkGetPhysicalDeviceCooperativeMatrixPropertiesKHR enumerate =
        backend->vk.GetPhysicalDeviceCooperativeMatrixPropertiesKHR;
    bool found = false;
    if (enumerate && enumerate(physical->handle, &count, NULL) == VK_SUCCESS && count > 0)
        properties = calloc(count, sizeof *properties);
    if (!properties)
        return false;
    for (uint32_t i = 0; i < count; i++)
        properties[i].sType = VK_STRUCTURE_TYPE_COOPERATIVE_MATRIX_PROPERTIES_KHR;
    if (enumerate(physical->handle, &count, properties) != VK_SUCCESS)
        count = 0;
    for (size_t f = 0; f < sizeof fragments / sizeof *fragments && !found; f++)
        for (uint32_t i = 0; i < count && !found; i++) {
            const VkCooperativeMatrixPropertiesKHR *offer = &properties[i];
            found = offer->MSize == fragments[f][0] && offer->NSize == fragments[f][1] &&
                    offer->KSize == fragments[f][2] && offer->AType == VK_COMPONENT_TYPE_FLOAT16_KHR &&
                    offer->BType == VK_COMPONENT_TYPE_FLOAT16_KHR &&
                    offer->CType == VK_COMPONENT_TYPE_FLOAT32_KHR &&
                    offer->ResultType == VK_COMPONENT_TYPE_FLOAT32_KHR &&
                    offer->scope == VK_SCOPE_SUBGROUP_KHR;
            if (found) {
                physical->matrix.m = offer->MSize;
                physical->matrix.n = offer->NSize;
                physical->matrix.k = offer->KSize;
            }
        }
    free(properties);
    return found;
}

void vk_matrix_enable(struct vk_matrix_features *features, void **next)
{
    *features = (struct vk_matrix_features){
        .matrix = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_FEATURES_KHR,
                   .pNext = &features->subgroups,
                   .cooperativeMatrix = VK_TRUE},
        .subgroups = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_FEATURES_EXT,
                      .pNext = &features->memory_model,
                      .subgroupSizeControl = VK_TRUE,
                      .computeFullSubgroups = VK_TRUE},
        .memory_model = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_VULKAN_MEMORY_MODEL_FEATURES_KHR,
                         .pNext = &features->float16,
                         .vulkanMemoryModel = VK_TRUE,
                         .vulkanMemoryModelDeviceScope = VK_TRUE}, // of atomics, once there is the model
        .float16 = {.sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_FLOAT16_INT8_FEATURES_KHR,
                    .pNext = *next,
                    .shaderFloat16 = VK_TRUE},
    };
    *next = &features->matrix;
}

static bool has_features(struct tuff_backend *backend, const struct vk_physical *physical)
{
    void *next = NULL;
    struct vk_matrix_features offered;
    vk_matrix_enable(&offered, &next);
    VkPhysicalDeviceFeatures2 features = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_FEATURES_2,
        .pNext = next,
    };
    backend->vk.GetPhysicalDeviceFeatures2(physical->handle, &features);
    return offered.matrix.cooperativeMatrix && offered.subgroups.subgroupSizeControl &&
           offered.subgroups.computeFullSubgroups && offered.memory_model.vulkanMemoryModel &&
           offered.memory_model.vulkanMemoryModelDeviceScope && offered.float16.shaderFloat16 &&
           physical->storage16;
}

// Finds the subgroup's size to ask for: 32 where it can be had, which is what matrix units are made for where
// there is a choice, else the least, and that on Intel's GPUs, whose least is their vectors' width. false if
// compute shaders cannot use the units or ask for a size.
static bool find_subgroups(struct tuff_backend *backend, struct vk_physical *physical, struct traits *traits)
{
    enum { PREFERRED = 32 };
    VkPhysicalDeviceShaderIntegerDotProductPropertiesKHR dot = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SHADER_INTEGER_DOT_PRODUCT_PROPERTIES_KHR,
    };
    VkPhysicalDeviceCooperativeMatrixPropertiesKHR matrix = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_COOPERATIVE_MATRIX_PROPERTIES_KHR,
        .pNext = physical->integer_dot ? &dot : NULL,
    };
    VkPhysicalDeviceSubgroupSizeControlPropertiesEXT subgroups = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_SUBGROUP_SIZE_CONTROL_PROPERTIES_EXT,
        .pNext = &matrix,
    };
    VkPhysicalDeviceProperties2 properties = {
        .sType = VK_STRUCTURE_TYPE_PHYSICAL_DEVICE_PROPERTIES_2,
        .pNext = &subgroups,
    };
    backend->vk.GetPhysicalDeviceProperties2(physical->handle, &properties);
    traits->least_subgroup = subgroups.minSubgroupSize;
    traits->greatest_subgroup = subgroups.maxSubgroupSize;
    traits->mixed_dot = dot.integerDotProduct4x8BitPackedMixedSignednessAccelerated;
    const bool choice =
        !is_intel(traits) && subgroups.minSubgroupSize <= PREFERRED && PREFERRED <= subgroups.maxSubgroupSize;
    physical->matrix.subgroup_size = choice ? PREFERRED : subgroups.minSubgroupSize;
    physical->matrix.most_subgroups = subgroups.maxComputeWorkgroupSubgroups;
    return (matrix.cooperativeMatrixSupportedStages & VK_SHADER_STAGE_COMPUTE_BIT) &&
           (subgroups.requiredSubgroupSizeStages & VK_SHADER_STAGE_COMPUTE_BIT);
}

// Why the matrix units are not used; "" if they are.
static const char *find_units(struct tuff_backend *backend, struct vk_physical *physical, bool extensions,
                              VkDriverId driver)
{
    if (!backend->matrix)
        return "switched off (TUFF_VULKAN_MATRIX)";
    if (backend->min_limits)
        return "not among the specification's least";
    if (backend->gpu_assisted)
        return "left out under GPU-assisted validation";
    if (!extensions || !has_features(backend, physical))
        return "not offered by the driver";
    struct traits traits = {.vendor = physical->properties.vendorID, .driver = driver};
    if (!find_subgroups(backend, physical, &traits) || !find_fragment(backend, physical))
        return "none that multiply float16 and sum float32 in a subgroup";
    for (size_t i = 0; i < sizeof allow_list / sizeof *allow_list; i++)
        if (allow_list[i].applies(&traits) && !allow_list[i].allowed(&traits))
            return allow_list[i].reason;
    return "";
}

void vk_matrix_probe(struct tuff_backend *backend, struct vk_physical *physical, bool extensions,
                     VkDriverId driver)
{
    const char *missing = find_units(backend, physical, extensions, driver);
    snprintf(physical->matrix.missing, sizeof physical->matrix.missing, "%s", missing);
}

bool vk_matrix_ready(struct tuff_device *device)
{
    if (device->matrix != VK_MATRIX_UNKNOWN)
        return device->matrix == VK_MATRIX_READY;
    device->matrix = VK_MATRIX_ABSENT;
    if (device->physical->matrix.missing[0])
        return false;
    device->matrix = VK_MATRIX_READY; // for the check itself
    const char *wrong = NULL;
    device->attempting = true;
    enum tuff_status status = vk_matrix_check(device, &wrong);
    device->attempting = false;
    if (status == TUFF_OK && !wrong)
        return true;
    device->matrix = VK_MATRIX_ABSENT;
    vk_log(device->backend, TUFF_LOG_WARNING,
           "%s: its matrix units are left unused: %s %s; products of float16 are slower without them",
           device->physical->properties.deviceName, wrong ? wrong : "the self-check",
           wrong ? "gave wrong values in the self-check" : "failed");
    return false;
}
