#include <stdlib.h>

#include "profile.h"
#include "tune.h"

// A submission of this length hides its own cost, and is far from any watchdog.
#define VK_SUBMISSION_NANOSECONDS UINT64_C(10000000)
// A replay that takes longer, or may do so, is submitted part by part: a driver's watchdog looks at
// submissions, and some give a job no more than half a second.
#define VK_WHOLE_NANOSECONDS UINT64_C(50000000)

// Of one that takes even longer, or may do so, few parts are in the queue: some watchdogs (i915's, of 20
// seconds) and vk_device_wait count from when a job was submitted.
#define VK_LONG_NANOSECONDS UINT64_C(1000000000)

enum { VK_MAX_REPLAYS_PER_SUBMIT = 64 };

static enum tuff_status create_pool(struct tuff_capture *capture)
{
    struct tuff_device *device = capture->device;
    VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .queueFamilyIndex = device->physical->queue_family,
    };
    return VK(device, CreateCommandPool(device->handle, &pool, NULL, &capture->parts.pool));
}

// What a submission of several replays is made of.
static enum tuff_status list_replays(struct tuff_capture *capture)
{
    const struct vk_parts *parts = &capture->parts;
    capture->replays = calloc((size_t)VK_MAX_REPLAYS_PER_SUBMIT * parts->count, sizeof(*capture->replays));
    if (!capture->replays)
        return vk_error(capture->device->backend, TUFF_ERROR_MEMORY, "no memory for a capture");
    for (uint32_t i = 0; i < VK_MAX_REPLAYS_PER_SUBMIT * parts->count; i++)
        capture->replays[i] = parts->list[i % parts->count];
    return TUFF_OK;
}

enum tuff_status vk_capture_begin(struct tuff_stream *stream)
{
    struct tuff_device *device = stream->device;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    if (stream->state != VK_STREAM_IDLE)
        return vk_error(device->backend, TUFF_ERROR_INVALID,
                        "capture_begin: the stream is recording already");
    struct tuff_capture *capture = calloc(1, sizeof *capture);
    if (!capture)
        return vk_error(device->backend, TUFF_ERROR_MEMORY, "no memory for a capture");
    capture->device = device;
    capture->number = ++device->captures_made;
    capture->replays_per_submit = 1;
    capture->replay_nanoseconds = UINT64_MAX;
    device->capture_count++;
    status = create_pool(capture);
    if (status == TUFF_OK)
        status = vk_recording_begin_parts(device, &stream->recording, &capture->parts, &capture->descriptors,
                                          VK_COMMAND_BUFFER_USAGE_SIMULTANEOUS_USE_BIT);
    if (status != TUFF_OK) {
        vk_capture_destroy(capture);
        return status;
    }
    vk_stream_clear(stream);
    stream->capturing = capture;
    stream->calls = 0;
    stream->state = VK_STREAM_CAPTURING;
    return TUFF_OK;
}

enum tuff_status vk_capture_end(struct tuff_stream *stream, struct tuff_capture **capture_out)
{
    struct tuff_device *device = stream->device;
    *capture_out = NULL;
    if (stream->state != VK_STREAM_CAPTURING)
        return vk_error(device->backend, TUFF_ERROR_INVALID, "capture_end: no capture_begin before it");
    struct tuff_capture *capture = stream->capturing;
    // What is held back behind a call that failed is not worth recording, and timing.
    enum tuff_status status = stream->failure == TUFF_OK ? vk_program_flush(stream) : stream->failure;
    stream->capturing = NULL;
    stream->state = VK_STREAM_IDLE;
    if (status == TUFF_OK)
        status = vk_deferred_flush(device, &stream->recording, &stream->deferred);
    if (status == TUFF_OK)
        status = vk_recording_end(device, &stream->recording);
    if (status == TUFF_OK)
        status = list_replays(capture);
    if (status == TUFF_OK)
        status = vk_device_usable(device);
    if (status != TUFF_OK) {
        vk_stream_clear(stream);
        vk_capture_destroy(capture);
        return status;
    }
    vk_log(device->backend, TUFF_LOG_DEBUG,
           "%s: captured %u dispatches with %u barriers between them, in parts: %u",
           device->physical->properties.deviceName, stream->recording.dispatches, stream->recording.barriers,
           capture->parts.count);
    vk_tuning_conclude(device);
    *capture_out = capture;
    return TUFF_OK;
}

