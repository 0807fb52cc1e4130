#include "safetensors.h"

#include <errno.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/regular_file.h"
#include "printable.h"
#include "safetensors_format.h"

struct storage {
    json_t *root; // names, dtypes and metadata point into it
    uint8_t *data;
};

struct reader {
    const struct tuff_log *log;
    const char *path;
    FILE *file;
    uint64_t data_bytes;
    struct tuff_safetensors *made;
    struct storage *storage;
};

static enum tuff_status out_of_memory(const struct reader *reader, uint64_t bytes)
{
    return tuff_fail(reader->log, TUFF_ERROR_MEMORY, "%s: no memory for %" PRIu64 " bytes", reader->path,
                     bytes);
}

// Reads bytes of which the file's size has said that they are there.
static enum tuff_status read_exactly(const struct reader *reader, void *to, uint64_t bytes)
{
    if (fread(to, 1, (size_t)bytes, reader->file) == bytes)
        return TUFF_OK;
    if (ferror(reader->file))
        return tuff_fail(reader->log, TUFF_ERROR_IO, "%s: cannot read: %s", reader->path, strerror(errno));
    return tuff_fail(reader->log, TUFF_ERROR_IO, "%s: the file became shorter while it was read",
                     reader->path);
}

// Reads the length and the JSON text, and parses it.
static enum tuff_status read_header(struct reader *reader)
{
    uint64_t file_bytes = 0, length = 0;
    enum tuff_status status = tuff_regular_file_open(reader->log, reader->path, &reader->file, &file_bytes);
    if (status != TUFF_OK)
        return status;
    if (file_bytes < TUFF_SAFETENSORS_LENGTH_BYTES)
        return tuff_fail(reader->log, TUFF_ERROR_FORMAT,
                         "%s: expected a safetensors file of at least %d bytes, found %" PRIu64, reader->path,
                         TUFF_SAFETENSORS_LENGTH_BYTES, file_bytes);
    uint8_t bytes[TUFF_SAFETENSORS_LENGTH_BYTES];
    status = read_exactly(reader, bytes, TUFF_SAFETENSORS_LENGTH_BYTES);
    if (status != TUFF_OK)
        return status;
    for (int i = TUFF_SAFETENSORS_LENGTH_BYTES; i-- > 0;)
        length = length << 8 | bytes[i];
    uint64_t rest = file_bytes - TUFF_SAFETENSORS_LENGTH_BYTES;
    if (length > TUFF_SAFETENSORS_MAX_HEADER_BYTES)
        return tuff_fail(reader->log, TUFF_ERROR_FORMAT,
                         "%s: not a safetensors file, damaged, or one of too many tensors: expected a header "
                         "of at most %d bytes, found %" PRIu64,
                         reader->path, TUFF_SAFETENSORS_MAX_HEADER_BYTES, length);
    if (length > rest)
        return tuff_fail(reader->log, TUFF_ERROR_FORMAT,
                         "%s: truncated: expected a header of %" PRIu64 " bytes, found %" PRIu64,
                         reader->path, length, rest);
    reader->data_bytes = rest - length;
    char *text = malloc((size_t)length + 1);
    if (text == NULL)
        return out_of_memory(reader, length);
    status = read_exactly(reader, text, length);
    if (status == TUFF_OK && (length == 0 || text[0] != '{'))
        status = tuff_fail(reader->log, TUFF_ERROR_FORMAT, "%s: expected a header that begins with '{'",
                           reader->path);
    if (status == TUFF_OK) {
        json_error_t error;
        reader->storage->root = json_loadb(text, (size_t)length, JSON_REJECT_DUPLICATES, &error);
        if (reader->storage->root == NULL)
            status = tuff_fail(reader->log, TUFF_ERROR_FORMAT, "%s: header byte %d: %s", reader->path,
                               error.position, tuff_printable(error.text).text);
    }
    free(text);
    return status;
}

