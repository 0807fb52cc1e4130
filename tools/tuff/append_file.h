// A file that grows by whole pieces, such as lines: of each piece all is there, or nothing.
#ifndef TUFF_TOOL_APPEND_FILE_H
#define TUFF_TOOL_APPEND_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tuff/status.h"

struct append_file {
    int descriptor; // -1: closed
    uint64_t length;
    char path[PATH_MAX];
};

// All of them show an error on failure.

enum append_start {
    APPEND_TO_NOTHING, // an empty file; what stood in it is gone
    APPEND_TO_EXISTING,
    APPEND_TO_ANY, // as it is, or made
};
TUFF_MUST_CHECK enum tuff_status append_file_open(struct append_file *file, const char *path,
                                                  enum append_start start);
// A piece that cannot be written as a whole is taken back.
TUFF_MUST_CHECK enum tuff_status append_file_write(struct append_file *file, const void *piece, size_t bytes);
// Drops what is behind `length`. A file that is shorter, because somebody has edited it, is gone on with
// where it ends.
TUFF_MUST_CHECK enum tuff_status append_file_cut(struct append_file *file, uint64_t length);
// Makes sure that all of it is on the disk.
TUFF_MUST_CHECK enum tuff_status append_file_sync(struct append_file *file);
// Does nothing to a file that is closed.
TUFF_MUST_CHECK enum tuff_status append_file_close(struct append_file *file);

#endif
