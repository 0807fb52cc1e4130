#include "pipeline.h"

#include <stdlib.h>
#include <string.h>

#include "device.h"

enum tuff_status vk_pipelines_create(struct tuff_device *device)
{
    size_t bytes = 0;
    void *data = vk_pipeline_cache_load(device, &bytes);
    VkPipelineCacheCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_CACHE_CREATE_INFO,
        .initialDataSize = bytes,
        .pInitialData = data,
    };
    enum tuff_status status =
        VK(device, CreatePipelineCache(device->handle, &info, NULL, &device->pipelines.cache));
    free(data);
    return status;
}

static void destroy_pipeline(struct tuff_device *device, struct vk_pipeline *pipeline)
{
    device->vk.DestroyPipeline(device->handle, pipeline->handle, NULL);
    device->vk.DestroyPipelineLayout(device->handle, pipeline->layout, NULL);
    device->vk.DestroyDescriptorSetLayout(device->handle, pipeline->set_layout, NULL);
    free(pipeline);
}

static void store_cache(struct tuff_device *device)
{
    size_t bytes = 0;
    if (device->vk.GetPipelineCacheData(device->handle, device->pipelines.cache, &bytes, NULL) != VK_SUCCESS)
        return;
    void *data = malloc(bytes ? bytes : 1);
    if (data &&
        device->vk.GetPipelineCacheData(device->handle, device->pipelines.cache, &bytes, data) == VK_SUCCESS)
        vk_pipeline_cache_store(device, data, bytes);
    free(data);
}

void vk_pipelines_destroy(struct tuff_device *device)
{
    struct vk_pipelines *pipelines = &device->pipelines;
    if (pipelines->cache != VK_NULL_HANDLE && pipelines->cache_dirty && !device->lost)
        store_cache(device);
    for (uint32_t i = 0; i < pipelines->count; i++)
        destroy_pipeline(device, pipelines->items[i]);
    free(pipelines->items);
    device->vk.DestroyPipelineCache(device->handle, pipelines->cache, NULL);
    memset(pipelines, 0, sizeof *pipelines);
}

static enum tuff_status create_layouts(struct tuff_device *device, struct vk_pipeline *pipeline)
{
    const struct vk_kernel *kernel = pipeline->kernel;
    VkDescriptorSetLayoutBinding bindings[VK_MAX_STORAGE + 1];
    uint32_t count = 0;
    for (uint32_t i = 0; i < kernel->storage_count; i++)
        bindings[count++] = (VkDescriptorSetLayoutBinding){
            .binding = i,
            .descriptorType = VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .descriptorCount = 1,
            .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
        };
    if (kernel->uniform)
        bindings[count++] = (VkDescriptorSetLayoutBinding){
            .binding = VK_MAX_STORAGE,
            .descriptorType = VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER,
            .descriptorCount = 1,
            .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT,
        };
    VkDescriptorSetLayoutCreateInfo set = {
        .sType = VK_STRUCTURE_TYPE_DESCRIPTOR_SET_LAYOUT_CREATE_INFO,
        .bindingCount = count,
        .pBindings = bindings,
    };
    enum tuff_status status =
        VK(device, CreateDescriptorSetLayout(device->handle, &set, NULL, &pipeline->set_layout));
    if (status != TUFF_OK)
        return status;
    VkPushConstantRange push = {
        .stageFlags = VK_SHADER_STAGE_COMPUTE_BIT, .offset = 0, .size = kernel->push_bytes};
    VkPipelineLayoutCreateInfo layout = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_LAYOUT_CREATE_INFO,
        .setLayoutCount = 1,
        .pSetLayouts = &pipeline->set_layout,
        .pushConstantRangeCount = kernel->push_bytes ? 1 : 0,
        .pPushConstantRanges = &push,
    };
    return VK(device, CreatePipelineLayout(device->handle, &layout, NULL, &pipeline->layout));
}

