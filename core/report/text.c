#include "text.h"

#include <errno.h>
#include <limits.h>
#include <math.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Room for `more` bytes and a terminator.
static bool reserve(struct tuff_text *text, size_t more)
{
    if (text->failed)
        return false;
    if (text->length + more + 1 <= text->capacity)
        return true;
    size_t capacity = text->capacity == 0 ? 1024 : text->capacity;
    while (capacity < text->length + more + 1)
        capacity *= 2;
    char *bytes = realloc(text->bytes, capacity);
    if (bytes == NULL) {
        text->failed = true;
        return false;
    }
    text->bytes = bytes;
    text->capacity = capacity;
    return true;
}

void tuff_text_add_bytes(struct tuff_text *text, const void *bytes, size_t count)
{
    if (!reserve(text, count))
        return;
    memcpy(text->bytes + text->length, bytes, count);
    text->length += count;
    text->bytes[text->length] = '\0';
}

void tuff_text_add(struct tuff_text *text, const char *string)
{
    tuff_text_add_bytes(text, string, strlen(string));
}

void tuff_text_format(struct tuff_text *text, const char *format, ...)
{
    va_list arguments, again;
    va_start(arguments, format);
    va_copy(again, arguments);
    int length = vsnprintf(NULL, 0, format, arguments);
    if (length >= 0 && reserve(text, (size_t)length)) {
        vsnprintf(text->bytes + text->length, (size_t)length + 1, format, again);
        text->length += (size_t)length;
    }
    va_end(again);
    va_end(arguments);
}

void tuff_text_escape(struct tuff_text *text, const char *string)
{
    while (*string != '\0') {
        const char *start = string;
        uint32_t character = tuff_utf8_next(&string);
        if (character == '&')
            tuff_text_add(text, "&amp;");
        else if (character == '<')
            tuff_text_add(text, "&lt;");
        else if (character == '>')
            tuff_text_add(text, "&gt;");
        else if (character == '"')
            tuff_text_add(text, "&quot;");
        else if (character == '\'')
            tuff_text_add(text, "&#39;");
        else if (character == 0xFFFD || (character < 0x20 && character != '\t' && character != '\n') ||
                 character == 0x7F || character == 0xFFFE || character == 0xFFFF)
            tuff_text_add(text, "\xEF\xBF\xBD");
        else
            tuff_text_add_bytes(text, start, (size_t)(string - start));
    }
}

void tuff_text_coordinate(struct tuff_text *text, double value)
{
    char digits[48];
    double hundredths = isfinite(value) && fabs(value) < 1e15 ? round(value * 100) : 0;
    long long whole = (long long)fabs(hundredths);
    int length =
        snprintf(digits, sizeof digits, "%s%lld.%02lld", hundredths < 0 ? "-" : "", whole / 100, whole % 100);
    while (length > 0 && digits[length - 1] == '0')
        length--;
    if (length > 0 && digits[length - 1] == '.')
        length--;
    tuff_text_add_bytes(text, digits, (size_t)length);
}

void tuff_text_base64(struct tuff_text *text, const void *bytes, size_t count)
{
    static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    const unsigned char *in = bytes;
    if (!reserve(text, (count + 2) / 3 * 4))
        return;
    for (size_t i = 0; i < count; i += 3) {
        size_t left = count - i;
        uint32_t triple = (uint32_t)in[i] << 16 | (left > 1 ? (uint32_t)in[i + 1] << 8 : 0) |
                          (left > 2 ? (uint32_t)in[i + 2] : 0);
        const char four[4] = {alphabet[triple >> 18], alphabet[triple >> 12 & 63],
                              left > 1 ? alphabet[triple >> 6 & 63] : '=',
                              left > 2 ? alphabet[triple & 63] : '='};
        tuff_text_add_bytes(text, four, sizeof four);
    }
}

void tuff_text_free(struct tuff_text *text)
{
    free(text->bytes);
    *text = (struct tuff_text){.bytes = NULL};
}

enum tuff_status tuff_text_save(const struct tuff_log *log, const char *path, const struct tuff_text *text)
{
    char aside[PATH_MAX];
    if (text->failed)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "cannot write '%s': out of memory", path);
    int length = snprintf(aside, sizeof aside, "%s.new", path);
    if (length < 0 || (size_t)length >= sizeof aside)
        return tuff_fail(log, TUFF_ERROR_IO, "cannot write '%s': %s", path, strerror(ENAMETOOLONG));
    // What a crash left behind is taken away, and so is a link that somebody has laid there: not through it.
    FILE *file = fopen(aside, "wbxe");
    if (file == NULL && errno == EEXIST && unlink(aside) == 0)
        file = fopen(aside, "wbxe");
    if (file == NULL)
        return tuff_fail(log, TUFF_ERROR_IO, "cannot write '%s': %s", path, strerror(errno));
    bool written = fwrite(text->bytes, 1, text->length, file) == text->length;
    written = fclose(file) == 0 && written;
    if (written && rename(aside, path) == 0)
        return TUFF_OK;
    int reason = errno;
    unlink(aside);
    return tuff_fail(log, TUFF_ERROR_IO, "cannot write '%s': %s", path, strerror(reason));
}