static enum tuff_status read_metadata(struct reader *reader, json_t *object)
{
    if (!json_is_object(object))
        return tuff_fail(reader->log, TUFF_ERROR_FORMAT, "%s: __metadata__: expected an object",
                         reader->path);
    size_t count = json_object_size(object);
    reader->made->metadata = calloc(count + 1, sizeof *reader->made->metadata);
    if (reader->made->metadata == NULL)
        return out_of_memory(reader, count * sizeof *reader->made->metadata);
    const char *key;
    json_t *value;
    json_object_foreach(object, key, value)
    {
        if (!json_is_string(value))
            return tuff_fail(reader->log, TUFF_ERROR_FORMAT, "%s: __metadata__: expected a text for '%s'",
                             reader->path, tuff_printable(key).text);
        reader->made->metadata[reader->made->metadata_count++] =
            (struct tuff_metadata){.key = key, .value = json_string_value(value)};
    }
    return TUFF_OK;
}

// A number of a list of sizes or offsets: a JSON integer of at least 0.
static bool take_number(const json_t *list, size_t index, uint64_t *number)
{
    const json_t *value = json_array_get(list, index);
    if (!json_is_integer(value) || json_integer_value(value) < 0)
        return false;
    *number = (uint64_t)json_integer_value(value);
    return true;
}

// An entry of the header, before the data are there.
struct entry {
    struct tuff_safetensor tensor;
    uint64_t begin; // of its data in the data part
};

// Checks one entry by itself.
static enum tuff_status read_entry(const struct reader *reader, const char *name, const json_t *value,
                                   struct entry *entry)
{
    const struct tuff_log *log = reader->log;
    const char *path = reader->path;
    const struct tuff_printable shown = tuff_printable(name);
    struct tuff_safetensor *tensor = &entry->tensor;
    if (!json_is_object(value))
        return tuff_fail(log, TUFF_ERROR_FORMAT, "%s: tensor '%s': expected an object", path, shown.text);
    const char *type = json_string_value(json_object_get(value, "dtype"));
    const struct tuff_safetensors_dtype *dtype = type == NULL ? NULL : tuff_safetensors_dtype(type);
    if (dtype == NULL)
        return tuff_fail(log, TUFF_ERROR_FORMAT, "%s: tensor '%s': expected a dtype such as F32, found '%s'",
                         path, shown.text, type == NULL ? "" : tuff_printable(type).text);
    const json_t *shape = json_object_get(value, "shape"), *offsets = json_object_get(value, "data_offsets");
    if (!json_is_array(shape) || json_array_size(shape) > TUFF_SAFETENSORS_MAX_RANK)
        return tuff_fail(log, TUFF_ERROR_FORMAT, "%s: tensor '%s': expected a shape of at most %d dimensions",
                         path, shown.text, TUFF_SAFETENSORS_MAX_RANK);
    tensor->name = name;
    tensor->dtype = dtype->name;
    tensor->rank = (uint32_t)json_array_size(shape);
    for (uint32_t i = 0; i < tensor->rank; i++)
        if (!take_number(shape, i, &tensor->dims[i]))
            return tuff_fail(log, TUFF_ERROR_FORMAT,
                             "%s: tensor '%s': shape: expected whole numbers of at least 0", path,
                             shown.text);
    uint64_t end, bytes;
    if (!json_is_array(offsets) || json_array_size(offsets) != 2 || !take_number(offsets, 0, &entry->begin) ||
        !take_number(offsets, 1, &end))
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: tensor '%s': data_offsets: expected two whole numbers of at least 0", path,
                         shown.text);
    if (entry->begin > end || end > reader->data_bytes)
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: tensor '%s': expected data within the %" PRIu64
                         " bytes after the header, found "
                         "%" PRIu64 " to %" PRIu64,
                         path, shown.text, reader->data_bytes, entry->begin, end);
    if (!tuff_safetensors_bytes(dtype, tensor->rank, tensor->dims, &bytes) || bytes != end - entry->begin)
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: tensor '%s': its shape and type do not fit the %" PRIu64 " bytes of its data",
                         path, shown.text, end - entry->begin);
    tensor->bytes = bytes;
    return TUFF_OK;
}

// In the order of the data; an empty tensor comes before the one that begins where it lies.
static int compare_entries(const void *a, const void *b)
{
    const struct entry *x = a, *y = b;
    if (x->begin != y->begin)
        return x->begin < y->begin ? -1 : 1;
    if (x->tensor.bytes != y->tensor.bytes)
        return x->tensor.bytes < y->tensor.bytes ? -1 : 1;
    return strcmp(x->tensor.name, y->tensor.name);
}

