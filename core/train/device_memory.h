// Device buffers with one-line failures.
#ifndef TUFF_CORE_DEVICE_MEMORY_H
#define TUFF_CORE_DEVICE_MEMORY_H

#include "backend/target.h"

// Buffers are of whole words, and are written and read by them.
static inline uint64_t tuff_whole_words(uint64_t bytes)
{
    return (bytes + 3) / 4 * 4;
}

// A buffer for `bytes`, rounded up to a multiple of 4; 0 bytes give NULL. `what` it is for goes into
// messages.
TUFF_MUST_CHECK enum tuff_status tuff_device_allocate(const struct tuff_target *target, const char *what,
                                                      uint64_t bytes, struct tuff_buffer **buffer);
// The same, filled with zeros.
TUFF_MUST_CHECK enum tuff_status tuff_device_zeroed(const struct tuff_target *target, const char *what,
                                                    uint64_t bytes, struct tuff_buffer **buffer);
// Zeros in `bytes` of the buffer, rounded up. offset: a multiple of 4. The stream is idle.
TUFF_MUST_CHECK enum tuff_status tuff_device_clear(const struct tuff_target *target,
                                                   struct tuff_buffer *buffer, uint64_t offset,
                                                   uint64_t bytes);
// A buffer for `bytes` as above, filled with data; what is beyond `bytes` becomes zero.
TUFF_MUST_CHECK enum tuff_status tuff_device_upload(const struct tuff_target *target, const char *what,
                                                    const void *data, uint64_t bytes,
                                                    struct tuff_buffer **buffer);
void tuff_device_release(const struct tuff_target *target, struct tuff_buffer **buffer); // NULL-safe, nulls

// offset and bytes: multiples of 4. The stream is idle.
TUFF_MUST_CHECK enum tuff_status tuff_device_write(const struct tuff_target *target,
                                                   struct tuff_buffer *buffer, uint64_t offset,
                                                   const void *data, uint64_t bytes);
TUFF_MUST_CHECK enum tuff_status tuff_device_read(const struct tuff_target *target,
                                                  struct tuff_buffer *buffer, uint64_t offset, void *data,
                                                  uint64_t bytes);

#endif
