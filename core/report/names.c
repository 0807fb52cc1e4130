// Names as they come, from folders and files: any bytes at all.
#include <string.h>

#include "text.h"

enum { REPLACEMENT = 0xFFFD };

uint32_t tuff_utf8_next(const char **string)
{
    // The first byte says how many follow; the least value that needs as many rules out overlong forms.
    static const struct {
        unsigned char mask, lead;
        unsigned more;
        uint32_t least;
    } forms[] = {{0xE0, 0xC0, 1, 0x80}, {0xF0, 0xE0, 2, 0x800}, {0xF8, 0xF0, 3, 0x10000}};
    const unsigned char *bytes = (const unsigned char *)*string;
    if (bytes[0] == '\0')
        return 0;
    *string += 1;
    if (bytes[0] < 0x80)
        return bytes[0];
    for (size_t i = 0; i < sizeof forms / sizeof *forms; i++) {
        if ((bytes[0] & forms[i].mask) != forms[i].lead)
            continue;
        uint32_t character = bytes[0] & (unsigned char)~forms[i].mask;
        for (unsigned k = 1; k <= forms[i].more; k++) {
            if ((bytes[k] & 0xC0) != 0x80) // the terminator as well
                return REPLACEMENT;
            character = character << 6 | (bytes[k] & 0x3F);
        }
        if (character < forms[i].least || character > 0x10FFFF || (character >= 0xD800 && character < 0xE000))
            return REPLACEMENT;
        *string += forms[i].more;
        return character;
    }
    return REPLACEMENT;
}

// Near enough for layout: the blocks that fonts draw wide, and the marks that combine.
static unsigned character_columns(uint32_t character)
{
    static const struct {
        uint32_t first, last;
        unsigned columns;
    } ranges[] = {
        {0x0300, 0x036F, 0}, {0x0483, 0x0489, 0},   {0x0591, 0x05BD, 0},   {0x064B, 0x065F, 0},
        {0x1100, 0x115F, 2}, {0x200B, 0x200F, 0},   {0x202A, 0x202E, 0},   {0x20D0, 0x20FF, 0},
        {0x2E80, 0x303E, 2}, {0x3041, 0xA4CF, 2},   {0xAC00, 0xD7A3, 2},   {0xF900, 0xFAFF, 2},
        {0xFE00, 0xFE0F, 0}, {0xFE20, 0xFE2F, 0},   {0xFE30, 0xFE6F, 2},   {0xFF00, 0xFF60, 2},
        {0xFFE0, 0xFFE6, 2}, {0x1F300, 0x1FAFF, 2}, {0x20000, 0x3FFFD, 2},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++)
        if (character >= ranges[i].first && character <= ranges[i].last)
            return ranges[i].columns;
    return 1;
}

unsigned tuff_columns(const char *string)
{
    unsigned columns = 0;
    while (*string != '\0')
        columns += character_columns(tuff_utf8_next(&string));
    return columns;
}

// Control characters, and those that turn the direction of what follows.
static bool unprintable(uint32_t character)
{
    return character < 0x20 || (character >= 0x7F && character < 0xA0) || character == 0x2028 ||
           character == 0x2029 || (character >= 0x202A && character <= 0x202E) ||
           (character >= 0x2066 && character <= 0x2069) || character == 0xFFFE || character == 0xFFFF;
}

void tuff_clean_name(char *out, size_t capacity, const char *string, unsigned columns)
{
    static const char ellipsis[] = "\xE2\x80\xA6", replacement[] = "\xEF\xBF\xBD";
    size_t used = 0, kept = 0; // kept: up to where an ellipsis still fits
    unsigned width = 0;
    while (*string != '\0') {
        const char *start = string;
        uint32_t character = tuff_utf8_next(&string);
        size_t bytes = (size_t)(string - start);
        if (unprintable(character) || character == REPLACEMENT) {
            start = replacement;
            bytes = sizeof replacement - 1;
        }
        width += start == replacement ? 1 : character_columns(character);
        if (width > columns || used + bytes + 1 > capacity) {
            memcpy(out + kept, ellipsis, sizeof ellipsis);
            return;
        }
        memcpy(out + used, start, bytes);
        used += bytes;
        if (width < columns && used + sizeof ellipsis <= capacity)
            kept = used;
    }
    out[used] = '\0';
}
