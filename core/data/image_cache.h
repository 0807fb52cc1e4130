// A folder of images as it was decoded, in one file of the cache.
#ifndef TUFF_CORE_IMAGE_CACHE_H
#define TUFF_CORE_IMAGE_CACHE_H

#include <limits.h>
#include <stdbool.h>

#include "sha256.h"
#include "tuff/dataset.h"

struct tuff_image_cache {
    char path[PATH_MAX];            // empty: there is no place for a cache
    uint8_t key[TUFF_SHA256_BYTES]; // of all that what is in it depends on
};

// Reads it into dataset, whose memory the caller frees, after a failure as well. *skipped: images that were
// left out when it was made. False if it is not there, is of another key, or is damaged, which is worth a
// warning: make it anew.
bool tuff_image_cache_read(const struct tuff_log *log, const struct tuff_image_cache *cache,
                           struct tuff_dataset *dataset, uint32_t *skipped);

// Written aside and renamed, so that nobody ever sees a part of it. Failure is worth a warning, and no more.
void tuff_image_cache_write(const struct tuff_log *log, const struct tuff_image_cache *cache,
                            const struct tuff_dataset *dataset, uint32_t skipped);

#endif
