// Where a model comes from, and messages that point into it.
#ifndef TUFF_CORE_SOURCE_H
#define TUFF_CORE_SOURCE_H

#include "tuff/log.h"

// A place in a file; both count from 1, columns in characters. Line 0: the file as a whole. Column 0: what is
// meant is no place in a file but the layer of that number.
struct tuff_mark {
    uint32_t line, column;
};

struct tuff_source {
    const struct tuff_log *log;
    char name[1024]; // printable
};

void tuff_source_set(struct tuff_source *source, const struct tuff_log *log, const char *name);

// Logs "name:line:column: message", "name: layer line: message" or "name: message", and returns `status`.
enum tuff_status tuff_source_fail(const struct tuff_source *source, enum tuff_status status,
                                  struct tuff_mark mark, const char *format, ...) TUFF_PRINTF(4, 5);

// Copies text so that it stays on one line of a message: control characters become \xNN, and what is too long
// for `out` is cut between two characters and ends in "...". capacity: at least 8.
void tuff_one_line(char *out, size_t capacity, const char *text, size_t length);

#endif
