// Names of classes and files as the terminal may show them.
#ifndef TUFF_TOOL_NAMES_H
#define TUFF_TOOL_NAMES_H

#include <stdbool.h>
#include <stdint.h>

#include "report/text.h"

struct name {
    char s[160];
};

// Class `class`: without control characters, at most `columns` wide. names NULL: its number. TUFF_NO_GUESS:
// "none".
struct name name_shown(const char *const *names, uint32_t class, unsigned columns);
// Spaces added after it, or before, up to `columns`.
struct name name_padded(const char *name, unsigned columns, bool right);

// Whether `path` may be a picture's: NULL, or it ends in .png or .svg. Else says so: wrong usage.
bool picture_name_fits(const char *command, const char *option, const char *path);

#endif
