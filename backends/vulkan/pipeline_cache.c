#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "device.h"

// Drivers differ in what they make of a damaged cache, and some crash on it. So the file has a header of ours
// that names the driver and the shaders, and a checksum; only what passes is given to the driver.
struct cache_header {
    char magic[8];
    uint32_t format;
    uint32_t vendor, device, driver_version;
    uint8_t uuid[VK_UUID_SIZE]; // pipelineCacheUUID
    uint64_t shader_hash;       // of all SPIR-V
    uint64_t data_bytes;
    uint32_t crc; // CRC-32 of the data
    uint32_t reserved;
};

enum { CACHE_FORMAT = 1, CACHE_MAX_BYTES = 256 << 20 };
static const char cache_magic[8] = {'T', 'U', 'F', 'F', 'V', 'K', 'P', 'C'};

// CRC-32 as in IEEE 802.3, bit by bit: the data is small.
static uint32_t crc32_of(const uint8_t *data, size_t bytes)
{
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes; i++) {
        crc ^= data[i];
        for (int bit = 0; bit < 8; bit++)
            crc = (crc >> 1) ^ (UINT32_C(0xedb88320) & (0u - (crc & 1u)));
    }
    return ~crc;
}

static uint64_t hash_words(uint64_t hash, const uint32_t *words, size_t bytes)
{
    for (size_t i = 0; i < bytes / sizeof *words; i++)
        hash = (hash ^ words[i]) * UINT64_C(0x100000001b3);
    return hash;
}

// FNV-1a of every shader's words.
static uint64_t hash_shaders(void)
{
    uint64_t hash = UINT64_C(0xcbf29ce484222325);
    for (size_t s = 0; s < VK_SHADER_COUNT; s++) {
        hash = hash_words(hash, vk_shaders[s].words, vk_shaders[s].bytes);
        hash = hash_words(hash, vk_shaders[s].half_words, vk_shaders[s].half_bytes);
    }
    return hash;
}

static struct cache_header expected_header(const struct tuff_device *device)
{
    const VkPhysicalDeviceProperties *properties = &device->physical->properties;
    struct cache_header header = {
        .format = CACHE_FORMAT,
        .vendor = properties->vendorID,
        .device = properties->deviceID,
        .driver_version = properties->driverVersion,
        .shader_hash = hash_shaders(),
    };
    memcpy(header.magic, cache_magic, sizeof header.magic);
    memcpy(header.uuid, properties->pipelineCacheUUID, sizeof header.uuid);
    return header;
}

// The folder, and the file in it for this driver; false if there is to be none.
static bool cache_path(const struct tuff_device *device, char folder[static 3584], char path[static 4096])
{
    const char *off = getenv("TUFF_VULKAN_CACHE");
    if (off && strcmp(off, "0") == 0)
        return false;
    const char *base = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    int length;
    // The base directory specification wants relative paths ignored.
    if (base && base[0] == '/')
        length = snprintf(folder, 3584, "%s/tuff", base);
    else if (home && home[0] == '/')
        length = snprintf(folder, 3584, "%s/.cache/tuff", home);
    else
        return false;
    if (length < 0 || length >= 3584)
        return false;
    const VkPhysicalDeviceProperties *properties = &device->physical->properties;
    uint32_t uuid[4];
    memcpy(uuid, properties->pipelineCacheUUID, sizeof uuid);
    snprintf(path, 4096, "%s/vulkan-%04x-%04x-%08x%08x%08x%08x.cache", folder, properties->vendorID,
             properties->deviceID, uuid[0], uuid[1], uuid[2], uuid[3]);
    return true;
}

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

// A regular file; NULL if there is none. O_NONBLOCK: a pipe that nobody writes into would keep us waiting.
static FILE *open_cache(const char *path, uint64_t *bytes)
{
    struct stat info;
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    FILE *file =
        opened >= 0 && fstat(opened, &info) == 0 && S_ISREG(info.st_mode) ? fdopen(opened, "rb") : NULL;
    if (file)
        *bytes = (uint64_t)info.st_size;
    else if (opened >= 0)
        close(opened);
    return file;
}

