// JSON as text, on standard output and in files.
#ifndef TUFF_TOOL_JSON_OUTPUT_H
#define TUFF_TOOL_JSON_OUTPUT_H

#include <jansson.h>

#include "tuff/status.h"

// A number, or null for one that JSON cannot say.
json_t *json_number(double value);
// A text of any bytes: what is no UTF-8 becomes U+FFFD.
json_t *json_name(const char *text);
// The text of `json`, by jansson's flags, ended by 0; free() it. NULL if memory is exhausted. json_dumps does
// not do: up to jansson 2.14 it leaves out keys that it had no memory for, and says nothing.
char *json_text(const json_t *json, size_t flags);
// Prints it, with numbers at full precision; takes the reference. NULL, from a failed allocation, is an
// error.
TUFF_MUST_CHECK enum tuff_status json_print(json_t *json);

// The same into a file; "-" is standard output. Failure: an error is shown.
TUFF_MUST_CHECK enum tuff_status json_write(const char *path, json_t *json);

#endif
