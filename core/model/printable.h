// Names out of a file, made fit for a message: one line, of bounded length.
#ifndef TUFF_CORE_PRINTABLE_H
#define TUFF_CORE_PRINTABLE_H

#include <stddef.h>

struct tuff_printable {
    char text[96];
};

// Control characters become '?'; what is too long ends in "...".
static inline struct tuff_printable tuff_printable(const char *name)
{
    struct tuff_printable printable;
    size_t most = sizeof printable.text - 4, i = 0;
    for (; i < most && name[i] != '\0'; i++) {
        unsigned char byte = (unsigned char)name[i];
        printable.text[i] = byte < 0x20 || byte == 0x7f ? '?' : name[i];
    }
    if (name[i] != '\0') {
        while (i > 0 && ((unsigned char)name[i] & 0xc0) == 0x80) // not in the middle of a UTF-8 character
            i--;
        for (int dots = 0; dots < 3; dots++)
            printable.text[i++] = '.';
    }
    printable.text[i] = '\0';
    return printable;
}

#endif
