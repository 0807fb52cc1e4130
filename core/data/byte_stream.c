#include "byte_stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <zlib.h>

#include "base/regular_file.h"

enum { INPUT_BYTES = 1 << 16, MOST_AT_ONCE = 1 << 30, FIRST_TAKEN = 1 << 20 };

struct tuff_byte_stream {
    const struct tuff_log *log;
    const char *path;
    FILE *file;
    uint64_t file_bytes;
    bool gzip;
    bool between;     // no gzip member is open: the content may end here
    uint64_t members; // finished
    uint64_t content; // bytes handed out
    z_stream z;
    uint8_t input[INPUT_BYTES];
};

// Fills the input buffer. Leaves avail_in at 0 at the file's end.
static enum tuff_status refill(struct tuff_byte_stream *stream)
{
    stream->z.next_in = stream->input;
    stream->z.avail_in = (uInt)fread(stream->input, 1, INPUT_BYTES, stream->file);
    if (stream->z.avail_in == 0 && ferror(stream->file))
        return tuff_fail(stream->log, TUFF_ERROR_IO, "%s: cannot read: %s", stream->path, strerror(errno));
    return TUFF_OK;
}

enum tuff_status tuff_byte_stream_open(const struct tuff_log *log, const char *path,
                                       struct tuff_byte_stream **stream)
{
    *stream = NULL;
    struct tuff_byte_stream *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", path);
    made->log = log;
    made->path = path;
    enum tuff_status status = tuff_regular_file_open(log, path, &made->file, &made->file_bytes);
    if (status == TUFF_OK)
        status = refill(made);
    if (status == TUFF_OK) {
        made->gzip = made->z.avail_in >= 2 && made->input[0] == 0x1f && made->input[1] == 0x8b;
        // 16: with a gzip header and trailer, whose checksum is then verified.
        if (made->gzip && inflateInit2(&made->z, 15 + 16) != Z_OK) {
            made->gzip = false;
            status = tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", path);
        }
    }
    if (status != TUFF_OK) {
        tuff_byte_stream_close(&made);
        return status;
    }
    *stream = made;
    return TUFF_OK;
}

void tuff_byte_stream_close(struct tuff_byte_stream **stream)
{
    if (stream == NULL || *stream == NULL)
        return;
    if ((*stream)->gzip)
        inflateEnd(&(*stream)->z);
    if ((*stream)->file != NULL)
        fclose((*stream)->file);
    free(*stream);
    *stream = NULL;
}

bool tuff_byte_stream_size(const struct tuff_byte_stream *stream, uint64_t *bytes)
{
    *bytes = stream->gzip ? 0 : stream->file_bytes;
    return !stream->gzip;
}

// Moves input to `to` as it is.
static size_t copy_input(struct tuff_byte_stream *stream, uint8_t *to, size_t bytes)
{
    size_t part = bytes < stream->z.avail_in ? bytes : stream->z.avail_in;
    memcpy(to, stream->z.next_in, part);
    stream->z.next_in += part;
    stream->z.avail_in -= (uInt)part;
    return part;
}

// Inflates input to `to`; *part may come out as 0 while there is more to come.
static enum tuff_status inflate_input(struct tuff_byte_stream *stream, uint8_t *to, size_t bytes,
                                      size_t *part)
{
    if (stream->between) { // members may follow each other, as `cat a.gz b.gz` makes them
        inflateReset(&stream->z);
        stream->between = false;
    }
    uInt most = bytes < MOST_AT_ONCE ? (uInt)bytes : MOST_AT_ONCE;
    stream->z.next_out = to;
    stream->z.avail_out = most;
    int result = inflate(&stream->z, Z_NO_FLUSH);
    *part = most - stream->z.avail_out;
    if (result == Z_STREAM_END) {
        stream->between = true;
        stream->members++;
        return TUFF_OK;
    }
    if (result == Z_OK || result == Z_BUF_ERROR)
        return TUFF_OK;
    if (result == Z_MEM_ERROR)
        return tuff_fail(stream->log, TUFF_ERROR_MEMORY, "%s: out of memory", stream->path);
    if (stream->members > 0 && stream->z.total_out == 0)
        return tuff_fail(stream->log, TUFF_ERROR_FORMAT, "%s: trailing bytes after the gzip data",
                         stream->path);
    return tuff_fail(stream->log, TUFF_ERROR_FORMAT,
                     "%s: damaged gzip data after %" PRIu64 " bytes of content: %s", stream->path,
                     stream->content + *part, stream->z.msg != NULL ? stream->z.msg : "not gzip");
}

enum tuff_status tuff_byte_stream_read(struct tuff_byte_stream *stream, void *to, size_t bytes, size_t *got)
{
    *got = 0;
    while (*got < bytes) {
        if (stream->z.avail_in == 0) {
            enum tuff_status status = refill(stream);
            if (status != TUFF_OK)
                return status;
        }
        if (stream->z.avail_in == 0) {
            if (stream->gzip && !stream->between)
                return tuff_fail(stream->log, TUFF_ERROR_FORMAT,
                                 "%s: truncated: the gzip data end early, after %" PRIu64 " bytes of content",
                                 stream->path, stream->content);
            return TUFF_OK;
        }
        size_t part;
        if (stream->gzip) {
            enum tuff_status status = inflate_input(stream, (uint8_t *)to + *got, bytes - *got, &part);
            if (status != TUFF_OK)
                return status;
        } else {
            part = copy_input(stream, (uint8_t *)to + *got, bytes - *got);
        }
        *got += part;
        stream->content += part;
    }
    return TUFF_OK;
}

enum tuff_status tuff_byte_stream_take(struct tuff_byte_stream *stream, uint64_t most, uint8_t **bytes,
                                       uint64_t *got)
{
    uint64_t size, capacity = most < FIRST_TAKEN ? most : FIRST_TAKEN;
    if (tuff_byte_stream_size(stream, &size) && most > FIRST_TAKEN) // a plain file has what it says
        capacity = most <= size ? most : size + 1;                  // one more, so that its end shows
    enum tuff_status status = TUFF_OK;
    uint8_t *taken = NULL;
    uint64_t stored = 0;
    for (bool ended = false; !ended && status == TUFF_OK;) {
        uint8_t *grown = capacity >= SIZE_MAX ? NULL : realloc(taken, (size_t)capacity + 1);
        if (grown == NULL) {
            status = tuff_fail(stream->log, TUFF_ERROR_MEMORY, "%s: no memory for %" PRIu64 " bytes",
                               stream->path, capacity);
            break;
        }
        taken = grown;
        size_t part;
        status = tuff_byte_stream_read(stream, taken + stored, (size_t)(capacity - stored), &part);
        stored += part;
        ended = stored < capacity || stored == most;
        capacity = capacity > most / 2 ? most : 2 * capacity;
    }
    if (status != TUFF_OK) {
        free(taken);
        taken = NULL;
        stored = 0;
    }
    *bytes = taken;
    *got = stored;
    return status;
}
