#include <stdlib.h>
#include <string.h>

#include "cache_file.h"

// Drivers differ in what they make of a damaged cache, and some crash on it. So only what lies in a file of
// ours (cache_file.h), whole and of this driver, is given to the driver.
static const struct vk_cache_kind kind = {
    .what = "pipeline cache",
    .ending = "cache",
    .magic = {'T', 'U', 'F', 'F', 'V', 'K', 'P', 'C'},
    .format = 1,
    .most_bytes = 256 << 20,
};

// The header that the specification puts in front of a driver's data: length, version 1, vendor, device,
// UUID.
static bool driver_header_fits(const struct tuff_device *device, const uint8_t *data, size_t bytes)
{
    const VkPhysicalDeviceProperties *properties = &device->physical->properties;
    uint32_t words[4];
    if (bytes < sizeof words + VK_UUID_SIZE)
        return false;
    memcpy(words, data, sizeof words);
    return words[0] >= sizeof words + VK_UUID_SIZE && words[0] <= bytes &&
           words[1] == VK_PIPELINE_CACHE_HEADER_VERSION_ONE && words[2] == properties->vendorID &&
           words[3] == properties->deviceID &&
           memcmp(data + sizeof words, properties->pipelineCacheUUID, VK_UUID_SIZE) == 0;
}

void *vk_pipeline_cache_load(struct tuff_device *device, size_t *bytes)
{
    uint8_t *data = vk_cache_read(device, &kind, bytes);
    if (data && !driver_header_fits(device, data, *bytes)) {
        vk_log(device->backend, TUFF_LOG_INFO, "pipeline cache not used: its data is not this driver's");
        free(data);
        data = NULL;
        *bytes = 0;
    }
    return data;
}

void vk_pipeline_cache_store(struct tuff_device *device, const void *data, size_t bytes)
{
    if (driver_header_fits(device, data, bytes))
        vk_cache_write(device, &kind, data, bytes);
}
