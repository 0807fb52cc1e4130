#include "profile.h"

#include <stdlib.h>
#include <string.h>

void vk_served_add(struct vk_served *served, uint32_t call)
{
    if (served->count < VK_MAX_SERVED)
        served->calls[served->count++] = call;
}

struct vk_range vk_range_of(const struct tuff_tensor *tensor)
{
    return (struct vk_range){.buffer = tensor->buffer,
                             .offset = tensor->offset,
                             .bytes = (tuff_tensor_bytes(tensor) + 3) & ~UINT64_C(3),
                             .half = tensor->dtype == TUFF_F16};
}

struct vk_range vk_range_within(const struct tuff_tensor *tensor, uint64_t offset, uint64_t bytes)
{
    return (struct vk_range){.buffer = tensor->buffer, .offset = tensor->offset + offset, .bytes = bytes};
}

struct vk_range vk_uniform_of(const struct tuff_tensor *tensor)
{
    struct vk_range range = vk_range_of(tensor);
    uint64_t bytes = (range.bytes + 15) & ~UINT64_C(15);
    uint64_t rest = tensor->buffer->bytes - tensor->offset;
    range.bytes = bytes < rest ? bytes : rest;
    return range;
}

static void barrier(struct tuff_device *device, struct vk_recording *recording,
                    VkPipelineStageFlags from_stages, VkAccessFlags from)
{
    VkMemoryBarrier memory = {
        .sType = VK_STRUCTURE_TYPE_MEMORY_BARRIER,
        .srcAccessMask = from,
        .dstAccessMask = VK_ACCESS_SHADER_READ_BIT | VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_UNIFORM_READ_BIT,
    };
    device->vk.CmdPipelineBarrier(recording->commands, from_stages, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, 0,
                                  1, &memory, 0, NULL, 0, NULL);
    vk_hazards_clear(&recording->hazards);
}

static enum tuff_status begin_commands(struct tuff_device *device, struct vk_recording *recording,
                                       VkCommandBuffer commands)
{
    const VkCommandBufferBeginInfo begin = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_BEGIN_INFO,
        .flags = recording->usage,
    };
    enum tuff_status status = VK(device, BeginCommandBuffer(commands, &begin));
    if (status != TUFF_OK)
        return status;
    recording->commands = commands;
    recording->bound = VK_NULL_HANDLE;
    recording->dispatches_in_part = 0;
    barrier(device, recording, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT | VK_PIPELINE_STAGE_TRANSFER_BIT,
            VK_ACCESS_SHADER_WRITE_BIT | VK_ACCESS_TRANSFER_WRITE_BIT);
    return TUFF_OK;
}

enum tuff_status vk_recording_begin(struct tuff_device *device, struct vk_recording *recording,
                                    VkCommandBuffer commands, struct vk_descriptors *descriptors,
                                    VkCommandBufferUsageFlags usage)
{
    memset(recording, 0, sizeof *recording);
    recording->usage = usage;
    recording->descriptors = descriptors;
    return begin_commands(device, recording, commands);
}

enum tuff_status vk_parts_add(struct tuff_device *device, struct vk_parts *parts, VkCommandBuffer *commands)
{
    VkCommandBuffer *list = realloc(parts->list, (parts->count + 1) * sizeof(*list));
    if (!list)
        return vk_device_error(device, TUFF_ERROR_MEMORY, "no memory for a capture");
    parts->list = list;
    const VkCommandBufferAllocateInfo info = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = parts->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    enum tuff_status status = VK(device, AllocateCommandBuffers(device->handle, &info, commands));
    if (status == TUFF_OK)
        list[parts->count++] = *commands;
    return status;
}

enum tuff_status vk_recording_begin_parts(struct tuff_device *device, struct vk_recording *recording,
                                          struct vk_parts *parts, struct vk_descriptors *descriptors,
                                          VkCommandBufferUsageFlags usage)
{
    VkCommandBuffer commands = NULL;
    enum tuff_status status = vk_parts_add(device, parts, &commands);
    if (status == TUFF_OK)
        status = vk_recording_begin(device, recording, commands, descriptors, usage);
    recording->parts = parts;
    return status;
}

static enum tuff_status begin_next_part(struct tuff_device *device, struct vk_recording *recording)
{
    VkCommandBuffer commands = NULL;
    enum tuff_status status = vk_recording_end(device, recording);
    if (status == TUFF_OK)
        status = vk_parts_add(device, recording->parts, &commands);
    return status == TUFF_OK ? begin_commands(device, recording, commands) : status;
}

