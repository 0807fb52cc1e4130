// The file that keeps decoded images. First a byte: bit 0: the checksums are put right before.
#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "data/dataset_source.h"
#include "data/image_cache.h"
#include "fuzz.h"

enum { MOST = 1 << 16, HEADER_BYTES = 88, CONTENT_SUM = 80, HEADER_SUM = 84, KEY = 8 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static uint8_t file[MOST];
    struct fuzz_input input = {data, size};
    struct tuff_image_cache cache = {.path = ""};
    struct tuff_dataset dataset = {.size = sizeof dataset};
    uint32_t skipped = 0;
    bool mended = (fuzz_byte(&input) & 1) != 0;
    if (input.left > MOST)
        return -1;
    memcpy(file, input.next, input.left);
    if (mended && input.left >= HEADER_BYTES) {
        memcpy(file, "tuffimg1", KEY);
        uint32_t sum = (uint32_t)crc32_z(0, file + HEADER_BYTES, input.left - HEADER_BYTES);
        memcpy(file + CONTENT_SUM, &sum, sizeof sum);
        sum = (uint32_t)crc32_z(0, file, HEADER_SUM);
        memcpy(file + HEADER_SUM, &sum, sizeof sum);
    }
    if (input.left >= HEADER_BYTES)
        memcpy(cache.key, file + KEY, sizeof cache.key);
    snprintf(cache.path, sizeof cache.path, "%s", fuzz_file(file, input.left));
    if (tuff_image_cache_read(&fuzz_log, &cache, &dataset, &skipped))
        fuzz_demand_dataset(&dataset);
    fuzz_demand(fuzz_succeeded(TUFF_OK), "a damaged cache is no error");
    tuff_dataset_forget(&dataset);
    return 0;
}
