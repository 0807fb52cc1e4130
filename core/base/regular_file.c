#include "base/regular_file.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum tuff_status tuff_regular_file_open(const struct tuff_log *log, const char *path, FILE **file,
                                        uint64_t *bytes)
{
    struct stat info = {.st_size = 0};
    // O_NONBLOCK: a pipe that nobody writes into would keep us waiting. Of regular files it changes nothing.
    int opened = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    *file = NULL;
    if (opened >= 0 && fstat(opened, &info) == 0 && S_ISREG(info.st_mode)) {
        *file = fdopen(opened, "rb");
    } else if (opened >= 0) {
        close(opened);
        return tuff_fail(log, TUFF_ERROR_IO, "%s: a regular file was expected, found a %s", path,
                         S_ISDIR(info.st_mode) ? "folder" : "special file");
    }
    if (*file == NULL) {
        int reason = errno;
        if (opened >= 0)
            close(opened);
        return tuff_fail(log, reason == ENOENT ? TUFF_ERROR_NOT_FOUND : TUFF_ERROR_IO, "%s: cannot open: %s",
                         path, strerror(reason));
    }
    if (bytes != NULL)
        *bytes = (uint64_t)info.st_size;
    return TUFF_OK;
}
