// IDX files, the form in which MNIST comes: a big-endian header, then bytes. Plain or gzip, whatever the name
// says. http://yann.lecun.com/exdb/mnist/ (at the page's end)
#ifndef TUFF_CORE_IDX_H
#define TUFF_CORE_IDX_H

#include "tuff/log.h"

struct tuff_idx_images {
    uint32_t count, height, width; // each at least 1
    uint8_t *pixels;               // (count,height,width), of malloc
};

// Both read and check a whole file. No memory is taken on the header's word alone: a plain file's size must
// be what the header implies, and what a compressed file holds is stored as it comes. At most
// TUFF_DATASET_MAX_BYTES. Failure: one line with the path: TUFF_ERROR_NOT_FOUND, TUFF_ERROR_IO,
// TUFF_ERROR_MEMORY, or TUFF_ERROR_FORMAT for another magic number, a size of zero, a file that is too short
// or too long, or damaged gzip data. Nothing is left to free then.
TUFF_MUST_CHECK enum tuff_status tuff_idx_read_images(const struct tuff_log *log, const char *path,
                                                      struct tuff_idx_images *images);

// *labels: (*count), of malloc. TUFF_ERROR_FORMAT also for a label that is not below `classes`.
TUFF_MUST_CHECK enum tuff_status tuff_idx_read_labels(const struct tuff_log *log, const char *path,
                                                      uint32_t classes, uint32_t *count, uint32_t **labels);

#endif
