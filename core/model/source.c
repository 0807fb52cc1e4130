#include "source.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void tuff_source_set(struct tuff_source *source, const struct tuff_log *log, const char *name)
{
    source->log = log;
    tuff_one_line(source->name, sizeof source->name, name, strlen(name));
}

enum tuff_status tuff_source_fail(const struct tuff_source *source, enum tuff_status status,
                                  struct tuff_mark mark, const char *format, ...)
{
    char message[1024];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    if (mark.line == 0)
        return tuff_fail(source->log, status, "%s: %s", source->name, message);
    if (mark.column == 0)
        return tuff_fail(source->log, status, "%s: layer %u: %s", source->name, mark.line, message);
    return tuff_fail(source->log, status, "%s:%u:%u: %s", source->name, mark.line, mark.column, message);
}

// Whether the byte continues a UTF-8 character.
static int continues(char byte)
{
    return ((unsigned char)byte & 0xC0u) == 0x80u;
}

void tuff_one_line(char *out, size_t capacity, const char *text, size_t length)
{
    static const char ellipsis[] = "...";
    size_t used = 0;
    for (size_t i = 0; i < length;) {
        char piece[8];
        size_t taken = 1, bytes = 1;
        unsigned char byte = (unsigned char)text[i];
        const unsigned char next = i + 1 < length ? (unsigned char)text[i + 1] : 0;
        if (byte < 0x20 || byte == 0x7F) {
            bytes = (size_t)snprintf(piece, sizeof piece, "\\x%02X", byte);
        } else if (byte == 0xC2 && next >= 0x80 && next < 0xA0) { // terminals obey U+0080 to U+009F, too
            bytes = (size_t)snprintf(piece, sizeof piece, "\\x%02X", next);
            taken = 2;
        } else {
            while (i + taken < length && taken < 4 && continues(text[i + taken]))
                taken++;
            memcpy(piece, text + i, taken);
            bytes = taken;
        }
        // What ends exactly at the capacity needs no ellipsis.
        size_t reserve = i + taken < length ? sizeof ellipsis : 1;
        if (used + bytes + reserve > capacity) {
            memcpy(out + used, ellipsis, sizeof ellipsis);
            return;
        }
        memcpy(out + used, piece, bytes);
        used += bytes;
        i += taken;
    }
    out[used] = '\0';
}
