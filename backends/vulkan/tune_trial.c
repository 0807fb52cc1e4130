#include "tune_trial.h"

#include <stdlib.h>
#include <string.h>

#include "arithmetic.h"

// -- Memory

// Numbers of this many bytes are made on the host; the device repeats them. Not a power of two, so that rows
// of an operand differ.
enum { PATTERN_BYTES = 999 << 10 };

// Numbers from -1 to 1 whose sums must be rounded: random signs and fractions, one exponent, in float32 or
// float16.
static void make_pattern(uint32_t *words, bool half)
{
    uint32_t state = 2463534242u;
    for (size_t i = 0; i < PATTERN_BYTES / sizeof *words; i++) {
        state ^= state << 13; // Marsaglia's xorshift
        state ^= state >> 17;
        state ^= state << 5;
        words[i] = half ? (state & 0x83ff83ffu) | 0x38003800u : (state & 0x807fffffu) | 0x3f000000u;
    }
}

static enum tuff_status fill_operand(struct tuff_buffer *memory, struct vk_range range)
{
    uint32_t *pattern = malloc(PATTERN_BYTES);
    if (!pattern)
        return TUFF_ERROR_MEMORY;
    make_pattern(pattern, range.half);
    uint64_t done = vk_least(range.bytes, PATTERN_BYTES);
    enum tuff_status status = vk_buffer_write(memory, range.offset, pattern, done);
    free(pattern);
    while (status == TUFF_OK && done < range.bytes) {
        const uint64_t part = vk_least(done, range.bytes - done);
        status = vk_buffer_copy(memory, range.offset + done, memory, range.offset, part);
        done += part;
    }
    return status;
}

static bool is_result(const struct vk_kernel *kernel, uint32_t i)
{
    return (kernel->written >> i & 1u) != 0;
}

// The first binding that shows what binding i does.
static uint32_t first_alike(const struct vk_dispatch *dispatch, uint32_t i)
{
    for (uint32_t j = 0; j < i; j++)
        if (dispatch->storage[j].buffer == dispatch->storage[i].buffer &&
            dispatch->storage[j].offset == dispatch->storage[i].offset &&
            dispatch->storage[j].bytes == dispatch->storage[i].bytes)
            return j;
    return i;
}

// Lays the bindings out, one behind the other, as `ranges` without a buffer; their bytes together.
static uint64_t lay_out(const struct tuff_device *device, const struct vk_dispatch *dispatch,
                        struct vk_range ranges[VK_MAX_STORAGE])
{
    const uint64_t alignment = device->physical->limits.alignment;
    uint64_t end = 0;
    for (uint32_t i = 0; i < dispatch->kernel->storage_count; i++) {
        const uint32_t first = first_alike(dispatch, i);
        ranges[i] = dispatch->storage[i];
        ranges[i].buffer = NULL;
        ranges[i].offset = first == i ? end : ranges[first].offset;
        if (first == i)
            end += (ranges[i].bytes + alignment - 1) / alignment * alignment;
    }
    return end;
}

static bool has_room(struct tuff_device *device, uint64_t bytes)
{
    struct tuff_device_memory memory = {.size = sizeof memory};
    return vk_device_memory(device, &memory) == TUFF_OK && memory.used < memory.budget &&
           bytes <= memory.budget - memory.used && bytes <= device->physical->limits.allocation_bytes;
}

static enum tuff_status give_memory(struct vk_trial *trial)
{
    struct vk_dispatch *dispatch = &trial->dispatch;
    struct vk_range ranges[VK_MAX_STORAGE];
    const uint64_t bytes = lay_out(trial->device, dispatch, ranges);
    if (!has_room(trial->device, bytes))
        return TUFF_ERROR_MEMORY;
    enum tuff_status status = vk_buffer_create(trial->device, bytes, &trial->memory);
    for (uint32_t i = 0; i < dispatch->kernel->storage_count && status == TUFF_OK; i++) {
        if (first_alike(dispatch, i) == i && !is_result(dispatch->kernel, i))
            status = fill_operand(trial->memory, ranges[i]);
        ranges[i].buffer = trial->memory;
    }
    memcpy(dispatch->storage, ranges, dispatch->kernel->storage_count * sizeof *ranges);
    return status;
}

