#include "append_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "console.h"

static enum tuff_status failed(const struct append_file *file)
{
    console_error("cannot write '%s': %s", file->path, strerror(errno));
    return TUFF_ERROR_IO;
}

enum tuff_status append_file_open(struct append_file *file, const char *path, enum append_start start)
{
    static const int flags[] = {
        [APPEND_TO_NOTHING] = O_CREAT | O_TRUNC, [APPEND_TO_EXISTING] = 0, [APPEND_TO_ANY] = O_CREAT};
    file->length = 0;
    snprintf(file->path, sizeof file->path, "%s", path);
    // O_NOFOLLOW: what is written belongs into the folder, and whoever made that may have put a link there.
    file->descriptor = open(path, O_WRONLY | O_CLOEXEC | O_NOFOLLOW | flags[start], 0666);
    if (file->descriptor < 0)
        return failed(file);
    // What has no end, a pipe say, is as good as empty.
    off_t end = lseek(file->descriptor, 0, SEEK_END);
    if (end < 0 && errno != ESPIPE)
        return failed(file);
    file->length = end < 0 ? 0 : (uint64_t)end;
    return TUFF_OK;
}

enum tuff_status append_file_write(struct append_file *file, const void *piece, size_t bytes)
{
    const char *next = piece;
    size_t left = bytes;
    while (left > 0) {
        ssize_t written = write(file->descriptor, next, left);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0) {
            int error = written == 0 ? EIO : errno;
            // Where that does not work, the file is none that could be read again.
            if (left < bytes && ftruncate(file->descriptor, (off_t)file->length) == 0)
                lseek(file->descriptor, (off_t)file->length, SEEK_SET);
            errno = error;
            return failed(file);
        }
        next += written;
        left -= (size_t)written;
    }
    file->length += bytes;
    return TUFF_OK;
}

enum tuff_status append_file_cut(struct append_file *file, uint64_t length)
{
    if (file->length <= length)
        return TUFF_OK;
    if (ftruncate(file->descriptor, (off_t)length) != 0 ||
        lseek(file->descriptor, (off_t)length, SEEK_SET) < 0)
        return failed(file);
    file->length = length;
    return TUFF_OK;
}

enum tuff_status append_file_sync(struct append_file *file)
{
    // What is no file on a disk cannot be synchronized (EINVAL), and need not be.
    return fsync(file->descriptor) == 0 || errno == EINVAL ? TUFF_OK : failed(file);
}

enum tuff_status append_file_close(struct append_file *file)
{
    int descriptor = file->descriptor;
    file->descriptor = -1;
    return descriptor < 0 || close(descriptor) == 0 ? TUFF_OK : failed(file);
}
