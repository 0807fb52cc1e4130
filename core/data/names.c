#include "names.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const char *const *tuff_names_copy(const char *const *names, size_t count)
{
    size_t bytes = count * sizeof *names;
    for (size_t i = 0; i < count; i++)
        bytes += strlen(names[i]) + 1;
    const char **copy = malloc(bytes > 0 ? bytes : 1);
    if (copy == NULL)
        return NULL;
    char *text = (char *)(copy + count);
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(names[i]) + 1;
        memcpy(text, names[i], length);
        copy[i] = text;
        text += length;
    }
    return copy;
}

const char *const *tuff_names_number(size_t count)
{
    enum { DIGITS = 24 };
    const char **names = malloc(count * (sizeof *names + DIGITS));
    if (names == NULL)
        return NULL;
    char *text = (char *)(names + count);
    for (size_t i = 0; i < count; i++) {
        names[i] = text + i * DIGITS;
        snprintf(text + i * DIGITS, DIGITS, "%zu", i);
    }
    return names;
}