static enum tuff_status create_pipeline(struct tuff_device *device, struct vk_pipeline *pipeline)
{
    enum tuff_status status = create_layouts(device, pipeline);
    if (status != TUFF_OK)
        return status;
    const struct vk_kernel *kernel = pipeline->kernel;
    const struct vk_shader_code *code = &vk_shaders[kernel->shader];
    const struct vk_matrix_code *matrix = &vk_matrix_shaders[kernel->shader];
    VkShaderModuleCreateInfo module_info = {
        .sType = VK_STRUCTURE_TYPE_SHADER_MODULE_CREATE_INFO,
        .codeSize = kernel->matrix   ? matrix->bytes
                    : pipeline->half ? code->half_bytes
                                     : code->bytes,
        .pCode = kernel->matrix   ? matrix->words
                 : pipeline->half ? code->half_words
                                  : code->words,
    };
    VkShaderModule module = VK_NULL_HANDLE;
    status = VK(device, CreateShaderModule(device->handle, &module_info, NULL, &module));
    if (status != TUFF_OK)
        return status;
    VkSpecializationMapEntry entries[VK_MAX_CONSTANTS];
    for (uint32_t i = 0; i < kernel->constant_count; i++)
        entries[i] = (VkSpecializationMapEntry){
            .constantID = i, .offset = i * (uint32_t)sizeof(uint32_t), .size = sizeof(uint32_t)};
    VkSpecializationInfo specialization = {
        .mapEntryCount = kernel->constant_count,
        .pMapEntries = entries,
        .dataSize = kernel->constant_count * sizeof(uint32_t),
        .pData = pipeline->constants,
    };
    // Matrix units share a tile by subgroups, and so need to know their size.
    VkPipelineShaderStageRequiredSubgroupSizeCreateInfoEXT subgroups = {
        .sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_REQUIRED_SUBGROUP_SIZE_CREATE_INFO_EXT,
        .requiredSubgroupSize = device->physical->matrix.subgroup_size,
    };
    VkComputePipelineCreateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMPUTE_PIPELINE_CREATE_INFO,
        .stage = {.sType = VK_STRUCTURE_TYPE_PIPELINE_SHADER_STAGE_CREATE_INFO,
                  .pNext = kernel->matrix ? &subgroups : NULL,
                  .flags =
                      kernel->matrix ? VK_PIPELINE_SHADER_STAGE_CREATE_REQUIRE_FULL_SUBGROUPS_BIT_EXT : 0,
                  .stage = VK_SHADER_STAGE_COMPUTE_BIT,
                  .module = module,
                  .pName = "main",
                  .pSpecializationInfo = &specialization},
        .layout = pipeline->layout,
    };
    status = VK(device, CreateComputePipelines(device->handle, device->pipelines.cache, 1, &info, NULL,
                                               &pipeline->handle));
    device->vk.DestroyShaderModule(device->handle, module, NULL);
    if (status != TUFF_OK)
        return status;
    device->pipelines.cache_dirty = true;
    vk_log(device->backend, TUFF_LOG_DEBUG, "%s: pipeline %s made", device->physical->properties.deviceName,
           code->name);
    return TUFF_OK;
}

enum tuff_status vk_pipeline_get(struct tuff_device *device, const struct vk_kernel *kernel, bool half,
                                 const uint32_t *constants, const struct vk_pipeline **pipeline_out)
{
    struct vk_pipelines *pipelines = &device->pipelines;
    half = half && vk_shaders[kernel->shader].half_words != NULL;
    const size_t constant_bytes = kernel->constant_count * sizeof *constants;
    for (uint32_t i = 0; i < pipelines->count; i++) {
        struct vk_pipeline *pipeline = pipelines->items[i];
        if (pipeline->kernel == kernel && pipeline->half == half &&
            memcmp(pipeline->constants, constants, constant_bytes) == 0) {
            *pipeline_out = pipeline;
            return TUFF_OK;
        }
    }
    if (pipelines->count == pipelines->capacity) {
        uint32_t capacity = pipelines->capacity ? 2 * pipelines->capacity : 32;
        struct vk_pipeline **items = realloc(pipelines->items, capacity * sizeof(*items));
        if (!items)
            return vk_device_error(device, TUFF_ERROR_MEMORY, "no memory for %u pipelines", capacity);
        pipelines->items = items;
        pipelines->capacity = capacity;
    }
    struct vk_pipeline *pipeline = calloc(1, sizeof *pipeline);
    if (!pipeline)
        return vk_device_error(device, TUFF_ERROR_MEMORY, "no memory for a pipeline");
    pipeline->kernel = kernel;
    pipeline->half = half;
    memcpy(pipeline->constants, constants, constant_bytes);
    enum tuff_status status = create_pipeline(device, pipeline);
    if (status != TUFF_OK) {
        destroy_pipeline(device, pipeline);
        return status;
    }
    pipelines->items[pipelines->count++] = pipeline;
    *pipeline_out = pipeline;
    return TUFF_OK;
}