// -- Running

static enum tuff_status create_commands(struct vk_trial *trial)
{
    struct tuff_device *device = trial->device;
    const VkCommandPoolCreateInfo pool = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_POOL_CREATE_INFO,
        .flags = VK_COMMAND_POOL_CREATE_RESET_COMMAND_BUFFER_BIT,
        .queueFamilyIndex = device->physical->queue_family,
    };
    const VkFenceCreateInfo fence = {.sType = VK_STRUCTURE_TYPE_FENCE_CREATE_INFO};
    const VkQueryPoolCreateInfo queries = {
        .sType = VK_STRUCTURE_TYPE_QUERY_POOL_CREATE_INFO,
        .queryType = VK_QUERY_TYPE_TIMESTAMP,
        .queryCount = 2,
    };
    enum tuff_status status = VK(device, CreateCommandPool(device->handle, &pool, NULL, &trial->pool));
    if (status != TUFF_OK)
        return status;
    const VkCommandBufferAllocateInfo commands = {
        .sType = VK_STRUCTURE_TYPE_COMMAND_BUFFER_ALLOCATE_INFO,
        .commandPool = trial->pool,
        .level = VK_COMMAND_BUFFER_LEVEL_PRIMARY,
        .commandBufferCount = 1,
    };
    status = VK(device, AllocateCommandBuffers(device->handle, &commands, &trial->commands));
    if (status == TUFF_OK)
        status = VK(device, CreateFence(device->handle, &fence, NULL, &trial->fence));
    // With the least limits, timestamps are done without: queues need not have them.
    if (status == TUFF_OK && device->physical->timestamp_bits && !device->backend->min_limits)
        status = VK(device, CreateQueryPool(device->handle, &queries, NULL, &trial->queries));
    return status;
}

enum tuff_status vk_trial_create(struct tuff_device *device, const struct vk_dispatch *dispatch,
                                 const struct vk_product *product, struct vk_trial *trial)
{
    *trial = (struct vk_trial){
        .device = device,
        .dispatch = *dispatch,
        .product = *product,
    };
    memcpy(trial->push, dispatch->push, dispatch->kernel->push_bytes);
    trial->dispatch.push = trial->push;
    const uint32_t *push = dispatch->push;
    trial->product.tiles_m = trial->push + (product->tiles_m - push);
    trial->product.tiles_n = trial->push + (product->tiles_n - push);
    enum tuff_status status = give_memory(trial);
    return status == TUFF_OK ? create_commands(trial) : status;
}

void vk_trial_destroy(struct vk_trial *trial)
{
    struct tuff_device *device = trial->device;
    vk_descriptors_destroy(device, &trial->descriptors);
    if (!vk_device_hangs(device)) {
        device->vk.DestroyQueryPool(device->handle, trial->queries, NULL);
        device->vk.DestroyFence(device->handle, trial->fence, NULL);
        device->vk.DestroyCommandPool(device->handle, trial->pool, NULL);
    }
    vk_buffer_destroy(trial->memory);
}

static void write_timestamp(struct vk_trial *trial, uint32_t query)
{
    if (trial->queries != VK_NULL_HANDLE)
        trial->device->vk.CmdWriteTimestamp(trial->commands, VK_PIPELINE_STAGE_BOTTOM_OF_PIPE_BIT,
                                            trial->queries, query);
}

static enum tuff_status record(struct vk_trial *trial, uint32_t repeats)
{
    struct tuff_device *device = trial->device;
    struct vk_recording recording;
    enum tuff_status status = vk_descriptors_reset(device, &trial->descriptors);
    if (status == TUFF_OK)
        status = vk_recording_begin(device, &recording, trial->commands, &trial->descriptors,
                                    VK_COMMAND_BUFFER_USAGE_ONE_TIME_SUBMIT_BIT);
    if (status != TUFF_OK)
        return status;
    if (trial->queries != VK_NULL_HANDLE)
        device->vk.CmdResetQueryPool(trial->commands, trial->queries, 0, 2);
    write_timestamp(trial, 0);
    for (uint32_t i = 0; i < repeats && status == TUFF_OK; i++)
        status = vk_recording_dispatch(device, &recording, &trial->dispatch, NULL);
    write_timestamp(trial, 1);
    enum tuff_status ended = vk_recording_end(device, &recording);
    return status == TUFF_OK ? ended : status;
}

