// Decimal numbers out of text, whatever the locale.
#ifndef TUFF_CORE_DECIMAL_H
#define TUFF_CORE_DECIMAL_H

#include <stdbool.h>
#include <stddef.h>

// "1", "-.5", "+2.", "1e-3": the whole text is a finite number. At most 31 bytes, which 17 digits fit into.
bool tuff_decimal_read(const char *text, size_t length, double *value);

#endif
