// Files that are there whole, or not at all.
#ifndef TUFF_CORE_WHOLE_FILE_H
#define TUFF_CORE_WHOLE_FILE_H

#include "tuff/log.h"

struct tuff_file_part {
    const void *data;
    uint64_t bytes;
};

// Writes the parts one after the other into a file beside `path`, and renames that once it is on the disk.
// Failure leaves what was at `path`. Blocking.
TUFF_MUST_CHECK enum tuff_status tuff_whole_file_write(const struct tuff_log *log, const char *path,
                                                       const struct tuff_file_part *parts, size_t count);

#endif
