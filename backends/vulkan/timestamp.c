#include "arithmetic.h"
#include "stream.h"

static enum tuff_status record(struct tuff_stream *stream, uint32_t slot)
{
    VkCommandBuffer commands = stream->recording.commands;
    enum tuff_status status = vk_deferred_flush(stream->device, &stream->recording, &stream->deferred);
    if (status != TUFF_OK)
        return status;
    stream->device->vk.CmdResetQueryPool(commands, stream->queries, slot, 1);
    stream->device->vk.CmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, stream->queries,
                                         slot);
    stream->queries_written |= UINT64_C(1) << slot;
    return TUFF_OK;
}

enum tuff_status vk_query_nanoseconds(struct tuff_device *device, VkQueryPool pool, uint32_t query,
                                      const char *what, uint32_t number, uint64_t *nanoseconds)
{
    uint64_t ticks = 0;
    VkResult result = device->vk.GetQueryPoolResults(device->handle, pool, query, 1, sizeof ticks, &ticks,
                                                     sizeof ticks, VK_QUERY_RESULT_64_BIT);
    if (result == VK_NOT_READY)
        return vk_error(device->backend, TUFF_ERROR_INVALID, "%s %u is read before stream_wait", what,
                        number);
    enum tuff_status status = vk_check(device, result, "vkGetQueryPoolResults");
    if (status != TUFF_OK)
        return status;
    const uint32_t bits = device->physical->timestamp_bits;
    const uint64_t mask = bits < 64 ? (UINT64_C(1) << bits) - 1 : UINT64_MAX;
    // Counted from shortly before the first that was read, or rather from so long that what is read later may
    // have been written earlier: a counter may stand at nanoseconds since 1970, which a double does not hold,
    // or be about to begin anew.
    const uint64_t before = vk_least(mask / 2, UINT64_C(1) << 40);
    if (!device->timestamp_origin_known)
        device->timestamp_origin = (ticks - before) & mask;
    device->timestamp_origin_known = true;
    ticks = (ticks - device->timestamp_origin) & mask;
    *nanoseconds = (uint64_t)((double)ticks * (double)device->physical->properties.limits.timestampPeriod);
    return TUFF_OK;
}

enum tuff_status vk_stream_timestamp(struct tuff_stream *stream, uint32_t slot)
{
    struct tuff_device *device = stream->device;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    if (stream->queries == VK_NULL_HANDLE)
        return vk_error(device->backend, TUFF_ERROR_UNSUPPORTED, "%s: the queue has no timestamps",
                        device->physical->properties.deviceName);
    if (slot >= VK_TIMESTAMP_SLOTS)
        return vk_error(device->backend, TUFF_ERROR_INVALID, "timestamp slot %u: there are %u", slot,
                        (unsigned)VK_TIMESTAMP_SLOTS);
    if (stream->state == VK_STREAM_CAPTURING)
        return vk_error(device->backend, TUFF_ERROR_UNSUPPORTED, "stream_timestamp: not within a capture");
    if (stream->state != VK_STREAM_IDLE)
        return record(stream, slot);
    // Between replays: a submission of its own.
    status = vk_stream_begin(stream);
    if (status == TUFF_OK)
        status = record(stream, slot);
    return status == TUFF_OK ? vk_stream_submit(stream) : status;
}

enum tuff_status vk_stream_timestamp_read(struct tuff_stream *stream, uint32_t slot, uint64_t *nanoseconds)
{
    struct tuff_device *device = stream->device;
    *nanoseconds = 0;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    if (slot >= VK_TIMESTAMP_SLOTS || !(stream->queries_written >> slot & 1u))
        return vk_error(device->backend, TUFF_ERROR_INVALID, "timestamp slot %u was not written", slot);
    return vk_query_nanoseconds(device, stream->queries, slot, "timestamp slot", slot, nanoseconds);
}
