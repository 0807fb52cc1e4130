#include "fetch.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include "byte_stream.h"
#include "dataset_source.h"
#include "download.h"
#include "places.h"
#include "sha256.h"

enum { URL_BYTES = 3 * PATH_MAX, CHUNK = 1 << 16 };

struct fetch {
    const struct tuff_log *log;
    const struct tuff_fetch_options *options;
    const struct tuff_fetch_file *file;
    struct tuff_fetch_progress progress;
    char path[PATH_MAX], part[PATH_MAX];
};

// -- Whether a file is right

enum verdict { RIGHT, WRONG, UNREADABLE };

static bool same_digest(struct tuff_sha256 *hash, const char *expected, char found[TUFF_SHA256_TEXT_BYTES])
{
    uint8_t digest[TUFF_SHA256_BYTES];
    tuff_sha256_end(hash, digest);
    tuff_sha256_text(digest, found);
    return strcmp(found, expected) == 0;
}

static bool is_content_right(const struct fetch *fetch, const char *path)
{
    struct tuff_byte_stream *stream;
    struct tuff_sha256 hash;
    char found[TUFF_SHA256_TEXT_BYTES];
    uint8_t chunk[CHUNK];
    uint64_t total = 0;
    size_t got = sizeof chunk;
    if (fetch->file->content_sha256 == NULL || tuff_byte_stream_open(NULL, path, &stream) != TUFF_OK)
        return false;
    tuff_sha256_begin(&hash);
    enum tuff_status status = TUFF_OK;
    // What unpacks to more is wrong, however much more that may be.
    while (got == sizeof chunk && total <= fetch->file->content_bytes && status == TUFF_OK) {
        status = tuff_byte_stream_read(stream, chunk, sizeof chunk, &got);
        tuff_sha256_add(&hash, chunk, got);
        total += got;
    }
    tuff_byte_stream_close(&stream);
    return status == TUFF_OK && total == fetch->file->content_bytes &&
           same_digest(&hash, fetch->file->content_sha256, found);
}

// found: the digest of a file that is wrong.
static enum verdict judge(const struct fetch *fetch, const char *path, char found[TUFF_SHA256_TEXT_BYTES])
{
    struct tuff_sha256 hash;
    uint8_t chunk[CHUNK];
    ssize_t got;
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    if (file < 0)
        return UNREADABLE;
    tuff_sha256_begin(&hash);
    while ((got = read(file, chunk, sizeof chunk)) > 0 || (got < 0 && errno == EINTR))
        if (got > 0)
            tuff_sha256_add(&hash, chunk, (size_t)got);
    close(file);
    if (got < 0)
        return UNREADABLE;
    if (same_digest(&hash, fetch->file->sha256, found) || is_content_right(fetch, path))
        return RIGHT;
    return WRONG;
}

// -- Addresses

// The file's address at a mirror. A folder becomes file://, with its absolute path. One that is not there is
// an error if there is no other mirror, else url becomes empty.
static enum tuff_status make_url(const struct fetch *fetch, const char *mirror, bool only,
                                 char url[URL_BYTES])
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._~/";
    const char *name = fetch->file->name;
    size_t length = strlen(mirror), used = 0;
    while (length > 0 && mirror[length - 1] == '/')
        length--;
    if (strstr(mirror, "://") != NULL) {
        int written = snprintf(url, URL_BYTES, "%.*s/%s", (int)length, mirror, name);
        if (written >= 0 && written < URL_BYTES)
            return TUFF_OK;
        return tuff_fail(fetch->log, TUFF_ERROR_INVALID, "the address '%.60s…' is too long", mirror);
    }
    char path[PATH_MAX], *real = realpath(mirror, NULL);
    url[0] = '\0';
    if (real == NULL && !only) {
        tuff_log_message(fetch->log, TUFF_LOG_WARNING, "%s: not from %s: %s", name, mirror, strerror(errno));
        return TUFF_OK;
    }
    if (real == NULL)
        return tuff_fail(fetch->log, TUFF_ERROR_NOT_FOUND, "cannot fetch from '%s': %s", mirror,
                         strerror(errno));
    bool fits = tuff_path_join(path, real, name);
    free(real);
    if (!fits)
        return tuff_fail(fetch->log, TUFF_ERROR_INVALID, "cannot fetch from '%s': the path is too long",
                         mirror);
    used = (size_t)snprintf(url, URL_BYTES, "file://");
    for (const char *c = path; *c != '\0' && used + 4 < URL_BYTES; c++)
        if (strchr(plain, *c) != NULL)
            url[used++] = *c;
        else
            used += (size_t)snprintf(url + used, URL_BYTES - used, "%%%02X", (unsigned char)*c);
    url[used] = '\0';
    return TUFF_OK;
}

