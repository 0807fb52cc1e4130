#include "decimal.h"

#include <jansson.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

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

struct tuff_decimal tuff_decimal_print(double value, int digits)
{
    struct tuff_decimal printed;
    const char *point = localeconv()->decimal_point;
    snprintf(printed.text, sizeof printed.text, "%.*g", digits, value);
    char *found = strcmp(point, ".") == 0 ? NULL : strstr(printed.text, point);
    if (found != NULL) {
        *found = '.';
        memmove(found + 1, found + strlen(point), strlen(found + strlen(point)) + 1);
    }
    return printed;
}

struct tuff_decimal tuff_decimal_shortest(double value)
{
    struct tuff_decimal printed = {.text = ""};
    for (int digits = 6; digits <= 17; digits++) {
        double again;
        printed = tuff_decimal_print(value, digits);
        if (tuff_decimal_read(printed.text, strlen(printed.text), &again) && again == value)
            break;
    }
    return printed;
}
