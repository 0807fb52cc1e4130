// Files that a start leaves for the next one, one of a kind for each device and driver: in
// XDG_CACHE_HOME/tuff, or ~/.cache/tuff. TUFF_VULKAN_CACHE=0: none.
#ifndef TUFF_VULKAN_CACHE_FILE_H
#define TUFF_VULKAN_CACHE_FILE_H

#include "device.h"

struct vk_cache_kind {
    const char *what;   // in messages
    const char *ending; // of the file's name
    char magic[8];
    uint32_t format; // of the data
    uint32_t most_bytes;
};

// The data, in memory that the caller frees; NULL if there is no file, or none that this driver wrote for
// these very shaders and that is whole. A message says why a file is not used.
void *vk_cache_read(const struct tuff_device *device, const struct vk_cache_kind *kind, size_t *bytes);

// Writes the file, whole or not at all. Failure is a debug message: caches only save time.
void vk_cache_write(const struct tuff_device *device, const struct vk_cache_kind *kind, const void *data,
                    size_t bytes);

#endif
