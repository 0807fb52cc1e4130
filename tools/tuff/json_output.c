#include "json_output.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "report/text.h"

json_t *json_name(const char *text)
{
    json_t *json = json_string(text); // NULL if it is no UTF-8
    if (json != NULL)
        return json;
    size_t capacity = 3 * strlen(text) + 8;
    char *clean = malloc(capacity);
    if (clean != NULL) {
        tuff_clean_name(clean, capacity, text, UINT32_MAX);
        json = json_string(clean);
    }
    free(clean);
    return json;
}

enum tuff_status json_print(json_t *json)
{
    char *text = json == NULL ? NULL : json_dumps(json, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    json_decref(json);
    if (text == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    console_print("%s\n", text);
    free(text);
    return TUFF_OK;
}
