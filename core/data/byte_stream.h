// A file's content, inflated on the way if it is gzip.
#ifndef TUFF_CORE_BYTE_STREAM_H
#define TUFF_CORE_BYTE_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tuff/log.h"

struct tuff_byte_stream;

// path lives as long as the stream. Failure: TUFF_ERROR_NOT_FOUND, TUFF_ERROR_IO (not a regular file, too),
// TUFF_ERROR_MEMORY.
TUFF_MUST_CHECK enum tuff_status tuff_byte_stream_open(const struct tuff_log *log, const char *path,
                                                       struct tuff_byte_stream **stream);
void tuff_byte_stream_close(struct tuff_byte_stream **stream); // NULL-safe, nulls

// Whether the content's size is known beforehand (a plain file), and if so which.
bool tuff_byte_stream_size(const struct tuff_byte_stream *stream, uint64_t *bytes);

// Reads up to `bytes`; *got is less only where the content ends. Failure: TUFF_ERROR_IO; TUFF_ERROR_FORMAT
// for gzip data that end early, are damaged (checksum included) or are followed by something else.
TUFF_MUST_CHECK enum tuff_status tuff_byte_stream_read(struct tuff_byte_stream *stream, void *to,
                                                       size_t bytes, size_t *got);

// Reads up to `most` into memory of malloc that grows as the bytes come, so that nobody's word is taken for
// how many they are. *got is less than `most` only where the content ends. Failure: as above, and
// TUFF_ERROR_MEMORY; nothing is left to free then.
TUFF_MUST_CHECK enum tuff_status tuff_byte_stream_take(struct tuff_byte_stream *stream, uint64_t most,
                                                       uint8_t **bytes, uint64_t *got);

#endif
