// Tables as files: RFC 4180, with '\n' at the end of lines. What is no number is empty.
#ifndef TUFF_TOOL_CSV_H
#define TUFF_TOOL_CSV_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#include "tuff/status.h"

struct csv {
    FILE *file;
    const char *path;
    bool started; // the line has a field
};

// Whether a table that was asked for is all that goes to standard output. path: NULL: none was.
bool csv_has_stdout(const char *path);
// Errors are shown. path: "-" is standard output.
TUFF_MUST_CHECK enum tuff_status csv_open(struct csv *csv, const char *path);
void csv_text(struct csv *csv, const char *text); // quoted where it must be
void csv_count(struct csv *csv, uint64_t count);
void csv_real(struct csv *csv, double value); // 9 digits
void csv_end_line(struct csv *csv);
// Says if something could not be written.
TUFF_MUST_CHECK enum tuff_status csv_close(struct csv *csv);

#endif
