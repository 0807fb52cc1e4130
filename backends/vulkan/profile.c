#include "profile.h"

#include <stdlib.h>
#include <string.h>

enum { POOL_QUERIES = 256 };

// Queries of one type in pools of one size, as many as come.
struct queries {
    VkQueryType type;
    VkQueryPool *pools;
    uint32_t count; // of pools
};

struct entry {
    const char *name;
    struct vk_served served;
};

struct vk_profile {
    struct tuff_device *device;
    struct queries clock;   // 0: before the first dispatch; i + 1: after dispatch i
    struct queries counter; // i: invocations of dispatch i
    struct entry *entries;
    uint32_t count, capacity;
};

// The pool that has the query, made and reset where it is the next one.
static enum tuff_status pool_of(const struct vk_profile *profile, struct queries *queries,
                                VkCommandBuffer commands, uint32_t query, VkQueryPool *pool)
{
    struct tuff_device *device = profile->device;
    const uint32_t index = query / POOL_QUERIES;
    if (index == queries->count) {
        VkQueryPool *more = realloc(queries->pools, (index + 1) * sizeof(*more));
        if (!more)
            return vk_error(device->backend, TUFF_ERROR_MEMORY, "no memory for a profile");
        queries->pools = more;
        const VkQueryPoolCreateInfo info = {
            .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
            .queryType = queries->type,
            .queryCount = POOL_QUERIES,
            .pipelineStatistics = queries->type == VK_QUERY_TYPE_PIPELINE_STATISTICS
                                      ? VK_QUERY_PIPELINE_STATISTIC_COMPUTE_SHADER_INVOCATIONS_BIT
                                      : 0,
        };
        enum tuff_status status = VK(device, CreateQueryPool(device->handle, &info, NULL, &more[index]));
        if (status != TUFF_OK)
            return status;
        queries->count++;
        device->vk.CmdResetQueryPool(commands, more[index], 0, POOL_QUERIES);
    }
    *pool = queries->pools[index];
    return TUFF_OK;
}

static enum tuff_status read_clock(struct vk_profile *profile, VkCommandBuffer commands, uint32_t query)
{
    VkQueryPool pool = VK_NULL_HANDLE;
    enum tuff_status status = pool_of(profile, &profile->clock, commands, query, &pool);
    if (status == TUFF_OK)
        profile->device->vk.CmdWriteTimestamp(commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT, pool,
                                              query % POOL_QUERIES);
    return status;
}

static bool counts(const struct vk_profile *profile)
{
    return profile->device->physical->statistics;
}

enum tuff_status vk_profile_before(struct vk_profile *profile, VkCommandBuffer commands)
{
    VkQueryPool pool = VK_NULL_HANDLE;
    if (!profile || !counts(profile))
        return TUFF_OK;
    enum tuff_status status = pool_of(profile, &profile->counter, commands, profile->count, &pool);
    if (status == TUFF_OK)
        profile->device->vk.CmdBeginQuery(commands, pool, profile->count % POOL_QUERIES, 0);
    return status;
}

static int ascending(const void *a, const void *b)
{
    const uint32_t *x = a, *y = b;
    return (*x > *y) - (*x < *y);
}

enum tuff_status vk_profile_after(struct vk_profile *profile, VkCommandBuffer commands, const char *name,
                                  const struct vk_served *served)
{
    if (!profile)
        return TUFF_OK;
    if (profile->count == profile->capacity) {
        const uint32_t capacity = profile->capacity ? 2 * profile->capacity : 64;
        struct entry *entries = realloc(profile->entries, capacity * sizeof(*entries));
        if (!entries)
            return vk_error(profile->device->backend, TUFF_ERROR_MEMORY, "no memory for a profile");
        profile->entries = entries;
        profile->capacity = capacity;
    }
    struct entry *entry = &profile->entries[profile->count];
    *entry = (struct entry){.name = name};
    if (served)
        entry->served = *served;
    qsort(entry->served.calls, entry->served.count, sizeof *entry->served.calls, ascending);
    if (counts(profile))
        profile->device->vk.CmdEndQuery(commands, profile->counter.pools[profile->count / POOL_QUERIES],
                                        profile->count % POOL_QUERIES);
    return read_clock(profile, commands, ++profile->count);
}

