#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "printable.h"
#include "safetensors_format.h"

enum { MOST_AT_ONCE = 1 << 30, MODE = 0666 };

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

// Returns 0 or the errno of the first failure.
static int write_all(int file, const void *data, uint64_t bytes)
{
    const uint8_t *next = data;
    while (bytes > 0) {
        ssize_t written = write(file, next, bytes < MOST_AT_ONCE ? (size_t)bytes : MOST_AT_ONCE);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return errno;
        if (written == 0)
            return EIO;
        next += written;
        bytes -= (uint64_t)written;
    }
    return 0;
}

static int write_content(int file, const uint8_t *header, size_t header_bytes,
                         const struct tuff_safetensor *tensors, size_t count)
{
    int error = write_all(file, header, header_bytes);
    for (size_t i = 0; i < count && error == 0; i++)
        error = write_all(file, tensors[i].data, tensors[i].bytes);
    if (error == 0 && fsync(file) != 0)
        error = errno;
    return error;
}

// Makes the rename last. By then the file is whole and in its place, so a failure is worth a warning only.
static void sync_folder(const struct tuff_log *log, const char *path)
{
    char folder[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int length = slash == NULL ? 1 : slash == path ? 1 : (int)(slash - path);
    if (length >= PATH_MAX)
        return;
    snprintf(folder, sizeof folder, "%.*s", length, slash == NULL ? "." : path);
    int file = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    // Some file systems know no fsync of folders and say EINVAL.
    if (file < 0 || (fsync(file) != 0 && errno != EINVAL))
        tuff_log_message(log, TUFF_LOG_WARNING,
                         "%s: cannot make sure that the file survives a power failure: %s", path,
                         strerror(errno));
    if (file >= 0)
        close(file);
}

enum tuff_status tuff_safetensors_write(const struct tuff_log *log, const char *path,
                                        const struct tuff_safetensor *tensors, size_t count,
                                        const struct tuff_metadata *metadata, size_t metadata_count)
{
    char aside[PATH_MAX];
    int length = snprintf(aside, sizeof aside, "%s.tmp.%ld", path, (long)getpid());
    if (length < 0 || length >= PATH_MAX)
        return tuff_fail(log, TUFF_ERROR_IO, "the path is too long: %s", path);
    uint8_t *header;
    size_t header_bytes = 0;
    enum tuff_status status =
        make_header(log, path, tensors, count, metadata, metadata_count, &header, &header_bytes);
    if (status == TUFF_OK) {
        // O_EXCL: never through a link that somebody else put there. A file of that name is a dead process's.
        int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
        int file = open(aside, flags, MODE);
        if (file < 0 && errno == EEXIST && unlink(aside) == 0)
            file = open(aside, flags, MODE);
        int error = file < 0 ? errno : write_content(file, header, header_bytes, tensors, count);
        if (file >= 0 && close(file) != 0 && error == 0)
            error = errno;
        if (error == 0 && rename(aside, path) != 0)
            error = errno;
        if (error != 0) {
            if (file >= 0)
                unlink(aside);
            status = tuff_fail(log, TUFF_ERROR_IO, "%s: cannot write: %s", path, strerror(error));
        } else {
            sync_folder(log, path);
        }
    }
    free(header);
    return status;
}
