#include "stream.h"

#include <stdlib.h>

static enum tuff_status create_parts(struct tuff_stream *stream)
{
    struct tuff_device *device = stream->device;
    VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = device->physical->queue_family,
    };
    enum tuff_status status = VK(device, CreateCommandPool(device->handle, &pool, NULL, &stream->pool));
    for (uint32_t i = 0; i < VK_STREAM_SLOTS && status == TUFF_OK; i++) {
        VkCommandBufferAllocateInfo commands = {
            .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
            .commandPool = stream->pool,
            .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
            .commandBufferCount = 1,
        };
        VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
        status = VK(device, AllocateCommandBuffers(device->handle, &commands, &stream->slots[i].commands));
        if (status == TUFF_OK)
            status = VK(device, CreateFence(device->handle, &fence, NULL, &stream->slots[i].fence));
    }
    for (uint32_t i = 0; i < VK_STREAM_PARTS && status == TUFF_OK; i++) {
        VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
        status = VK(device, CreateFence(device->handle, &fence, NULL, &stream->parts[i].fence));
    }
    if (status == TUFF_OK && device->physical->timestamp_bits) {
        VkQueryPoolCreateInfo queries = {
            .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
            .queryType = VK_QUERY_TYPE_TIMESTAMP,
            .queryCount = VK_TIMESTAMP_SLOTS,
        };
        status = VK(device, CreateQueryPool(device->handle, &queries, NULL, &stream->queries));
    }
    return status;
}

enum tuff_status vk_stream_create(struct tuff_device *device, struct tuff_stream **stream_out)
{
    *stream_out = NULL;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    struct tuff_stream *stream = calloc(1, sizeof *stream);
    if (!stream)
        return vk_error(device->backend, TUFF_ERROR_MEMORY, "no memory for a stream");
    stream->device = device;
    device->stream_count++;
    status = create_parts(stream);
    if (status != TUFF_OK) {
        vk_stream_destroy(stream);
        return status;
    }
    *stream_out = stream;
    return TUFF_OK;
}

void vk_stream_destroy(struct tuff_stream *stream)
{
    if (!stream)
        return;
    struct tuff_device *device = stream->device;
    for (uint32_t i = 0; i < VK_STREAM_SLOTS && !vk_device_hangs(device); i++) {
        struct vk_slot *slot = &stream->slots[(stream->next + i) % VK_STREAM_SLOTS];
        // A failure has been logged, and what follows asks only whether the device hangs.
        if (slot->in_flight && vk_device_wait(device, slot->fence) == TUFF_OK)
            slot->in_flight = false;
    }
    for (uint32_t i = 0; i < VK_STREAM_PARTS && !vk_device_hangs(device); i++)
        if (stream->parts[i].in_flight && vk_device_wait(device, stream->parts[i].fence) == TUFF_OK)
            stream->parts[i].in_flight = false;
    vk_capture_destroy(stream->capturing);
    vk_program_destroy(&stream->program);
    for (uint32_t i = 0; i < VK_STREAM_SLOTS; i++) {
        vk_descriptors_destroy(device, &stream->slots[i].descriptors);
        if (!vk_device_hangs(device))
            device->vk.DestroyFence(device->handle, stream->slots[i].fence, NULL);
    }
    for (uint32_t i = 0; i < VK_STREAM_PARTS && !vk_device_hangs(device); i++)
        device->vk.DestroyFence(device->handle, stream->parts[i].fence, NULL);
    if (!vk_device_hangs(device)) {
        device->vk.DestroyQueryPool(device->handle, stream->queries, NULL);
        device->vk.DestroyCommandPool(device->handle, stream->pool, NULL);
    }
    device->stream_count--;
    free(stream);
}

// nanoseconds: of the slot's submission on the device.
static void note_elapsed(struct tuff_stream *stream, const struct vk_slot *slot, uint64_t nanoseconds,
                         bool at_most)
{
    if (slot->capture == 0 || nanoseconds == 0)
        return;
    stream->elapsed[stream->next_elapsed] = (struct vk_elapsed){
        .capture = slot->capture, .replays = slot->replays, .nanoseconds = nanoseconds, .at_most = at_most};
    stream->next_elapsed = (stream->next_elapsed + 1) % VK_STREAM_SLOTS;
}

enum tuff_status vk_stream_acquire(struct tuff_stream *stream, struct vk_slot **slot_out)
{
    struct tuff_device *device = stream->device;
    struct vk_slot *slot = &stream->slots[stream->next];
    *slot_out = slot;
    if (slot->in_flight) {
        bool waited = device->vk.WaitForFences(device->handle, 1, &slot->fence, VK_TRUE, 0) == VK_TIMEOUT;
        enum tuff_status status = vk_device_wait(device, slot->fence);
        if (status != TUFF_OK)
            return status;
        slot->in_flight = false;
        // Between two ends that were both waited for, the device was busy with the later submission alone.
        const uint64_t now = vk_host_nanoseconds();
        if (!waited)
            note_elapsed(stream, slot, now - slot->begun, true);
        else if (stream->last_done)
            note_elapsed(stream, slot, now - stream->last_done, false);
        stream->last_done = waited ? now : 0;
    }
    slot->capture = 0;
    slot->begun = vk_host_nanoseconds();
    enum tuff_status status = VK(device, ResetFences(device->handle, 1, &slot->fence));
    if (status == TUFF_OK)
        status = vk_descriptors_reset(device, &slot->descriptors);
    return status;
}