static void destroy_queries(const struct vk_profile *profile, struct queries *queries)
{
    struct tuff_device *device = profile->device;
    for (uint32_t i = 0; i < queries->count && !vk_device_hangs(device); i++)
        device->vk.DestroyQueryPool(device->handle, queries->pools[i], NULL);
    free(queries->pools);
}

void vk_profile_destroy(struct vk_profile **profile)
{
    struct vk_profile *p = *profile;
    if (!p)
        return;
    destroy_queries(p, &p->clock);
    destroy_queries(p, &p->counter);
    free(p->entries);
    free(p);
    *profile = NULL;
}

static enum tuff_status start(struct tuff_stream *stream)
{
    struct tuff_capture *capture = stream->capturing;
    struct vk_profile *profile = calloc(1, sizeof *profile);
    if (!profile)
        return vk_error(stream->device->backend, TUFF_ERROR_MEMORY, "no memory for a profile");
    profile->device = stream->device;
    profile->clock.type = VK_QUERY_TYPE_TIMESTAMP;
    profile->counter.type = VK_QUERY_TYPE_PIPELINE_STATISTICS;
    capture->profile = stream->recording.profile = profile;
    return read_clock(profile, stream->recording.commands, 0);
}

enum tuff_status vk_profile_begin(struct tuff_stream *stream)
{
    if (!stream->device->physical->timestamp_bits)
        return vk_error(stream->device->backend, TUFF_ERROR_UNSUPPORTED, "%s: the queue has no timestamps",
                        stream->device->physical->properties.deviceName);
    enum tuff_status status = vk_capture_begin(stream);
    if (status != TUFF_OK)
        return status;
    status = start(stream);
    if (status != TUFF_OK) {
        vk_capture_destroy(stream->capturing);
        stream->capturing = NULL;
        stream->state = VK_STREAM_IDLE;
    }
    return status;
}

enum tuff_status vk_profile_read(struct tuff_stream *stream, struct tuff_capture *capture, uint32_t index,
                                 struct tuff_dispatch_profile *dispatch)
{
    struct tuff_device *device = stream->device;
    const struct vk_profile *profile = capture->profile;
    enum tuff_status status = vk_device_usable(device);
    if (status != TUFF_OK)
        return status;
    if (!profile)
        return vk_error(device->backend, TUFF_ERROR_INVALID,
                        "profile_read: the capture was not begun by profile_begin");
    if (index >= profile->count)
        return TUFF_ERROR_NOT_FOUND;
    const struct entry *entry = &profile->entries[index];
    struct tuff_dispatch_profile whole = {
        .size = dispatch->size,
        .call_count = entry->served.count,
        .calls = entry->served.calls,
        .name = entry->name,
    };
    for (uint32_t i = 0; i < 2 && status == TUFF_OK; i++)
        status = vk_query_nanoseconds(device, profile->clock.pools[(index + i) / POOL_QUERIES],
                                      (index + i) % POOL_QUERIES, "dispatch", index,
                                      i == 0 ? &whole.begin : &whole.end);
    if (status == TUFF_OK && counts(profile))
        status = vk_check(device,
                          device->vk.GetQueryPoolResults(
                              device->handle, profile->counter.pools[index / POOL_QUERIES],
                              index % POOL_QUERIES, 1, sizeof whole.invocations, &whole.invocations,
                              sizeof whole.invocations, VK_QUERY_RESULT_64_BIT),
                          "vkGetQueryPoolResults");
    if (status == TUFF_OK)
        memcpy(dispatch, &whole, whole.size < sizeof whole ? whole.size : sizeof whole);
    return status;
}
