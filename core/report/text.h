// Text that grows: what SVG and HTML are written into. A failed allocation is remembered and reported when
// the text is saved, so that writing needs no checks.
#ifndef TUFF_CORE_TEXT_H
#define TUFF_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>

#include "tuff/log.h"

struct tuff_text {
    char *bytes; // ends in '\0'; NULL while empty
    size_t length, capacity;
    bool failed; // memory was exhausted
};

void tuff_text_add(struct tuff_text *text, const char *string);
void tuff_text_add_bytes(struct tuff_text *text, const void *bytes, size_t count);
void tuff_text_format(struct tuff_text *text, const char *format, ...) TUFF_PRINTF(2, 3);
// For the content and the attribute values of XML and HTML. What is no valid UTF-8, or a character that XML
// cannot hold, becomes U+FFFD.
void tuff_text_escape(struct tuff_text *text, const char *string);
// A coordinate: at most two decimals, a point whatever the locale; 0 for what is not finite.
void tuff_text_coordinate(struct tuff_text *text, double value);
void tuff_text_base64(struct tuff_text *text, const void *bytes, size_t count);
void tuff_text_free(struct tuff_text *text);

// Writes aside, then renames. Failure: TUFF_ERROR_MEMORY if the text is not whole, TUFF_ERROR_IO.
TUFF_MUST_CHECK enum tuff_status tuff_text_save(const struct tuff_log *log, const char *path,
                                                const struct tuff_text *text);

// -- Numbers for people; a point whatever the locale, an en dash for what is no number.

struct tuff_number {
    char s[48];
};

struct tuff_number tuff_fixed(double value, unsigned decimals); // 98.70
struct tuff_number tuff_significant(double value);              // 0.0435, 2.303, 1.2e-07
struct tuff_number tuff_percent(double fraction);               // 98.7 %, of 0.98704; <0.01 %; with a space that does not break
struct tuff_number tuff_grouped(uint64_t count);                // 60,074

// -- Names, which may hold anything

// The next character; *string moves behind it. Bytes that are no UTF-8 give U+FFFD one by one; 0 at the end.
uint32_t tuff_utf8_next(const char **string);
// Columns of a fixed-width font: 2 for East Asian wide characters, 0 for combining ones.
unsigned tuff_columns(const char *string);
// A copy that is valid UTF-8 without control characters, at most `columns` wide, with an ellipsis where it
// was cut. capacity: of out, at least 8; cuts too.
void tuff_clean_name(char *out, size_t capacity, const char *string, unsigned columns);

#endif
