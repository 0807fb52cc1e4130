// JSON on standard output.
#ifndef TUFF_TOOL_JSON_OUTPUT_H
#define TUFF_TOOL_JSON_OUTPUT_H

#include <jansson.h>

#include "tuff/status.h"

// A text of any bytes: what is no UTF-8 becomes U+FFFD.
json_t *json_name(const char *text);
// Prints it, with numbers at full precision; takes the reference. NULL, from a failed allocation, is an
// error.
TUFF_MUST_CHECK enum tuff_status json_print(json_t *json);

// The same into a file; "-" is standard output. Failure: an error is shown.
TUFF_MUST_CHECK enum tuff_status json_write(const char *path, json_t *json);

#endif
