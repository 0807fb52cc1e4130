// One file from one address, by libcurl.
#ifndef TUFF_CORE_DOWNLOAD_H
#define TUFF_CORE_DOWNLOAD_H

#include <stdbool.h>
#include <stdint.h>

#include "tuff/status.h"

enum { TUFF_DOWNLOAD_WHY_BYTES = 320 };

struct tuff_download {
    const char *url; // https://, file://, or http:// where that is allowed
    bool allow_http; // of redirections, too, which otherwise lead to https:// alone
    int file;        // open for writing, at its end
    uint64_t from;   // bytes that it has already: the server is asked for those that follow
    uint64_t most;   // that the whole may have
    bool (*progress)(void *user, uint64_t bytes,
                     uint64_t total); // of the whole; total 0: not known. False: stop
    void *user;
};

enum tuff_download_result {
    TUFF_DOWNLOAD_DONE,
    TUFF_DOWNLOAD_FAILED,    // what has come is in the file
    TUFF_DOWNLOAD_NO_RESUME, // the server cannot send a part: nothing has come
    TUFF_DOWNLOAD_TOO_LONG,  // more than `most`
    TUFF_DOWNLOAD_NOT_WRITTEN,
    TUFF_DOWNLOAD_STOPPED,
};

// why: the reason, but after success.
TUFF_MUST_CHECK enum tuff_download_result tuff_download(const struct tuff_download *download,
                                                        char why[TUFF_DOWNLOAD_WHY_BYTES]);

#endif
