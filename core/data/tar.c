#include "tar.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dataset_source.h"

// A header is a block; so is what is left of a member at its end. Fields of the header: begin and length.
enum {
    BLOCK = 512,
    NAME = 0,
    NAME_BYTES = 100,
    SIZE = 124,
    SIZE_BYTES = 12,
    SUM = 148,
    SUM_BYTES = 8,
    TYPE = 156,
};

enum tuff_status tuff_tar_open(const struct tuff_log *log, const char *path, struct tuff_tar *tar)
{
    *tar = (struct tuff_tar){.log = log, .path = path};
    return tuff_byte_stream_open(log, path, &tar->stream);
}

void tuff_tar_close(struct tuff_tar *tar)
{
    tuff_byte_stream_close(&tar->stream);
}

static enum tuff_status truncated(const struct tuff_tar *tar)
{
    return tuff_fail(tar->log, TUFF_ERROR_FORMAT, "%s: truncated: the archive ends within a file", tar->path);
}

static enum tuff_status count_content(struct tuff_tar *tar, uint64_t bytes)
{
    tar->content += bytes;
    if (tar->content <= TUFF_DATASET_MAX_BYTES)
        return TUFF_OK;
    return tuff_fail(tar->log, TUFF_ERROR_FORMAT, "%s: unpacks to more than %" PRIu64 " bytes", tar->path,
                     TUFF_DATASET_MAX_BYTES);
}

static enum tuff_status skip(struct tuff_tar *tar, uint64_t bytes)
{
    uint8_t block[16 * BLOCK];
    enum tuff_status status = TUFF_OK;
    while (bytes > 0 && status == TUFF_OK) {
        size_t part = bytes < sizeof block ? (size_t)bytes : sizeof block, got;
        status = tuff_byte_stream_read(tar->stream, block, part, &got);
        if (status == TUFF_OK)
            status = count_content(tar, got);
        if (status == TUFF_OK && got < part)
            status = truncated(tar);
        bytes -= part;
    }
    return status;
}

// Up to the archive's very end: zeros, as a rule.
static enum tuff_status skip_rest(struct tuff_tar *tar)
{
    uint8_t block[16 * BLOCK];
    size_t got = sizeof block;
    enum tuff_status status = TUFF_OK;
    while (got == sizeof block && status == TUFF_OK) {
        status = tuff_byte_stream_read(tar->stream, block, sizeof block, &got);
        if (status == TUFF_OK)
            status = count_content(tar, got);
    }
    return status;
}

// Octal digits that end in a blank or a 0.
static bool read_octal(const uint8_t *field, size_t bytes, uint64_t *value)
{
    size_t i = 0;
    *value = 0;
    while (i < bytes && field[i] == ' ')
        i++;
    for (; i < bytes && field[i] >= '0' && field[i] <= '7'; i++)
        *value = *value * 8 + (uint64_t)(field[i] - '0');
    return i == bytes || field[i] == ' ' || field[i] == 0;
}

static bool is_right(const uint8_t header[BLOCK])
{
    uint64_t sum = 0, expected;
    for (size_t i = 0; i < BLOCK; i++)
        sum += i >= SUM && i < SUM + SUM_BYTES ? ' ' : header[i];
    return read_octal(header + SUM, SUM_BYTES, &expected) && sum == expected;
}

static bool is_zero(const uint8_t header[BLOCK])
{
    for (size_t i = 0; i < BLOCK; i++)
        if (header[i] != 0)
            return false;
    return true;
}

// Reads a header; *more is false at the end.
static enum tuff_status read_header(struct tuff_tar *tar, uint8_t header[BLOCK], uint64_t *bytes, bool *more)
{
    size_t got;
    *more = false;
    enum tuff_status status = tuff_byte_stream_read(tar->stream, header, BLOCK, &got);
    if (status == TUFF_OK)
        status = count_content(tar, got);
    if (status != TUFF_OK)
        return status;
    if (got == BLOCK && is_zero(header))
        return skip_rest(tar);
    if (got < BLOCK)
        return tuff_fail(tar->log, TUFF_ERROR_FORMAT, "%s: truncated: the archive has no end", tar->path);
    if (!is_right(header))
        return tuff_fail(tar->log, TUFF_ERROR_FORMAT,
                         "%s: expected a tar archive, found another header at byte %" PRIu64, tar->path,
                         tar->content - BLOCK);
    if (!read_octal(header + SIZE, SIZE_BYTES, bytes) || *bytes > TUFF_DATASET_MAX_BYTES)
        return tuff_fail(tar->log, TUFF_ERROR_FORMAT, "%s: a file of more than %" PRIu64 " bytes", tar->path,
                         TUFF_DATASET_MAX_BYTES);
    *more = true;
    return TUFF_OK;
}

enum tuff_status tuff_tar_next(struct tuff_tar *tar, char name[101], uint64_t *bytes, bool *more)
{
    uint8_t header[BLOCK];
    *more = false;
    for (;;) {
        enum tuff_status status = skip(tar, tar->left + tar->padding);
        tar->left = tar->padding = 0;
        if (status == TUFF_OK)
            status = read_header(tar, header, bytes, more);
        if (status != TUFF_OK || !*more)
            return status;
        tar->left = *bytes;
        tar->padding = (BLOCK - *bytes % BLOCK) % BLOCK;
        if (header[TYPE] == '0' || header[TYPE] == 0)
            break;
    }
    memcpy(name, header + NAME, NAME_BYTES);
    name[NAME_BYTES] = '\0';
    const char *slash = strrchr(name, '/');
    if (slash != NULL)
        memmove(name, slash + 1, strlen(slash));
    return TUFF_OK;
}

enum tuff_status tuff_tar_take(struct tuff_tar *tar, uint8_t **bytes)
{
    uint64_t got;
    enum tuff_status status = tuff_byte_stream_take(tar->stream, tar->left, bytes, &got);
    if (status == TUFF_OK)
        status = count_content(tar, got);
    if (status == TUFF_OK && got < tar->left)
        status = truncated(tar);
    if (status != TUFF_OK) {
        free(*bytes);
        *bytes = NULL;
    }
    tar->left = 0;
    return status;
}
