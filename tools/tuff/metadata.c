#include "metadata.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "console.h"

enum { LENGTH_BYTES = 8, HEADER_MOST = 100 << 20 }; // the format's own limit

// The header's text, 0-terminated.
static enum tuff_status read_header(FILE *file, const char *path, char **header)
{
    unsigned char prefix[LENGTH_BYTES];
    uint64_t length = 0;
    *header = NULL;
    if (fread(prefix, 1, sizeof prefix, file) != sizeof prefix) {
        console_error("%s: expected a safetensors file, found %s", path,
                      ferror(file) ? strerror(errno) : "fewer than 8 bytes");
        return ferror(file) ? TUFF_ERROR_IO : TUFF_ERROR_FORMAT;
    }
    for (int i = LENGTH_BYTES - 1; i >= 0; i--)
        length = length << 8 | prefix[i];
    if (length > HEADER_MOST) {
        console_error("%s: expected a safetensors file, found a header of %llu bytes", path,
                      (unsigned long long)length);
        return TUFF_ERROR_FORMAT;
    }
    *header = calloc(1, (size_t)length + 1);
    if (*header == NULL) {
        console_error("out of memory");
        return TUFF_ERROR_MEMORY;
    }
    if (fread(*header, 1, (size_t)length, file) != length) {
        console_error("%s: the file ends within its header", path);
        return TUFF_ERROR_FORMAT;
    }
    return TUFF_OK;
}

enum tuff_status metadata_read(const char *path, json_t **metadata)
{
    char *header;
    json_error_t error;
    *metadata = NULL;
    FILE *file = fopen(path, "re");
    if (file == NULL) {
        console_error("cannot read '%s': %s", path, strerror(errno));
        return errno == ENOENT ? TUFF_ERROR_NOT_FOUND : TUFF_ERROR_IO;
    }
    enum tuff_status status = read_header(file, path, &header);
    fclose(file);
    if (status == TUFF_OK) {
        json_t *json = json_loads(header, 0, &error);
        if (json_is_object(json)) {
            *metadata = json_incref(json_object_get(json, "__metadata__"));
            if (*metadata == NULL)
                *metadata = json_object();
        } else {
            console_error("%s: expected a safetensors file; its header is no JSON object", path);
            status = TUFF_ERROR_FORMAT;
        }
        json_decref(json);
    }
    free(header);
    return status;
}

const char *metadata_text(const json_t *metadata, const char *key)
{
    return json_string_value(json_object_get(metadata, key));
}
