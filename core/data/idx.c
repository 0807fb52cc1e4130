#include "idx.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "byte_stream.h"
#include "dataset_source.h"

// Magic numbers: 0, 0, the element type (8: unsigned byte), the rank.
enum { MAGIC_IMAGES = 0x00000803, MAGIC_LABELS = 0x00000801, MAX_RANK = 3, FIRST_BYTES = 1 << 20 };

struct idx {
    uint32_t rank;
    uint32_t dims[MAX_RANK];
    uint64_t bytes; // of the elements
    uint8_t *elements;
};

static uint32_t big_endian(const uint8_t bytes[4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static const char *what_has(uint32_t magic)
{
    return magic == MAGIC_IMAGES ? "images" : magic == MAGIC_LABELS ? "labels" : "something else";
}

static enum tuff_status read_header(const struct tuff_log *log, const char *path,
                                    struct tuff_byte_stream *stream, uint32_t magic, struct idx *idx)
{
    uint8_t bytes[4 + 4 * MAX_RANK];
    size_t got;
    // A label becomes four times as large.
    const uint64_t most =
        magic == MAGIC_LABELS ? TUFF_DATASET_MAX_BYTES / sizeof(uint32_t) : TUFF_DATASET_MAX_BYTES;
    enum tuff_status status = tuff_byte_stream_read(stream, bytes, 4, &got);
    if (status != TUFF_OK)
        return status;
    if (got == 4 && big_endian(bytes) != magic)
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: expected an IDX file of %s (magic number 0x%08" PRIx32 "), found 0x%08" PRIx32
                         " (%s)",
                         path, what_has(magic), magic, big_endian(bytes), what_has(big_endian(bytes)));
    idx->rank = magic & 0xff;
    size_t header = 4 + 4 * (size_t)idx->rank, more = 0;
    if (got == 4) {
        status = tuff_byte_stream_read(stream, bytes + 4, header - 4, &more);
        if (status != TUFF_OK)
            return status;
    }
    if (got + more < header)
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: truncated: expected an IDX header of %zu bytes, found %zu", path, header,
                         got + more);
    idx->bytes = 1;
    for (uint32_t i = 0; i < idx->rank; i++) {
        idx->dims[i] = big_endian(bytes + 4 + 4 * i);
        if (idx->dims[i] == 0)
            return tuff_fail(log, TUFF_ERROR_FORMAT,
                             "%s: expected at least 1 for dimension %" PRIu32 ", found 0", path, i + 1);
        if (idx->dims[i] > most / idx->bytes)
            return tuff_fail(log, TUFF_ERROR_FORMAT, "%s: the header declares more than %" PRIu64 " bytes",
                             path, most);
        idx->bytes *= idx->dims[i];
    }
    uint64_t size;
    if (tuff_byte_stream_size(stream, &size) && size != header + idx->bytes)
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: %s: expected %" PRIu64 " bytes by what the header declares, found %" PRIu64,
                         path, size < header + idx->bytes ? "truncated" : "trailing bytes",
                         header + idx->bytes, size);
    return TUFF_OK;
}

// Stores the elements as they come, in memory that grows by doubling.
static enum tuff_status read_elements(const struct tuff_log *log, const char *path,
                                      struct tuff_byte_stream *stream, struct idx *idx)
{
    uint64_t size, stored = 0, capacity = 0;
    uint64_t next =
        tuff_byte_stream_size(stream, &size) || idx->bytes < FIRST_BYTES ? idx->bytes : FIRST_BYTES;
    while (stored < idx->bytes) {
        uint8_t *grown = next > SIZE_MAX ? NULL : realloc(idx->elements, (size_t)next);
        if (grown == NULL)
            return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for %" PRIu64 " bytes", path, next);
        idx->elements = grown;
        capacity = next;
        size_t got;
        enum tuff_status status =
            tuff_byte_stream_read(stream, grown + stored, (size_t)(capacity - stored), &got);
        if (status != TUFF_OK)
            return status;
        stored += got;
        if (stored < capacity)
            return tuff_fail(log, TUFF_ERROR_FORMAT,
                             "%s: truncated: expected %" PRIu64 " bytes after the header, found %" PRIu64,
                             path, idx->bytes, stored);
        next = capacity > idx->bytes / 2 ? idx->bytes : 2 * capacity;
    }
    uint8_t beyond;
    size_t got;
    enum tuff_status status = tuff_byte_stream_read(stream, &beyond, 1, &got);
    if (status == TUFF_OK && got != 0)
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: trailing bytes: expected %" PRIu64 " after the header, found more", path,
                         idx->bytes);
    return status;
}

static enum tuff_status read_idx(const struct tuff_log *log, const char *path, uint32_t magic,
                                 struct idx *idx)
{
    memset(idx, 0, sizeof *idx);
    struct tuff_byte_stream *stream;
    enum tuff_status status = tuff_byte_stream_open(log, path, &stream);
    if (status != TUFF_OK)
        return status;
    status = read_header(log, path, stream, magic, idx);
    if (status == TUFF_OK)
        status = read_elements(log, path, stream, idx);
    tuff_byte_stream_close(&stream);
    if (status != TUFF_OK) {
        free(idx->elements);
        idx->elements = NULL;
    }
    return status;
}

enum tuff_status tuff_idx_read_images(const struct tuff_log *log, const char *path,
                                      struct tuff_idx_images *images)
{
    memset(images, 0, sizeof *images);
    struct idx idx;
    enum tuff_status status = read_idx(log, path, MAGIC_IMAGES, &idx);
    if (status != TUFF_OK)
        return status;
    *images = (struct tuff_idx_images){idx.dims[0], idx.dims[1], idx.dims[2], idx.elements};
    return TUFF_OK;
}

enum tuff_status tuff_idx_read_labels(const struct tuff_log *log, const char *path, uint32_t classes,
                                      uint32_t *count, uint32_t **labels)
{
    *count = 0;
    *labels = NULL;
    struct idx idx;
    enum tuff_status status = read_idx(log, path, MAGIC_LABELS, &idx);
    if (status != TUFF_OK)
        return status;
    uint32_t *made = NULL;
    for (uint32_t i = 0; i < idx.dims[0] && status == TUFF_OK; i++)
        if (idx.elements[i] >= classes)
            status = tuff_fail(log, TUFF_ERROR_FORMAT,
                               "%s: expected labels below %" PRIu32 ", found %d as number %" PRIu32, path,
                               classes, idx.elements[i], i);
    if (status == TUFF_OK) {
        if (idx.bytes <= SIZE_MAX / sizeof *made)
            made = malloc((size_t)idx.bytes * sizeof *made);
        if (made == NULL)
            status =
                tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for %" PRIu64 " labels", path, idx.bytes);
    }
    if (status == TUFF_OK) {
        for (uint32_t i = 0; i < idx.dims[0]; i++)
            made[i] = idx.elements[i];
        *count = idx.dims[0];
        *labels = made;
    }
    free(idx.elements);
    return status;
}