static enum tuff_status bind_buffers(struct tuff_device *device, struct vk_recording *recording,
                                     const struct vk_pipeline *pipeline, const struct vk_dispatch *dispatch)
{
    const struct vk_kernel *kernel = dispatch->kernel;
    VkDescriptorSet set = VK_NULL_HANDLE;
    enum tuff_status status =
        vk_descriptors_allocate(device, recording->descriptors, pipeline->set_layout, &set);
    if (status != TUFF_OK)
        return status;
    VkDescriptorBufferInfo buffers[VK_MAX_STORAGE + 1];
    VkWriteDescriptorSet writes[VK_MAX_STORAGE + 1];
    uint32_t count = 0;
    for (uint32_t i = 0; i < kernel->storage_count + (kernel->uniform ? 1u : 0u); i++) {
        bool is_uniform = i == kernel->storage_count;
        struct vk_range range = is_uniform ? dispatch->uniform : dispatch->storage[i];
        buffers[count] = (VkDescriptorBufferInfo){range.buffer->handle, range.offset, range.bytes};
        writes[count] = (VkWriteDescriptorSet){
            .sType = VK_STRUCTURE_TYPE_WRITE_DESCRIPTOR_SET,
            .dstSet = set,
            .dstBinding = is_uniform ? VK_MAX_STORAGE : i,
            .descriptorCount = 1,
            .descriptorType =
                is_uniform ? VK_DESCRIPTOR_TYPE_UNIFORM_BUFFER : VK_DESCRIPTOR_TYPE_STORAGE_BUFFER,
            .pBufferInfo = &buffers[count],
        };
        count++;
    }
    device->vk.UpdateDescriptorSets(device->handle, count, writes, 0, NULL);
    device->vk.CmdBindDescriptorSets(recording->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline->layout, 0,
                                     1, &set, 0, NULL);
    return TUFF_OK;
}

static void order_after_hazards(struct tuff_device *device, struct vk_recording *recording,
                                const struct vk_dispatch *dispatch)
{
    const struct vk_kernel *kernel = dispatch->kernel;
    struct vk_access accesses[VK_MAX_STORAGE + 1];
    uint32_t count = 0;
    for (uint32_t i = 0; i < kernel->storage_count; i++) {
        const struct vk_range *range = &dispatch->storage[i];
        accesses[count++] = (struct vk_access){range->buffer, range->offset, range->offset + range->bytes,
                                               (kernel->written >> i & 1u) != 0};
    }
    if (kernel->uniform) {
        struct vk_range range = dispatch->uniform;
        accesses[count++] = (struct vk_access){range.buffer, range.offset, range.offset + range.bytes, false};
    }
    if (vk_hazards_conflict(&recording->hazards, accesses, count)) {
        barrier(device, recording, VK_PIPELINE_STAGE_COMPUTE_SHADER_BIT, VK_ACCESS_SHADER_WRITE_BIT);
        recording->barriers++;
    }
    vk_hazards_add(&recording->hazards, accesses, count);
}

// Whether the kernel is to take its tensors as float16. Those that it has so are so all at once.
static bool uses_half(const struct vk_dispatch *dispatch)
{
    bool half = false;
    for (uint32_t i = 0; i < dispatch->kernel->storage_count; i++)
        half = half || dispatch->storage[i].half;
    return half;
}

enum tuff_status vk_recording_dispatch(struct tuff_device *device, struct vk_recording *recording,
                                       const struct vk_dispatch *dispatch, const struct vk_served *served)
{
    // A flat number of groups as a grid: rows of at most 2^15, which every device takes. The last row may be
    // too long; shaders leave what lies beyond their work.
    const uint64_t row = 32768;
    uint64_t groups_x = dispatch->groups < row ? dispatch->groups : row;
    uint64_t groups_y = (dispatch->groups + groups_x - 1) / groups_x;
    if (groups_y > device->physical->limits.groups)
        return vk_device_error(
            device, TUFF_ERROR_UNSUPPORTED, "%s: %llu workgroups are more than a dispatch takes",
            vk_shaders[dispatch->kernel->shader].name, (unsigned long long)dispatch->groups);
    const struct vk_pipeline *pipeline = NULL;
    enum tuff_status status =
        vk_pipeline_get(device, dispatch->kernel, uses_half(dispatch), dispatch->constants, &pipeline);
    if (status != TUFF_OK)
        return status;
    if (recording->parts && recording->dispatches_in_part == VK_PART_DISPATCHES)
        status = begin_next_part(device, recording);
    if (status != TUFF_OK)
        return status;
    order_after_hazards(device, recording, dispatch);
    if (recording->bound != pipeline->handle) {
        device->vk.CmdBindPipeline(recording->commands, VK_PIPELINE_BIND_POINT_COMPUTE, pipeline->handle);
        recording->bound = pipeline->handle;
    }
    status = bind_buffers(device, recording, pipeline, dispatch);
    if (status != TUFF_OK)
        return status;
    if (dispatch->kernel->push_bytes)
        device->vk.CmdPushConstants(recording->commands, pipeline->layout, VK_SHADER_STAGE_COMPUTE_BIT, 0,
                                    dispatch->kernel->push_bytes, dispatch->push);
    status = vk_profile_before(recording->profile, recording->commands);
    if (status != TUFF_OK)
        return status;
    device->vk.CmdDispatch(recording->commands, (uint32_t)groups_x, (uint32_t)groups_y, 1);
    recording->dispatches++;
    recording->dispatches_in_part++;
    return vk_profile_after(recording->profile, recording->commands,
                            vk_shaders[dispatch->kernel->shader].name, served);
}

enum tuff_status vk_recording_end(struct tuff_device *device, struct vk_recording *recording)
{
    VkCommandBuffer commands = recording->commands;
    recording->commands = NULL;
    return VK(device, EndCommandBuffer(commands));
}
