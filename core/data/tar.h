// Files in a tar archive, which may be gzip: read in order, never written to disk.
#ifndef TUFF_CORE_TAR_H
#define TUFF_CORE_TAR_H

#include "byte_stream.h"

struct tuff_tar {
    const struct tuff_log *log;
    const char *path;
    struct tuff_byte_stream *stream;
    uint64_t left;    // bytes of the member that have not been read
    uint64_t padding; // that follow it
    uint64_t content; // bytes so far, of all that the archive unpacks to
};

// path lives as long as the archive is open. Failure: as for tuff_byte_stream_open.
TUFF_MUST_CHECK enum tuff_status tuff_tar_open(const struct tuff_log *log, const char *path,
                                               struct tuff_tar *tar);
void tuff_tar_close(struct tuff_tar *tar);

// The next regular file; what is left of the one before is skipped. name: the last part of its path; empty
// for a name that is too long to be any of ours. *more: false at the archive's end, which has been read to
// the end then, so that gzip's checksum has been compared. Failure: TUFF_ERROR_IO; TUFF_ERROR_FORMAT for what
// is no tar archive, or is truncated, or unpacks to more than TUFF_DATASET_MAX_BYTES.
TUFF_MUST_CHECK enum tuff_status tuff_tar_next(struct tuff_tar *tar, char name[101], uint64_t *bytes,
                                               bool *more);

// All of the member, in memory of malloc.
TUFF_MUST_CHECK enum tuff_status tuff_tar_take(struct tuff_tar *tar, uint8_t **bytes);

#endif