// Sorts the entries, sees that they tile the data part, and reads it.
static enum tuff_status read_data(struct reader *reader, struct entry *entries, size_t count)
{
    uint64_t next = 0;
    qsort(entries, count, sizeof *entries, compare_entries);
    for (size_t i = 0; i < count; i++) {
        if (entries[i].begin != next)
            return tuff_fail(
                reader->log, TUFF_ERROR_FORMAT,
                "%s: tensor '%s': expected its data to begin at %" PRIu64 ", found %" PRIu64 " (%s)",
                reader->path, tuff_printable(entries[i].tensor.name).text, next, entries[i].begin,
                entries[i].begin < next ? "it overlaps another" : "there is a gap");
        next += entries[i].tensor.bytes;
    }
    if (next != reader->data_bytes)
        return tuff_fail(reader->log, TUFF_ERROR_FORMAT,
                         "%s: expected %" PRIu64 " bytes of data after the header, found %" PRIu64,
                         reader->path, next, reader->data_bytes);
    uint8_t *data = malloc((size_t)next + 1);
    if (data == NULL)
        return out_of_memory(reader, next);
    reader->storage->data = data;
    reader->made->tensors = calloc(count + 1, sizeof *reader->made->tensors);
    if (reader->made->tensors == NULL)
        return out_of_memory(reader, count * sizeof *reader->made->tensors);
    reader->made->count = count;
    for (size_t i = 0; i < count; i++) {
        reader->made->tensors[i] = entries[i].tensor;
        reader->made->tensors[i].data = data + entries[i].begin;
    }
    return read_exactly(reader, data, next);
}

static enum tuff_status read_tensors(struct reader *reader)
{
    json_t *root = reader->storage->root, *value;
    struct entry *entries = calloc(json_object_size(root) + 1, sizeof *entries);
    if (entries == NULL)
        return out_of_memory(reader, json_object_size(root) * sizeof *entries);
    size_t count = 0;
    const char *name;
    enum tuff_status status = TUFF_OK;
    json_object_foreach(root, name, value)
    {
        if (strcmp(name, TUFF_SAFETENSORS_METADATA) == 0)
            status = read_metadata(reader, value);
        else
            status = read_entry(reader, name, value, &entries[count++]);
        if (status != TUFF_OK)
            break;
    }
    if (status == TUFF_OK)
        status = read_data(reader, entries, count);
    free(entries);
    return status;
}

enum tuff_status tuff_safetensors_read(const struct tuff_log *log, const char *path,
                                       struct tuff_safetensors **file)
{
    *file = NULL;
    struct reader reader = {.log = log, .path = path};
    reader.made = calloc(1, sizeof *reader.made);
    reader.storage = calloc(1, sizeof *reader.storage);
    enum tuff_status status;
    if (reader.made == NULL || reader.storage == NULL) {
        free(reader.storage);
        status = out_of_memory(&reader, sizeof *reader.made);
    } else {
        reader.made->storage = reader.storage;
        status = read_header(&reader);
        if (status == TUFF_OK)
            status = read_tensors(&reader);
    }
    if (reader.file != NULL)
        fclose(reader.file);
    if (status != TUFF_OK)
        tuff_safetensors_destroy(&reader.made);
    *file = reader.made;
    return status;
}

void tuff_safetensors_destroy(struct tuff_safetensors **file)
{
    if (file == NULL || *file == NULL)
        return;
    struct storage *storage = (*file)->storage;
    if (storage != NULL) {
        json_decref(storage->root);
        free(storage->data);
        free(storage);
    }
    free((*file)->tensors);
    free((*file)->metadata);
    free(*file);
    *file = NULL;
}

const struct tuff_safetensor *tuff_safetensors_find(const struct tuff_safetensors *file, const char *name)
{
    for (size_t i = 0; i < file->count; i++)
        if (strcmp(file->tensors[i].name, name) == 0)
            return &file->tensors[i];
    return NULL;
}
