// Decimal numbers out of text and into it, whatever the locale.
#ifndef TUFF_CORE_DECIMAL_H
#define TUFF_CORE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

// "1", "-.5", "+2.", "1e-3": the whole text is a finite number. At most 31 bytes, which 17 digits fit into.
bool tuff_decimal_read(const char *text, size_t length, double *value);

// "0.1": %g of so many digits, 1 to 17.
struct tuff_decimal {
    char text[40];
};
struct tuff_decimal tuff_decimal_print(double value, int digits);
// The same with as few digits, from 6 on, as tell the number from all others.
struct tuff_decimal tuff_decimal_shortest(double value);

#endif
