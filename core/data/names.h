// Lists of names in one block of memory, so that whoever owns it frees it at once.
#ifndef TUFF_CORE_NAMES_H
#define TUFF_CORE_NAMES_H

#include <stddef.h>

// A copy of `count` names, of malloc: the pointers, then their text. NULL if memory is exhausted.
const char *const *tuff_names_copy(const char *const *names, size_t count);
// "0", "1", …
const char *const *tuff_names_number(size_t count);

// Room for a file's name in a message.
enum { TUFF_PRINTED_NAME_BYTES = 512 };

// Bytes of a text that are no UTF-8 and control characters become \xNN, so that it fits into a line and into
// JSON. What is too long for `out` is cut between two characters. capacity: at least 1.
void tuff_name_print(char *out, size_t capacity, const char *text);

#endif
