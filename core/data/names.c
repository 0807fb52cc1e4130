#include "names.h"

#include <stdbool.h>
#include <stdint.h>
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

// The bytes of the UTF-8 character at `text`; 0 if there is none, or a control character.
static size_t character_bytes(const unsigned char *text)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t bytes = text[0] < 0x80       ? 1
                   : text[0] >> 5 == 6  ? 2
                   : text[0] >> 4 == 14 ? 3
                   : text[0] >> 3 == 30 ? 4
                                        : 0;
    if (bytes <= 1)
        return text[0] < 0x20 || text[0] == 0x7f ? 0 : bytes;
    uint32_t code = text[0] & (0xffu >> (bytes + 1));
    for (size_t i = 1; i < bytes; i++) {
        if (text[i] >> 6 != 2)
            return 0;
        code = code << 6 | (text[i] & 0x3fu);
    }
    bool surrogate = code >= 0xd800 && code < 0xe000, control = code < 0xa0;
    return code < least[bytes] || code > 0x10ffff || surrogate || control ? 0 : bytes;
}

void tuff_name_print(char *out, size_t capacity, const char *text)
{
    const unsigned char *next = (const unsigned char *)text;
    size_t used = 0;
    while (*next != '\0') {
        char escape[8];
        size_t bytes = character_bytes(next), taken = bytes == 0 ? 1 : bytes;
        const void *piece = next;
        if (bytes == 0) {
            bytes = (size_t)snprintf(escape, sizeof escape, "\\x%02X", *next);
            piece = escape;
        }
        if (used + bytes + 1 > capacity)
            break;
        memcpy(out + used, piece, bytes);
        used += bytes;
        next += taken;
    }
    out[used] = '\0';
}
