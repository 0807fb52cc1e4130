#include "device_memory.h"

#include <stdio.h>
#include <string.h>

enum tuff_status tuff_device_allocate(const struct tuff_target *target, const char *what, uint64_t bytes,
                                      struct tuff_buffer **buffer)
{
    *buffer = NULL;
    if (bytes == 0)
        return TUFF_OK;
    if (bytes > target->info.max_buffer_bytes)
        return tuff_fail(
            target->log, TUFF_ERROR_MEMORY,
            "%s need %.1f MiB, but %s takes buffers of at most %.1f MiB: use a smaller batch or data set",
            what, (double)bytes / 0x1p20, target->info.name, (double)target->info.max_buffer_bytes / 0x1p20);
    char call[96];
    snprintf(call, sizeof call, "take %.1f MiB of memory for %s", (double)bytes / 0x1p20, what);
    unsigned errors = tuff_target_errors(target);
    enum tuff_status status =
        target->interface->buffer_create(target->device, tuff_whole_words(bytes), buffer);
    return status == TUFF_OK ? TUFF_OK : tuff_target_fail(target, errors, status, call);
}

enum tuff_status tuff_device_zeroed(const struct tuff_target *target, const char *what, uint64_t bytes,
                                    struct tuff_buffer **buffer)
{
    enum tuff_status status = tuff_device_allocate(target, what, bytes, buffer);
    if (status != TUFF_OK || *buffer == NULL)
        return status;
    status = tuff_device_clear(target, *buffer, 0, bytes);
    if (status != TUFF_OK)
        tuff_device_release(target, buffer);
    return status;
}

enum tuff_status tuff_device_clear(const struct tuff_target *target, struct tuff_buffer *buffer,
                                   uint64_t offset, uint64_t bytes)
{
    unsigned errors = tuff_target_errors(target);
    enum tuff_status status = target->interface->buffer_fill(buffer, offset, tuff_whole_words(bytes), 0);
    return status == TUFF_OK ? TUFF_OK : tuff_target_fail(target, errors, status, "fill a buffer");
}

enum tuff_status tuff_device_upload(const struct tuff_target *target, const char *what, const void *data,
                                    uint64_t bytes, struct tuff_buffer **buffer)
{
    enum tuff_status status = tuff_device_allocate(target, what, bytes, buffer);
    uint64_t whole = bytes / 4 * 4;
    if (status == TUFF_OK && whole != 0)
        status = tuff_device_write(target, *buffer, 0, data, whole);
    if (status == TUFF_OK && whole != bytes) {
        uint8_t tail[4] = {0};
        memcpy(tail, (const uint8_t *)data + whole, bytes - whole);
        status = tuff_device_write(target, *buffer, whole, tail, sizeof tail);
    }
    if (status != TUFF_OK)
        tuff_device_release(target, buffer);
    return status;
}

void tuff_device_release(const struct tuff_target *target, struct tuff_buffer **buffer)
{
    if (*buffer != NULL)
        target->interface->buffer_destroy(*buffer);
    *buffer = NULL;
}

enum tuff_status tuff_device_write(const struct tuff_target *target, struct tuff_buffer *buffer,
                                   uint64_t offset, const void *data, uint64_t bytes)
{
    unsigned errors = tuff_target_errors(target);
    enum tuff_status status = target->interface->buffer_write(buffer, offset, data, bytes);
    return status == TUFF_OK ? TUFF_OK : tuff_target_fail(target, errors, status, "write to the device");
}

enum tuff_status tuff_device_read(const struct tuff_target *target, struct tuff_buffer *buffer,
                                  uint64_t offset, void *data, uint64_t bytes)
{
    unsigned errors = tuff_target_errors(target);
    enum tuff_status status = target->interface->buffer_read(buffer, offset, data, bytes);
    return status == TUFF_OK ? TUFF_OK : tuff_target_fail(target, errors, status, "read from the device");
}