static bool is_allowed(const struct tuff_fetch_options *options, const char *mirror)
{
    return strstr(mirror, "://") == NULL || strncmp(mirror, "https://", 8) == 0 ||
           strncmp(mirror, "file://", 7) == 0 ||
           (options->allow_http != 0 && strncmp(mirror, "http://", 7) == 0);
}

// -- One file

static bool tell(void *user, uint64_t bytes, uint64_t total)
{
    struct fetch *fetch = user;
    if (fetch->options->progress == NULL)
        return true;
    fetch->progress.bytes = bytes;
    if (total > 0)
        fetch->progress.total = total;
    return fetch->options->progress(fetch->options->user, &fetch->progress) == 0;
}

// The most bytes that the file may have. Another packing of the same content is hardly larger than the
// content.
static uint64_t most_bytes(const struct tuff_fetch_file *file)
{
    uint64_t packed =
        file->content_sha256 == NULL ? 0 : file->content_bytes + file->content_bytes / 1000 + 1024;
    return packed > file->bytes ? packed : file->bytes;
}

// Downloads into the part from its end on. *again: worth another try from the start.
static enum tuff_status download_part(struct fetch *fetch, const char *url, int part, bool *again, bool *done)
{
    char why[TUFF_DOWNLOAD_WHY_BYTES], found[TUFF_SHA256_TEXT_BYTES] = "";
    struct stat info;
    const uint64_t most = most_bytes(fetch->file);
    *again = *done = false;
    if (fstat(part, &info) != 0 || ((uint64_t)info.st_size > most && ftruncate(part, 0) != 0))
        return tuff_fail(fetch->log, TUFF_ERROR_IO, "%s: %s", fetch->part, strerror(errno));
    const uint64_t from = (uint64_t)info.st_size > most ? 0 : (uint64_t)info.st_size;
    // A part of the whole's size may be the whole.
    if (from > 0 && from == fetch->file->bytes && judge(fetch, fetch->part, found) == RIGHT) {
        *done = true;
        return TUFF_OK;
    }
    fetch->progress.total = fetch->file->bytes;
    if (!tell(fetch, from, 0))
        return TUFF_ERROR_INTERRUPTED;
    const struct tuff_download download = {.url = url,
                                           .allow_http = fetch->options->allow_http != 0,
                                           .file = part,
                                           .from = from,
                                           .most = most,
                                           .progress = tell,
                                           .user = fetch};
    switch (tuff_download(&download, why)) {
    case TUFF_DOWNLOAD_DONE:
        switch (judge(fetch, fetch->part, found)) {
        case RIGHT:
            *done = true;
            return TUFF_OK;
        case WRONG:
            snprintf(why, sizeof why, "expected SHA-256 %s, found %s", fetch->file->sha256, found);
            break;
        case UNREADABLE:
            snprintf(why, sizeof why, "cannot read what came: %s", strerror(errno));
            break;
        }
        *again = from > 0; // the first part was perhaps of another file
        break;
    case TUFF_DOWNLOAD_TOO_LONG:
    case TUFF_DOWNLOAD_NO_RESUME:
        *again = from > 0;
        break;
    case TUFF_DOWNLOAD_NOT_WRITTEN:
        return tuff_fail(fetch->log, TUFF_ERROR_IO, "%s: cannot write: %s", fetch->part, why);
    case TUFF_DOWNLOAD_STOPPED:
        return TUFF_ERROR_INTERRUPTED;
    case TUFF_DOWNLOAD_FAILED: // what came is kept for the next one
        tuff_log_message(fetch->log, TUFF_LOG_WARNING, "%s: not from %s: %s", fetch->file->name, url, why);
        return TUFF_OK;
    }
    if (ftruncate(part, 0) != 0)
        return tuff_fail(fetch->log, TUFF_ERROR_IO, "%s: %s", fetch->part, strerror(errno));
    tuff_log_message(fetch->log, *again ? TUFF_LOG_INFO : TUFF_LOG_WARNING, "%s: not from %s: %s%s",
                     fetch->file->name, url, why, *again ? "; from its start again" : "");
    return TUFF_OK;
}

