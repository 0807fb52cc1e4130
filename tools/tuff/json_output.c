#include "json_output.h"

#include <errno.h>
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"
#include "report/text.h"

json_t *json_number(double value)
{
    return isfinite(value) ? json_real(value) : json_null();
}

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

char *json_text(const json_t *json, size_t flags)
{
    // Into a buffer of the right size, which takes no memory on the way.
    size_t length = json_dumpb(json, NULL, 0, flags);
    char *text = length == 0 ? NULL : malloc(length + 1);
    if (text != NULL && json_dumpb(json, text, length, flags) != length) {
        free(text);
        return NULL;
    }
    if (text != NULL)
        text[length] = '\0';
    return text;
}

enum tuff_status json_print(json_t *json)
{
    char *text = json == NULL ? NULL : json_text(json, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    json_decref(json);
    if (text == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    console_print("%s\n", text);
    free(text);
    return TUFF_OK;
}

enum tuff_status json_write(const char *path, json_t *json)
{
    if (strcmp(path, "-") == 0)
        return json_print(json);
    char *text = json == NULL ? NULL : json_text(json, JSON_INDENT(2) | JSON_REAL_PRECISION(17));
    FILE *file = text == NULL ? NULL : fopen(path, "w");
    enum tuff_status status = TUFF_OK;
    json_decref(json);
    if (text == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    if (file == NULL || fputs(text, file) == EOF || fputc('\n', file) == EOF)
        status = TUFF_ERROR_IO;
    int reason = errno;
    if (file != NULL && fclose(file) != 0 && status == TUFF_OK) {
        reason = errno;
        status = TUFF_ERROR_IO;
    }
    if (status != TUFF_OK)
        console_error("cannot write '%s': %s", path, strerror(reason));
    free(text);
    return status;
}
