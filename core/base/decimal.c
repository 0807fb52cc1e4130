#include "decimal.h"

#include <jansson.h>

enum { MOST_BYTES = 31 };

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

// By the library that reads JSON, which knows no locale. What is more than JSON allows is put right before: a
// sign of +, and a point without digits on one side.
bool tuff_decimal_read(const char *text, size_t length, double *value)
{
    char put_right[2 * MOST_BYTES + 1]; // a digit beside each point
    size_t used = 0, digits = 0;
    if (length > MOST_BYTES)
        return false;
    for (size_t i = length > 0 && text[0] == '+'; i < length; i++) {
        const bool point = text[i] == '.';
        digits += is_digit(text[i]);
        if (point && (used == 0 || !is_digit(put_right[used - 1])))
            put_right[used++] = '0';
        put_right[used++] = text[i];
        if (point && (i + 1 == length || !is_digit(text[i + 1])))
            put_right[used++] = '0';
    }
    json_t *number =
        digits == 0 ? NULL : json_loadb(put_right, used, JSON_DECODE_ANY | JSON_DECODE_INT_AS_REAL, NULL);
    const bool is_number = json_is_real(number);
    if (is_number)
        *value = json_real_value(number);
    json_decref(number);
    return is_number;
}