// Moves towards submissions of the wanted length, by no more than a doubling at a time.
static void calibrate(struct tuff_capture *capture, const struct vk_elapsed *elapsed)
{
    uint64_t one = elapsed->nanoseconds / elapsed->replays;
    if (!elapsed->at_most || one < capture->replay_nanoseconds)
        capture->replay_nanoseconds = one;
    uint64_t wanted = one ? VK_SUBMISSION_NANOSECONDS / one : VK_MAX_REPLAYS_PER_SUBMIT;
    uint64_t most = 2 * (uint64_t)capture->replays_per_submit;
    if (wanted > most)
        wanted = most;
    if (wanted > VK_MAX_REPLAYS_PER_SUBMIT)
        wanted = VK_MAX_REPLAYS_PER_SUBMIT;
    // Of what took less than is known, more can be said only if even that is short.
    if (elapsed->at_most && wanted <= capture->replays_per_submit)
        return;
    capture->replays_per_submit = wanted ? (uint32_t)wanted : 1;
}

// By what the stream has noted of its replays since it was asked last, the oldest first.
static void take_elapsed(struct tuff_stream *stream, struct tuff_capture *capture)
{
    for (uint32_t i = 0; i < VK_STREAM_SLOTS; i++) {
        struct vk_elapsed *elapsed = &stream->elapsed[(stream->next_elapsed + i) % VK_STREAM_SLOTS];
        if (elapsed->capture != capture->number)
            continue;
        calibrate(capture, elapsed);
        *elapsed = (struct vk_elapsed){0};
    }
}

// begun: parts of a step may run that no slot's fence tells of, and the rest of it never comes. A device that
// is lost runs nothing any more.
static enum tuff_status give_up(struct tuff_device *device, bool begun, enum tuff_status status)
{
    if (begun && !device->lost)
        device->lost = device->hung = true; // vk_device_hangs waits for them
    return status;
}

// Into the slot that was acquired.
static enum tuff_status submit_replays(struct tuff_stream *stream, const struct tuff_capture *capture,
                                       uint32_t replays)
{
    const struct vk_parts *parts = &capture->parts;
    const bool whole = capture->replay_nanoseconds <= VK_WHOLE_NANOSECONDS;
    const bool few = capture->replay_nanoseconds > VK_LONG_NANOSECONDS;
    uint32_t count = replays * parts->count;
    const VkCommandBuffer *next = capture->replays;
    for (enum tuff_status status; !whole && count > 1; next++, count--) {
        status = few ? vk_stream_launch_part(stream, *next)
                     : vk_device_submit(stream->device, next, 1, VK_NULL_HANDLE);
        if (status != TUFF_OK)
            return give_up(stream->device, next != capture->replays, status);
    }
    enum tuff_status status = vk_stream_launch(stream, next, count);
    return status == TUFF_OK ? status : give_up(stream->device, next != capture->replays, status);
}

enum tuff_status vk_capture_replay(struct tuff_stream *stream, struct tuff_capture *capture, uint32_t count)
{
    struct tuff_device *device = stream->device;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    if (stream->state != VK_STREAM_IDLE)
        return vk_error(device->backend, TUFF_ERROR_INVALID, "capture_replay: the stream is recording");
    while (count > 0) {
        struct vk_slot *slot = NULL;
        status = vk_stream_acquire(stream, &slot);
        if (status != TUFF_OK)
            return status;
        take_elapsed(stream, capture);
        uint32_t replays = count < capture->replays_per_submit ? count : capture->replays_per_submit;
        slot->capture = capture->number;
        slot->replays = replays;
        status = submit_replays(stream, capture, replays);
        if (status != TUFF_OK)
            return status;
        count -= replays;
    }
    return vk_device_usable(device);
}

void vk_capture_destroy(struct tuff_capture *capture)
{
    if (!capture)
        return;
    struct tuff_device *device = capture->device;
    vk_descriptors_destroy(device, &capture->descriptors);
    vk_profile_destroy(&capture->profile);
    if (!vk_device_hangs(device))
        device->vk.DestroyCommandPool(device->handle, capture->parts.pool, NULL);
    free(capture->parts.list);
    free(capture->replays);
    device->capture_count--;
    free(capture);
}
