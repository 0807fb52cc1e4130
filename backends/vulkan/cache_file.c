#include "cache_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "arithmetic.h"

// In front of the data: what it belongs to, and a checksum.
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

// CRC-32 as in IEEE 802.3, a byte at a time: a pipeline cache may have hundreds of megabytes.
static uint32_t crc32_of(const uint8_t *data, size_t bytes)
{
    uint32_t of_byte[256];
    for (uint32_t byte = 0; byte < 256; byte++) {
        of_byte[byte] = byte;
        for (int bit = 0; bit < 8; bit++)
            of_byte[byte] = (of_byte[byte] >> 1) ^ (UINT32_C(0xedb88320) & (0u - (of_byte[byte] & 1u)));
    }
    uint32_t crc = UINT32_MAX;
    for (size_t i = 0; i < bytes; i++)
        crc = (crc >> 8) ^ of_byte[(crc ^ data[i]) & 0xff];
    return ~crc;
}

// Of every shader's words.
static uint64_t hash_shaders(void)
{
    uint64_t hash = VK_HASH_BEGIN;
    for (size_t s = 0; s < VK_SHADER_COUNT; s++) {
        hash = vk_hash_words(hash, vk_shaders[s].words, vk_shaders[s].bytes / sizeof(uint32_t));
        hash = vk_hash_words(hash, vk_shaders[s].half_words, vk_shaders[s].half_bytes / sizeof(uint32_t));
        hash = vk_hash_words(hash, vk_matrix_shaders[s].words, vk_matrix_shaders[s].bytes / sizeof(uint32_t));
    }
    return hash;
}

static struct cache_header expected_header(const struct tuff_device *device, const struct vk_cache_kind *kind)
{
    const VkPhysicalDeviceProperties *properties = &device->physical->properties;
    struct cache_header header = {
        .format = kind->format,
        .vendor = properties->vendorID,
        .device = properties->deviceID,
        .driver_version = properties->driverVersion,
        .shader_hash = hash_shaders(),
    };
    memcpy(header.magic, kind->magic, sizeof header.magic);
    memcpy(header.uuid, properties->pipelineCacheUUID, sizeof header.uuid);
    return header;
}

enum { FOLDER_BYTES = 3584, PATH_BYTES = 4096, TEMPORARY_BYTES = PATH_BYTES + 64 };

// The folder, and the file in it for this driver; false if there is to be none.
static bool cache_path(const struct tuff_device *device, const struct vk_cache_kind *kind,
                       char folder[static FOLDER_BYTES], char path[static PATH_BYTES])
{
    const char *off = getenv("TUFF_VULKAN_CACHE");
    if (off && strcmp(off, "0") == 0)
        return false;
    const char *base = getenv("XDG_CACHE_HOME");
    const char *home = getenv("HOME");
    int length;
    // The base directory specification wants relative paths ignored.
    if (base && base[0] == '/')
        length = snprintf(folder, FOLDER_BYTES, "%s/tuff", base);
    else if (home && home[0] == '/')
        length = snprintf(folder, FOLDER_BYTES, "%s/.cache/tuff", home);
    else
        return false;
    if (length < 0 || length >= FOLDER_BYTES)
        return false;
    const VkPhysicalDeviceProperties *properties = &device->physical->properties;
    uint32_t uuid[4];
    memcpy(uuid, properties->pipelineCacheUUID, sizeof uuid);
    snprintf(path, PATH_BYTES, "%s/vulkan-%04x-%04x-%08x%08x%08x%08x.%s", folder, properties->vendorID,
             properties->deviceID, uuid[0], uuid[1], uuid[2], uuid[3], kind->ending);
    return true;
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
static uint8_t *read_data(const struct tuff_device *device, const struct vk_cache_kind *kind, FILE *file,
                          uint64_t file_bytes, size_t *bytes, const char **problem)
{
    struct cache_header header;
    struct cache_header expected = expected_header(device, kind);
    if (fread(&header, sizeof header, 1, file) != 1) {
        *problem = "it is too short";
        return NULL;
    }
    expected.data_bytes = header.data_bytes;
    expected.crc = header.crc;
    if (memcmp(&header, &expected, sizeof header) != 0 || header.data_bytes > kind->most_bytes) {
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
        crc32_of(data, (size_t)header.data_bytes) != header.crc) {
        *problem = "it is damaged";
        free(data);
        return NULL;
    }
    *bytes = (size_t)header.data_bytes;
    return data;
}

void *vk_cache_read(const struct tuff_device *device, const struct vk_cache_kind *kind, size_t *bytes)
{
    char folder[FOLDER_BYTES], path[PATH_BYTES];
    *bytes = 0;
    if (!cache_path(device, kind, folder, path))
        return NULL;
    uint64_t file_bytes = 0;
    FILE *file = open_cache(path, &file_bytes);
    if (!file)
        return NULL;
    const char *problem = NULL;
    uint8_t *data = read_data(device, kind, file, file_bytes, bytes, &problem);
    fclose(file);
    if (data)
        vk_log(device->backend, TUFF_LOG_DEBUG, "%s %s: %zu bytes read", kind->what, path, *bytes);
    else
        vk_log(device->backend, TUFF_LOG_INFO, "%s %s not used: %s", kind->what, path, problem);
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

// A file beside `path` that nobody else writes: not another device of this process, nor a process that has
// the same number in another container. mkostemp never opens through a link that somebody put there.
static FILE *create_beside(const char *path, char temporary[static TEMPORARY_BYTES])
{
    snprintf(temporary, TEMPORARY_BYTES, "%s.XXXXXX", path);
    const int handle = mkostemp(temporary, O_CLOEXEC);
    FILE *file = handle >= 0 ? fdopen(handle, "wb") : NULL;
    if (!file && handle >= 0) {
        close(handle);
        unlink(temporary);
    }
    return file;
}

// Writes all of it aside, then gives it its name: of those that end together the last one's stays, and any is
// whole.
static bool write_file(const char *path, const struct cache_header *header, const void *data, size_t bytes)
{
    char temporary[TEMPORARY_BYTES];
    FILE *file = create_beside(path, temporary);
    if (!file)
        return false;
    bool written = fwrite(header, sizeof *header, 1, file) == 1 && fwrite(data, 1, bytes, file) == bytes &&
                   fflush(file) == 0 && fsync(fileno(file)) == 0;
    written = fclose(file) == 0 && written && rename(temporary, path) == 0;
    if (!written) {
        const int reason = errno;
        unlink(temporary);
        errno = reason;
    }
    return written;
}

void vk_cache_write(const struct tuff_device *device, const struct vk_cache_kind *kind, const void *data,
                    size_t bytes)
{
    char folder[FOLDER_BYTES], path[PATH_BYTES];
    if (bytes > kind->most_bytes || !cache_path(device, kind, folder, path))
        return;
    struct cache_header header = expected_header(device, kind);
    header.data_bytes = bytes;
    header.crc = crc32_of(data, bytes);
    if (!make_folder(folder) || !write_file(path, &header, data, bytes)) {
        vk_log(device->backend, TUFF_LOG_DEBUG, "%s %s not written: %s", kind->what, path, strerror(errno));
        return;
    }
    vk_log(device->backend, TUFF_LOG_DEBUG, "%s %s: %zu bytes written", kind->what, path, bytes);
}
