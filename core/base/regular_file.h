// Opening files whose content is not trusted: what is no regular file is refused and keeps nobody waiting.
#ifndef TUFF_CORE_REGULAR_FILE_H
#define TUFF_CORE_REGULAR_FILE_H

#include <stdint.h>
#include <stdio.h>

#include "tuff/log.h"

// Opens a file for reading. *bytes: its size; bytes may be NULL. Failure: TUFF_ERROR_NOT_FOUND,
// TUFF_ERROR_IO, with the path; *file is NULL then.
TUFF_MUST_CHECK enum tuff_status tuff_regular_file_open(const struct tuff_log *log, const char *path,
                                                        FILE **file, uint64_t *bytes);

#endif