// Whether the file that was opened is still the one of that name: another tuff may have renamed it meanwhile.
static bool is_still(int file, const char *path)
{
    struct stat opened, named;
    return fstat(file, &opened) == 0 && stat(path, &named) == 0 && opened.st_ino == named.st_ino &&
           opened.st_dev == named.st_dev;
}

// only: it is the only mirror.
static enum tuff_status download(struct fetch *fetch, const char *mirror, bool only, bool *done)
{
    char url[URL_BYTES];
    bool again = true;
    *done = false;
    enum tuff_status status = make_url(fetch, mirror, only, url);
    if (status != TUFF_OK || url[0] == '\0')
        return status;
    int part = open(fetch->part, O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (part < 0)
        return tuff_fail(fetch->log, TUFF_ERROR_IO, "%s: cannot write: %s", fetch->part, strerror(errno));
    // Some file systems have no locks.
    const bool locked_by_another = flock(part, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK;
    if (locked_by_another || !is_still(part, fetch->part)) {
        close(part);
        return tuff_fail(fetch->log, TUFF_ERROR_IO, "%s: another tuff is fetching it", fetch->part);
    }
    for (int tries = 0; tries < 2 && again && status == TUFF_OK; tries++)
        status = download_part(fetch, url, part, &again, done);
    // On the disk before it gets its name, so that no crash leaves a part under it.
    if (status == TUFF_OK && *done && (fsync(part) != 0 || rename(fetch->part, fetch->path) != 0))
        status = tuff_fail(fetch->log, TUFF_ERROR_IO, "%s: cannot save as %s: %s", fetch->part, fetch->path,
                           strerror(errno));
    struct stat info;
    if (!*done && fstat(part, &info) == 0 && info.st_size == 0)
        unlink(fetch->part);
    close(part);
    if (status == TUFF_OK && *done)
        tuff_log_message(fetch->log, TUFF_LOG_INFO, "%s: fetched from %s", fetch->file->name, mirror);
    return status;
}

// Tries the mirrors in order, beginning with *best, which becomes the one that gave it.
static enum tuff_status fetch_file(struct fetch *fetch, const char *const *mirrors, size_t count,
                                   size_t *best)
{
    char found[TUFF_SHA256_TEXT_BYTES];
    bool done = false;
    size_t tried = 0;
    switch (judge(fetch, fetch->path, found)) {
    case RIGHT:
        tuff_log_message(fetch->log, TUFF_LOG_INFO, "%s: is there", fetch->path);
        return TUFF_OK;
    case WRONG:
        tuff_log_message(fetch->log, TUFF_LOG_WARNING, "%s: is not the right one, and will be replaced",
                         fetch->path);
        break;
    case UNREADABLE:
        break;
    }
    for (size_t i = 0; i < count && !done; i++) {
        size_t mirror = (*best + i) % count;
        if (!is_allowed(fetch->options, mirrors[mirror]))
            continue;
        tried++;
        enum tuff_status status = download(fetch, mirrors[mirror], count == 1, &done);
        if (status != TUFF_OK)
            return status;
        if (done)
            *best = mirror;
    }
    if (done)
        return TUFF_OK;
    return tuff_fail(fetch->log, TUFF_ERROR_IO, "%s: none of %zu places gave the right file",
                     fetch->file->name, tried);
}

enum tuff_status tuff_fetch_files(const struct tuff_log *log, const struct tuff_fetch_set *set,
                                  const struct tuff_fetch_options *options, const char *folder)
{
    const char *const *mirrors = options->mirrors != NULL ? options->mirrors : set->mirrors;
    size_t count = options->mirrors != NULL ? options->mirror_count : set->mirror_count, best = 0;
    for (size_t i = 0; options->mirrors != NULL && i < count; i++)
        if (!is_allowed(options, mirrors[i]))
            return tuff_fail(log, TUFF_ERROR_INVALID,
                             "cannot fetch from '%s': expected a folder, https:// or file://%s", mirrors[i],
                             strncmp(mirrors[i], "http://", 7) == 0 ? "; --allow-http takes http:// as well"
                                                                    : "");
    int error = tuff_folder_make(folder);
    if (error != 0)
        return tuff_fail(log, TUFF_ERROR_IO, "cannot make the folder %s: %s", folder, strerror(error));
    for (size_t i = 0; i < set->file_count; i++) {
        struct fetch fetch = {.log = log, .options = options, .file = &set->files[i]};
        fetch.progress = (struct tuff_fetch_progress){
            .file = fetch.file->name, .index = (uint32_t)i, .files = (uint32_t)set->file_count};
        char part[NAME_MAX];
        snprintf(part, sizeof part, "%s.part", fetch.file->name);
        if (!tuff_path_join(fetch.path, folder, fetch.file->name) ||
            !tuff_path_join(fetch.part, folder, part))
            return tuff_fail(log, TUFF_ERROR_INVALID, "%s: the path is too long", folder);
        enum tuff_status status = fetch_file(&fetch, mirrors, count, &best);
        if (status != TUFF_OK)
            return status;
    }
    return TUFF_OK;
}

// -- The public call

static enum tuff_status find_folder(const struct tuff_log *log, const char *name, const char *given,
                                    char folder[PATH_MAX])
{
    if (given != NULL && given[0] == '\0')
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: expected a folder, found an empty name", name);
    if (given == NULL ? tuff_place_in_cache(name, folder) : tuff_path_join(folder, given, name))
        return TUFF_OK;
    return tuff_fail(log, TUFF_ERROR_INVALID,
                     given == NULL
                         ? "%s: no place for it: neither XDG_CACHE_HOME nor HOME is set to an absolute path"
                         : "%s: the folder's path is too long",
                     name);
}

enum tuff_status tuff_dataset_fetch(const struct tuff_log *log, const char *name,
                                    const struct tuff_fetch_options *options, char *folder, size_t capacity)
{
    const struct tuff_dataset_source *source;
    struct tuff_fetch_options whole = {.folder = NULL};
    char path[PATH_MAX];
    if (name == NULL)
        return tuff_fail(log, TUFF_ERROR_INVALID, "a data set's name was expected, found none");
    if (options != NULL && options->size < sizeof options->size)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: the options' size is not set", name);
    if (options != NULL)
        memcpy(&whole, options, options->size < sizeof whole ? options->size : sizeof whole);
    enum tuff_status status = tuff_dataset_source_find(log, name, &source);
    if (status == TUFF_OK && source->fetched == NULL)
        status = tuff_fail(log, TUFF_ERROR_INVALID, "%s: there is nothing to fetch: it needs no files", name);
    if (status == TUFF_OK)
        status = find_folder(log, name, whole.folder, path);
    if (status == TUFF_OK && folder != NULL && strlen(path) >= capacity)
        status = tuff_fail(log, TUFF_ERROR_INVALID, "%s: expected room for %zu bytes of path, found %zu",
                           name, strlen(path) + 1, capacity);
    if (status == TUFF_OK)
        status = tuff_fetch_files(log, source->fetched, &whole, path);
    if (status == TUFF_OK && folder != NULL)
        memcpy(folder, path, strlen(path) + 1);
    return status;
}