enum tuff_status vk_stream_launch(struct tuff_stream *stream, const VkCommandBuffer *commands, uint32_t count)
{
    struct vk_slot *slot = &stream->slots[stream->next];
    enum tuff_status status = vk_device_submit(stream->device, commands, count, slot->fence);
    if (status != TUFF_OK)
        return status;
    slot->in_flight = true;
    stream->next = (stream->next + 1) % VK_STREAM_SLOTS;
    return TUFF_OK;
}

enum tuff_status vk_stream_launch_part(struct tuff_stream *stream, VkCommandBuffer commands)
{
    struct tuff_device *device = stream->device;
    struct vk_part *part = &stream->parts[stream->next_part];
    enum tuff_status status = part->in_flight ? vk_device_wait(device, part->fence) : TUFF_OK;
    if (status == TUFF_OK && part->in_flight)
        status = VK(device, ResetFences(device->handle, 1, &part->fence));
    if (status != TUFF_OK)
        return status;
    part->in_flight = false;
    status = vk_device_submit(device, &commands, 1, part->fence);
    if (status != TUFF_OK)
        return status;
    part->in_flight = true;
    stream->next_part = (stream->next_part + 1) % VK_STREAM_PARTS;
    return TUFF_OK;
}

void vk_stream_clear(struct tuff_stream *stream)
{
    vk_program_forget(&stream->program);
    stream->deferred.present = false;
    stream->failure = TUFF_OK;
}

enum tuff_status vk_stream_begin(struct tuff_stream *stream)
{
    struct tuff_device *device = stream->device;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    if (stream->state != VK_STREAM_IDLE)
        return vk_error(device->backend, TUFF_ERROR_INVALID, "stream_begin: the stream is recording already");
    struct vk_slot *slot = NULL;
    status = vk_stream_acquire(stream, &slot);
    if (status != TUFF_OK)
        return status;
    vk_stream_clear(stream);
    status = vk_recording_begin(device, &stream->recording, slot->commands, &slot->descriptors,
                                VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
    if (status == TUFF_OK)
        stream->state = VK_STREAM_RECORDING;
    return status;
}

enum tuff_status vk_stream_submit(struct tuff_stream *stream)
{
    struct tuff_device *device = stream->device;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    if (stream->state != VK_STREAM_RECORDING)
        return vk_error(device->backend, TUFF_ERROR_INVALID, "stream_submit: no stream_begin before it");
    stream->state = VK_STREAM_IDLE;
    VkCommandBuffer commands = stream->recording.commands;
    status = vk_deferred_flush(device, &stream->recording, &stream->deferred);
    if (status == TUFF_OK)
        status = vk_recording_end(device, &stream->recording);
    if (status == TUFF_OK)
        status = vk_stream_launch(stream, &commands, 1);
    return status == TUFF_OK ? vk_device_usable(device) : status;
}

enum tuff_status vk_stream_wait(struct tuff_stream *stream)
{
    struct tuff_device *device = stream->device;
    enum tuff_status status = vk_device_usable(device);
    for (uint32_t i = 0; i < VK_STREAM_SLOTS && status == TUFF_OK; i++) {
        struct vk_slot *slot = &stream->slots[(stream->next + i) % VK_STREAM_SLOTS];
        if (!slot->in_flight)
            continue;
        status = vk_device_wait(device, slot->fence);
        if (status == TUFF_OK) {
            slot->in_flight = false;
            note_elapsed(stream, slot, vk_host_nanoseconds() - slot->begun, true);
        }
    }
    stream->last_done = 0;
    return status == TUFF_OK ? vk_device_usable(device) : status;
}

enum tuff_status vk_dispatch(struct tuff_stream *stream, const struct vk_dispatch *dispatch)
{
    enum tuff_status status = vk_device_usable(stream->device);
    if (status != TUFF_OK)
        return status;
    if (stream->state == VK_STREAM_IDLE)
        return vk_error(stream->device->backend, TUFF_ERROR_INVALID,
                        "a kernel was called outside of stream_begin and stream_submit");
    if (stream->state == VK_STREAM_CAPTURING && stream->failure != TUFF_OK)
        return stream->failure; // the command buffer may be none any more
    status = vk_program_flush(stream);
    if (status == TUFF_OK)
        status = vk_deferred_push(stream->device, &stream->recording, &stream->deferred, dispatch,
                                  &stream->served);
    if (status != TUFF_OK)
        stream->failure = status;
    return status;
}

void vk_stream_call(struct tuff_stream *stream)
{
    stream->served = (struct vk_served){.count = 1, .calls = {stream->calls++}};
}