static enum tuff_status read_timestamps(const struct vk_trial *trial, uint64_t *nanoseconds)
{
    struct tuff_device *device = trial->device;
    uint64_t ticks[2];
    enum tuff_status status =
        VK(device, GetQueryPoolResults(device->handle, trial->queries, 0, 2, sizeof ticks, ticks,
                                       sizeof *ticks, VK_QUERY_RESULT_64_BIT));
    if (status != TUFF_OK)
        return status;
    const uint32_t bits = device->physical->timestamp_bits;
    uint64_t passed = ticks[1] - ticks[0];
    if (bits < 64)
        passed &= (UINT64_C(1) << bits) - 1;
    *nanoseconds = (uint64_t)((double)passed * (double)device->physical->properties.limits.timestampPeriod);
    return TUFF_OK;
}

enum tuff_status vk_trial_run(struct vk_trial *trial, const struct vk_tile *tile, uint32_t repeats,
                              uint64_t *nanoseconds)
{
    struct tuff_device *device = trial->device;
    vk_retile(device, &trial->dispatch, &trial->product, tile);
    const uint64_t groups = trial->dispatch.groups;
    if (trial->part != 0)
        trial->dispatch.groups = (uint64_t)((double)groups * trial->part) + 1;
    enum tuff_status status = record(trial, repeats);
    trial->dispatch.groups = groups;
    if (status == TUFF_OK)
        status = VK(device, ResetFences(device->handle, 1, &trial->fence));
    const uint64_t begin = vk_host_nanoseconds();
    if (status == TUFF_OK)
        status = vk_device_submit(device, &trial->commands, 1, trial->fence);
    if (status == TUFF_OK)
        status = vk_device_wait(device, trial->fence);
    if (status != TUFF_OK)
        return status;
    *nanoseconds = vk_host_nanoseconds() - begin;
    if (trial->queries != VK_NULL_HANDLE)
        status = read_timestamps(trial, nanoseconds);
    *nanoseconds /= repeats;
    return status == TUFF_OK ? vk_device_usable(device) : status;
}

// -- Bits

// Of a result that is longer, so much at its beginning and as much at its end is compared.
enum { COMPARED_BYTES = 16 << 20 };

static enum tuff_status add_bits(struct vk_trial *trial, uint64_t offset, uint64_t bytes, uint64_t *bits)
{
    uint32_t *words = malloc((size_t)bytes);
    if (!words)
        return TUFF_ERROR_MEMORY;
    enum tuff_status status = vk_buffer_read(trial->memory, offset, words, bytes);
    if (status == TUFF_OK)
        *bits = vk_hash_words(*bits, words, (size_t)bytes / sizeof *words);
    free(words);
    return status;
}

enum tuff_status vk_trial_bits(struct vk_trial *trial, const struct vk_tile *tile, uint64_t *bits)
{
    const struct vk_dispatch *dispatch = &trial->dispatch;
    enum tuff_status status = TUFF_OK;
    // What a tile does not write is to be seen.
    for (uint32_t i = 0; i < dispatch->kernel->storage_count && status == TUFF_OK; i++)
        if (is_result(dispatch->kernel, i))
            status = vk_buffer_fill(trial->memory, dispatch->storage[i].offset, dispatch->storage[i].bytes,
                                    UINT32_MAX);
    uint64_t nanoseconds;
    if (status == TUFF_OK)
        status = vk_trial_run(trial, tile, 1, &nanoseconds);
    *bits = VK_HASH_BEGIN;
    for (uint32_t i = 0; i < dispatch->kernel->storage_count && status == TUFF_OK; i++) {
        const struct vk_range *range = &dispatch->storage[i];
        if (!is_result(dispatch->kernel, i))
            continue;
        const uint64_t first = vk_least(range->bytes, COMPARED_BYTES);
        const uint64_t last = vk_least(range->bytes - first, COMPARED_BYTES);
        status = add_bits(trial, range->offset, first, bits);
        if (status == TUFF_OK && last > 0)
            status = add_bits(trial, range->offset + range->bytes - last, last, bits);
    }
    return status;
}