// Reads and checks; NULL with the reason in *problem.
static uint8_t *read_cache(struct tuff_device *device, FILE *file, uint64_t file_bytes, size_t *bytes,
                           const char **problem)
{
    struct cache_header header;
    struct cache_header expected = expected_header(device);
    if (fread(&header, sizeof header, 1, file) != 1) {
        *problem = "it is too short";
        return NULL;
    }
    expected.data_bytes = header.data_bytes;
    expected.crc = header.crc;
    if (memcmp(&header, &expected, sizeof header) != 0 || header.data_bytes > CACHE_MAX_BYTES) {
        *problem = "it belongs to another driver or other shaders";
        return NULL;
    }
    // No memory is taken for more than there is.
    if (file_bytes != sizeof header + header.data_bytes) {
        *problem = "it is damaged";
        return NULL;
    }
    uint8_t *data = malloc((size_t)header.data_bytes + 1);
    if (!data) {
        *problem = "there is no memory for it";
        return NULL;
    }
    if (fread(data, 1, (size_t)header.data_bytes, file) != header.data_bytes ||
        crc32_of(data, (size_t)header.data_bytes) != header.crc ||
        !driver_header_fits(device, data, (size_t)header.data_bytes)) {
        *problem = "it is damaged";
        free(data);
        return NULL;
    }
    *bytes = (size_t)header.data_bytes;
    return data;
}

void *vk_pipeline_cache_load(struct tuff_device *device, size_t *bytes)
{
    char folder[3584], path[4096];
    *bytes = 0;
    if (!cache_path(device, folder, path))
        return NULL;
    uint64_t file_bytes = 0;
    FILE *file = open_cache(path, &file_bytes);
    if (!file)
        return NULL;
    const char *problem = NULL;
    uint8_t *data = read_cache(device, file, file_bytes, bytes, &problem);
    fclose(file);
    if (data)
        vk_log(device->backend, TUFF_LOG_DEBUG, "pipeline cache %s: %zu bytes read", path, *bytes);
    else
        vk_log(device->backend, TUFF_LOG_DEBUG, "pipeline cache %s not used: %s", path, problem);
    return data;
}

// mkdir -p, the last part readable by its owner alone.
static bool make_folder(char *folder)
{
    for (char *slash = strchr(folder + 1, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = '\0';
        int failed = mkdir(folder, 0755) != 0 && errno != EEXIST;
        *slash = '/';
        if (failed)
            return false;
    }
    return mkdir(folder, 0700) == 0 || errno == EEXIST;
}

static bool write_file(const char *path, const struct cache_header *header, const void *data, size_t bytes)
{
    FILE *file = fopen(path, "wb");
    if (!file)
        return false;
    bool written = fwrite(header, sizeof *header, 1, file) == 1 && fwrite(data, 1, bytes, file) == bytes;
    return fclose(file) == 0 && written;
}

void vk_pipeline_cache_store(struct tuff_device *device, const void *data, size_t bytes)
{
    char folder[3584], path[4096], temporary[4128];
    if (bytes > CACHE_MAX_BYTES || !driver_header_fits(device, data, bytes) ||
        !cache_path(device, folder, path))
        return;
    struct cache_header header = expected_header(device);
    header.data_bytes = bytes;
    header.crc = crc32_of(data, bytes);
    // Processes that end together each write a file of their own; the last rename wins, and any is whole.
    snprintf(temporary, sizeof temporary, "%s.%ld", path, (long)getpid());
    if (!make_folder(folder) || !write_file(temporary, &header, data, bytes) ||
        rename(temporary, path) != 0) {
        vk_log(device->backend, TUFF_LOG_DEBUG, "pipeline cache %s not written: %s", path, strerror(errno));
        remove(temporary);
        return;
    }
    vk_log(device->backend, TUFF_LOG_DEBUG, "pipeline cache %s: %zu bytes written", path, bytes);
}
