// Names out of a file, made fit for a message: one line, of bounded length.
#ifndef TUFF_CORE_PRINTABLE_H
#define TUFF_CORE_PRINTABLE_H

#include <string.h>

#include "source.h"

struct tuff_printable {
    char text[96];
};

// As tuff_one_line does it.
static inline struct tuff_printable tuff_printable(const char *name)
{
    struct tuff_printable printable;
    tuff_one_line(printable.text, sizeof printable.text, name, strlen(name));
    return printable;
}

#endif
