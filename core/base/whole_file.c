#include "base/whole_file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { MOST_AT_ONCE = 1 << 30, MODE = 0666 };

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

static int write_content(int file, const struct tuff_file_part *parts, size_t count)
{
    int error = 0;
    for (size_t i = 0; i < count && error == 0; i++)
        error = write_all(file, parts[i].data, parts[i].bytes);
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

enum tuff_status tuff_whole_file_write(const struct tuff_log *log, const char *path,
                                       const struct tuff_file_part *parts, size_t count)
{
    char aside[PATH_MAX];
    struct stat info;
    // What is renamed to a device's or a pipe's name would take its place; a folder's it cannot take.
    if (stat(path, &info) == 0 && !S_ISREG(info.st_mode) && !S_ISDIR(info.st_mode))
        return tuff_fail(log, TUFF_ERROR_IO, "%s: cannot write: expected a regular file or none", path);
    int length = snprintf(aside, sizeof aside, "%s.tmp.%ld", path, (long)getpid());
    if (length < 0 || length >= PATH_MAX)
        return tuff_fail(log, TUFF_ERROR_IO, "the path is too long: %s", path);
    // O_EXCL: never through a link that somebody else put there. A file of that name is a dead process's.
    int flags = O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC;
    int file = open(aside, flags, MODE);
    if (file < 0 && errno == EEXIST && unlink(aside) == 0)
        file = open(aside, flags, MODE);
    int error = file < 0 ? errno : write_content(file, parts, count);
    if (file >= 0 && close(file) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(aside, path) != 0)
        error = errno;
    if (error == 0) {
        sync_folder(log, path);
        return TUFF_OK;
    }
    if (file >= 0)
        unlink(aside);
    return tuff_fail(log, TUFF_ERROR_IO, "%s: cannot write: %s", path, strerror(error));
}
