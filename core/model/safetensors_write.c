#include <inttypes.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "base/whole_file.h"
#include "printable.h"
#include "safetensors_format.h"

// Checks a tensor and makes its entry. *offset: where its data begin; moved to where they end.
static enum tuff_status make_entry(const struct tuff_log *log, const char *path,
                                   const struct tuff_safetensor *tensor, uint64_t *offset, json_t **entry)
{
    const struct tuff_safetensors_dtype *dtype = tuff_safetensors_dtype(tensor->dtype);
    const struct tuff_printable name = tuff_printable(tensor->name);
    uint64_t bytes;
    *entry = NULL;
    if (dtype == NULL || tensor->rank > TUFF_SAFETENSORS_MAX_RANK ||
        !tuff_safetensors_bytes(dtype, tensor->rank, tensor->dims, &bytes) || bytes != tensor->bytes ||
        bytes > INT64_MAX - *offset)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: tensor '%s': %" PRIu64 " bytes of type '%s' do not fit its shape", path,
                         name.text, tensor->bytes, tuff_printable(tensor->dtype).text);
    json_t *shape = json_array();
    for (uint32_t i = 0; i < tensor->rank && shape != NULL; i++)
        if (tensor->dims[i] > INT64_MAX ||
            json_array_append_new(shape, json_integer((json_int_t)tensor->dims[i])) != 0) {
            json_decref(shape);
            shape = NULL;
        }
    // o: the new object takes over the reference.
    if (shape != NULL)
        *entry = json_pack("{s:s, s:o, s:[I, I]}", "dtype", tensor->dtype, "shape", shape, "data_offsets",
                           (json_int_t)*offset, (json_int_t)(*offset + bytes));
    if (*entry == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for the header", path);
    *offset += bytes;
    return TUFF_OK;
}

// Adds value, which it takes over, under a key that must be new and UTF-8.
static enum tuff_status add_unique(const struct tuff_log *log, const char *path, json_t *object,
                                   const char *key, json_t *value)
{
    if (json_object_get(object, key) != NULL) {
        json_decref(value);
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: the name '%s' comes twice", path,
                         tuff_printable(key).text);
    }
    if (value == NULL || json_object_set_new(object, key, value) != 0)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: '%s' or its value is not UTF-8", path,
                         tuff_printable(key).text);
    return TUFF_OK;
}

static enum tuff_status fill_header(const struct tuff_log *log, const char *path,
                                    const struct tuff_safetensor *tensors, size_t count,
                                    const struct tuff_metadata *metadata, size_t metadata_count, json_t *root)
{
    enum tuff_status status = TUFF_OK;
    if (metadata_count > 0) {
        json_t *object = json_object();
        status = add_unique(log, path, root, TUFF_SAFETENSORS_METADATA, object);
        for (size_t i = 0; i < metadata_count && status == TUFF_OK; i++)
            status = add_unique(log, path, object, metadata[i].key, json_string(metadata[i].value));
    }
    uint64_t offset = 0;
    for (size_t i = 0; i < count && status == TUFF_OK; i++) {
        json_t *entry;
        if (strcmp(tensors[i].name, TUFF_SAFETENSORS_METADATA) == 0)
            return tuff_fail(log, TUFF_ERROR_INVALID, "%s: a tensor cannot be called '%s'", path,
                             tensors[i].name);
        status = make_entry(log, path, &tensors[i], &offset, &entry);
        if (status == TUFF_OK)
            status = add_unique(log, path, root, tensors[i].name, entry);
    }
    return status;
}

// The file's beginning: the length and the JSON text, filled with spaces to a multiple of 8 bytes.
static enum tuff_status make_header(const struct tuff_log *log, const char *path,
                                    const struct tuff_safetensor *tensors, size_t count,
                                    const struct tuff_metadata *metadata, size_t metadata_count,
                                    uint8_t **header, size_t *header_bytes)
{
    *header = NULL;
    json_t *root = json_object();
    if (root == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for the header", path);
    enum tuff_status status = fill_header(log, path, tensors, count, metadata, metadata_count, root);
    if (status == TUFF_OK) {
        // Keys come out in the order in which they went in: the same content gives the same bytes.
        size_t length = json_dumpb(root, NULL, 0, JSON_COMPACT);
        size_t padded = (length + TUFF_SAFETENSORS_ALIGNMENT - 1) / TUFF_SAFETENSORS_ALIGNMENT *
                        TUFF_SAFETENSORS_ALIGNMENT;
        *header_bytes = TUFF_SAFETENSORS_LENGTH_BYTES + padded;
        if (padded > TUFF_SAFETENSORS_MAX_HEADER_BYTES)
            status =
                tuff_fail(log, TUFF_ERROR_INVALID, "%s: expected a header of at most %d bytes, found %zu",
                          path, TUFF_SAFETENSORS_MAX_HEADER_BYTES, padded);
        else if (length == 0 || (*header = malloc(*header_bytes)) == NULL)
            status = tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for the header", path);
        if (status == TUFF_OK) {
            for (int i = 0; i < TUFF_SAFETENSORS_LENGTH_BYTES; i++)
                (*header)[i] = (uint8_t)((uint64_t)padded >> (8 * i));
            memset(*header + TUFF_SAFETENSORS_LENGTH_BYTES, ' ', padded);
            if (json_dumpb(root, (char *)*header + TUFF_SAFETENSORS_LENGTH_BYTES, padded, JSON_COMPACT) !=
                length)
                status = tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for the header", path);
        }
    }
    json_decref(root);
    return status;
}

enum tuff_status tuff_safetensors_write(const struct tuff_log *log, const char *path,
                                        const struct tuff_safetensor *tensors, size_t count,
                                        const struct tuff_metadata *metadata, size_t metadata_count)
{
    uint8_t *header;
    size_t header_bytes = 0;
    enum tuff_status status =
        make_header(log, path, tensors, count, metadata, metadata_count, &header, &header_bytes);
    struct tuff_file_part *parts = calloc(count + 1, sizeof *parts);
    if (status == TUFF_OK && parts == NULL)
        status = tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", path);
    if (status == TUFF_OK) {
        parts[0] = (struct tuff_file_part){header, header_bytes};
        for (size_t i = 0; i < count; i++)
            parts[i + 1] = (struct tuff_file_part){tensors[i].data, tensors[i].bytes};
        status = tuff_whole_file_write(log, path, parts, count + 1);
    }
    free(parts);
    free(header);
    return status;
}
