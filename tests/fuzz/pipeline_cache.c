// The file that keeps a Vulkan driver's pipelines. First a byte: 0: what follows is the file; else what
// follows is a driver's data, behind a header of ours that fits it, in which a byte is changed if a number
// says which.
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "device.h"
#include "fuzz.h"

enum { MOST = 1 << 16, HEADER_BYTES = 72, DATA_BYTES = 48, CRC = 56, DRIVER_HEADER_BYTES = 32 };

// In place of all shaders, and of the backend's log.
static const uint32_t words[] = {1, 2, 3};
const struct vk_shader_code vk_shaders[VK_SHADER_COUNT] = {
    {.name = "one", .words = words, .bytes = sizeof words}};
const struct vk_matrix_code vk_matrix_shaders[VK_SHADER_COUNT] = {{NULL, 0}};

void vk_log(struct tuff_backend *backend, enum tuff_log_level level, const char *format, ...)
{
    (void)backend, (void)level, (void)format;
}

static const struct vk_physical physical = {
    .properties = {.vendorID = 1, .deviceID = 2, .driverVersion = 3, .pipelineCacheUUID = {4}}};

static const char *cache_name(void)
{
    return "tuff/vulkan-0001-0002-00000004000000000000000000000000.cache";
}

// A header that the backend wrote itself.
static void take_header(struct tuff_device *device, uint8_t header[HEADER_BYTES])
{
    const uint32_t driver_header[DRIVER_HEADER_BYTES / 4] = {DRIVER_HEADER_BYTES,
                                                             VK_PIPELINE_CACHE_HEADER_VERSION_ONE, 1, 2, 4};
    setenv("XDG_CACHE_HOME", fuzz_folder(), 1);
    vk_pipeline_cache_store(device, driver_header, sizeof driver_header);
    FILE *file = fopen(fuzz_path(cache_name()), "rb");
    fuzz_demand(file != NULL && fread(header, HEADER_BYTES, 1, file) == 1, "the backend writes its cache");
    fclose(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t file[HEADER_BYTES + MOST], header[HEADER_BYTES];
    struct tuff_device device = {.physical = &physical};
    struct fuzz_input input = {data, size};
    bool whole = fuzz_byte(&input) == 0;
    if (header[0] == 0)
        take_header(&device, header);
    if (input.left > MOST)
        return -1;
    if (whole) {
        fuzz_write(cache_name(), input.next, input.left);
    } else {
        uint32_t at = fuzz_number(&input), value = fuzz_byte(&input);
        uint64_t bytes = input.left;
        uint32_t crc = (uint32_t)crc32_z(0, input.next, input.left);
        memcpy(file, header, HEADER_BYTES);
        memcpy(file + DATA_BYTES, &bytes, sizeof bytes);
        memcpy(file + CRC, &crc, sizeof crc);
        memcpy(file + HEADER_BYTES, input.next, input.left);
        if (at < HEADER_BYTES)
            file[at] = (uint8_t)value;
        fuzz_write(cache_name(), file, HEADER_BYTES + input.left);
    }
    size_t bytes;
    void *read = vk_pipeline_cache_load(&device, &bytes);
    if (read != NULL)
        fuzz_read(read, bytes);
    fuzz_demand((read == NULL) == (bytes == 0), "what was read has bytes");
    free(read);
    return 0;
}
