// The one device: the calling thread and the machine's memory.
#include "reference.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Bytes of memory that the machine has; 1 GiB where the system does not say.
static uint64_t physical_memory(void)
{
    const long pages = sysconf(_SC_PHYS_PAGES);
    const long page_bytes = sysconf(_SC_PAGESIZE);
    return pages > 0 && page_bytes > 0 ? (uint64_t)pages * (uint64_t)page_bytes : UINT64_C(1) << 30;
}

// Gives the host as much of a struct as it has room for, and says in its first field how much that is: the
// two sides may have been built with different minor versions of the ABI.
static void hand_over(void *to, uint32_t *to_size, const void *from, uint32_t from_size)
{
    const uint32_t size = *to_size < from_size ? *to_size : from_size;
    memcpy(to, from, size);
    *to_size = size;
}

enum tuff_status ref_device_count(struct tuff_backend *backend, uint32_t *count)
{
    (void)backend;
    *count = 1;
    return TUFF_OK;
}

enum tuff_status ref_device_describe(struct tuff_backend *backend, uint32_t index,
                                     struct tuff_device_info *info)
{
    (void)backend;
    (void)index; // below device_count, and so 0
    const struct tuff_device_info own = {
        .size = sizeof own,
        .kind = TUFF_DEVICE_CPU,
        .name = "reference",
        .driver = "plain C, one thread, accumulation in double",
        .buffer_alignment = REF_ALIGNMENT,
        .max_buffer_bytes = physical_memory(),
        .max_tensor_bytes = physical_memory(),
        .timestamp_slots = REF_TIMESTAMP_SLOTS,
        .preference = 0, // never chosen unless it is named
        .max_threads = 1,
    };
    hand_over(info, &info->size, &own, sizeof own);
    return TUFF_OK;
}

enum tuff_status ref_device_open(struct tuff_backend *backend, uint32_t index,
                                 const struct tuff_device_options *options, struct tuff_device **device)
{
    (void)index;
    (void)options; // a number of threads: there is one
    struct tuff_device *opened = calloc(1, sizeof *opened);
    if (opened == NULL) {
        ref_log(backend->host, TUFF_LOG_ERROR, "no memory for the device's %zu bytes", sizeof *opened);
        return TUFF_ERROR_MEMORY;
    }
    opened->backend = backend;
    *device = opened;
    return TUFF_OK;
}

void ref_device_close(struct tuff_device *device)
{
    if (device == NULL)
        return;
    if (device->buffer_count != 0 || device->stream_count != 0)
        ref_log(device->backend->host, TUFF_LOG_ERROR,
                "device closed with %" PRIu32 " buffers (%" PRIu64 " bytes) and %" PRIu32
                " streams left, expected none",
                device->buffer_count, device->used_bytes, device->stream_count);
    free(device);
}

enum tuff_status ref_device_memory(struct tuff_device *device, struct tuff_device_memory *memory)
{
    // Half of what there is, not what is free at the moment: most of a busy machine's memory is page cache,
    // which is not free and yet to be had.
    const struct tuff_device_memory own = {
        .size = sizeof own,
        .budget = physical_memory() / 2,
        .used = device->used_bytes,
    };
    hand_over(memory, &memory->size, &own, sizeof own);
    return TUFF_OK;
}
