#include "image_cache.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>
#include <zlib.h>

#include "dataset_source.h"
#include "names.h"
#include "places.h"

// The file: this header, labels, names of classes and of samples with a 0 behind each, images. In the byte
// order of the machine, which the magic number tells.
struct header {
    uint64_t magic;
    uint8_t key[TUFF_SHA256_BYTES];
    uint32_t count, channels, height, width, classes, skipped;
    uint64_t name_bytes, image_bytes;
    uint32_t content_sum; // CRC-32 of all that follows
    uint32_t header_sum;  // of what precedes
};

static const uint64_t MAGIC = UINT64_C(0x31676d6966667574); // "tuffimg1"
enum { MOST_AT_ONCE = 1 << 30 };

static uint32_t sum(uint32_t before, const void *bytes, uint64_t count)
{
    return (uint32_t)crc32_z(before, bytes, (z_size_t)count);
}

static uint32_t header_sum(const struct header *header)
{
    return sum(0, header, offsetof(struct header, header_sum));
}

// -- Reading

static bool read_all(int file, void *to, uint64_t bytes)
{
    uint8_t *next = to;
    while (bytes > 0) {
        ssize_t got = read(file, next, bytes < MOST_AT_ONCE ? (size_t)bytes : MOST_AT_ONCE);
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        next += got;
        bytes -= (uint64_t)got;
    }
    return true;
}

// What is wrong with the header; NULL: nothing. Sums of its sizes do not overflow then.
static const char *check_header(const struct header *header, uint64_t file_bytes)
{
    if (header->magic != MAGIC || header_sum(header) != header->header_sum)
        return "its header is damaged";
    if (header->count == 0 || header->classes == 0 || header->image_bytes > TUFF_DATASET_MAX_BYTES ||
        header->name_bytes > TUFF_DATASET_MAX_BYTES ||
        (uint64_t)header->channels * header->height > UINT32_MAX ||
        (uint64_t)header->channels * header->height * header->width > header->image_bytes ||
        (uint64_t)header->channels * header->height * header->width * header->count != header->image_bytes ||
        (uint64_t)header->classes + header->count > header->name_bytes || // each name has a byte at least
        sizeof *header + header->count * sizeof(uint32_t) + header->name_bytes + header->image_bytes !=
            file_bytes)
        return "its sizes do not fit each other";
    return NULL;
}

// Whether the name is as it was written: without control characters, and of bounded length.
static bool is_printed(const char *name)
{
    char printed[TUFF_PRINTED_NAME_BYTES];
    tuff_name_print(printed, sizeof printed, name);
    return strcmp(printed, name) == 0;
}

// The names, of malloc, out of text with a 0 behind each; *text moves behind them. NULL with *whole false if
// there are fewer, or one is not as it was written.
static const char *const *take_names(const char **text, const char *end, uint32_t count, bool *whole)
{
    const char **names = malloc(count * sizeof *names);
    const char *const *copy = NULL;
    *whole = true;
    for (uint32_t i = 0; names != NULL && i < count && *whole; i++) {
        const char *zero = memchr(*text, 0, (size_t)(end - *text));
        *whole = zero != NULL && is_printed(*text);
        names[i] = *text;
        if (zero != NULL)
            *text = zero + 1;
    }
    if (names != NULL && *whole)
        copy = tuff_names_copy(names, count);
    free(names);
    return copy;
}

// What is wrong with what follows the header; NULL: nothing.
static const char *read_content(int file, const struct header *header, struct tuff_dataset *dataset)
{
    const char *wrong = NULL;
    uint32_t *labels = malloc(header->count * sizeof *labels);
    char *text = malloc((size_t)header->name_bytes + 1);
    uint8_t *images = malloc((size_t)header->image_bytes);
    dataset->labels = labels;
    dataset->images = images;
    if (labels == NULL || text == NULL || images == NULL)
        wrong = "there is no memory for it";
    else if (!read_all(file, labels, header->count * sizeof *labels) ||
             !read_all(file, text, header->name_bytes) || !read_all(file, images, header->image_bytes))
        wrong = "it cannot be read to its end";
    else if (sum(sum(sum(0, labels, header->count * sizeof *labels), text, header->name_bytes), images,
                 header->image_bytes) != header->content_sum)
        wrong = "its checksum is wrong";
    for (uint32_t i = 0; wrong == NULL && i < header->count; i++)
        if (labels[i] >= header->classes)
            wrong = "a label is beyond the classes";
    if (wrong == NULL) {
        const char *next = text, *end = text + header->name_bytes;
        bool classes_whole, samples_whole = true;
        dataset->class_names = take_names(&next, end, header->classes, &classes_whole);
        if (dataset->class_names != NULL)
            dataset->sample_names = take_names(&next, end, header->count, &samples_whole);
        if (!classes_whole || !samples_whole)
            wrong = "names are missing or damaged";
        else if (dataset->class_names == NULL || dataset->sample_names == NULL)
            wrong = "there is no memory for it";
    }
    free(text);
    return wrong;
}

// *stale: it is whole, of an older state of the folder.
static const char *read_file(int file, const struct tuff_image_cache *cache, struct tuff_dataset *dataset,
                             uint32_t *skipped, bool *stale)
{
    struct stat info;
    struct header header;
    if (fstat(file, &info) != 0 || !S_ISREG(info.st_mode) || !read_all(file, &header, sizeof header))
        return "it is no whole file";
    const char *wrong = check_header(&header, (uint64_t)info.st_size);
    if (wrong != NULL)
        return wrong;
    *stale = memcmp(header.key, cache->key, sizeof header.key) != 0;
    if (*stale)
        return NULL;
    wrong = read_content(file, &header, dataset);
    dataset->count = header.count;
    dataset->channels = header.channels;
    dataset->height = header.height;
    dataset->width = header.width;
    dataset->classes = header.classes;
    *skipped = header.skipped;
    return wrong;
}

bool tuff_image_cache_read(const struct tuff_log *log, const struct tuff_image_cache *cache,
                           struct tuff_dataset *dataset, uint32_t *skipped)
{
    bool stale = false;
    int file = cache->path[0] == '\0' ? -1 : open(cache->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
    if (file < 0)
        return false;
    const char *wrong = read_file(file, cache, dataset, skipped, &stale);
    close(file);
    if (wrong != NULL)
        tuff_log_message(log, TUFF_LOG_WARNING, "%s: made anew: %s", cache->path, wrong);
    else if (stale)
        tuff_log_message(log, TUFF_LOG_INFO, "%s: made anew: the folder has changed", cache->path);
    if (wrong == NULL && !stale)
        return true;
    tuff_dataset_forget(dataset);
    return false;
}

// -- Writing

static bool write_all(int file, const void *from, uint64_t bytes)
{
    const uint8_t *next = from;
    while (bytes > 0) {
        ssize_t written = write(file, next, bytes < MOST_AT_ONCE ? (size_t)bytes : MOST_AT_ONCE);
        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return false;
        next += written;
        bytes -= (uint64_t)written;
    }
    return true;
}

// All names with a 0 behind each, of malloc.
static char *join_names(const struct tuff_dataset *dataset, uint64_t *bytes)
{
    size_t total = 0, used = 0;
    for (int pass = 0; pass < 2; pass++) {
        const char *const *names = pass == 0 ? dataset->class_names : dataset->sample_names;
        for (uint32_t i = 0; i < (pass == 0 ? dataset->classes : dataset->count); i++)
            total += strlen(names[i]) + 1;
    }
    char *text = malloc(total);
    *bytes = total;
    for (int pass = 0; pass < 2 && text != NULL; pass++) {
        const char *const *names = pass == 0 ? dataset->class_names : dataset->sample_names;
        for (uint32_t i = 0; i < (pass == 0 ? dataset->classes : dataset->count); i++) {
            size_t length = strlen(names[i]) + 1;
            memcpy(text + used, names[i], length);
            used += length;
        }
    }
    return text;
}

// 0, or the errno of what failed.
static int write_aside(const char *aside, int file, const struct header *header, const char *names,
                       const struct tuff_dataset *dataset, const char *path)
{
    bool written = write_all(file, header, sizeof *header) &&
                   write_all(file, dataset->labels, dataset->count * sizeof *dataset->labels) &&
                   write_all(file, names, header->name_bytes) &&
                   write_all(file, dataset->images, header->image_bytes);
    int error = written ? 0 : errno;
    if (close(file) != 0 && error == 0)
        error = errno;
    if (error == 0 && rename(aside, path) != 0)
        error = errno;
    if (error != 0)
        unlink(aside);
    return error;
}

// What processes that were killed have left beside the file: of those that write, each has locked its own.
static void remove_left_aside(const char *path)
{
    static const char ending[] = ".XXXXXX"; // as mkostemp fills it
    const char *name = strrchr(path, '/') + 1;
    const size_t length = strlen(name);
    char folder_path[PATH_MAX];
    snprintf(folder_path, sizeof folder_path, "%.*s", (int)(name - path), path);
    DIR *folder = opendir(folder_path);
    if (folder == NULL)
        return;
    for (struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        if (strncmp(entry->d_name, name, length) != 0 || entry->d_name[length] != '.' ||
            strlen(entry->d_name) != length + strlen(ending))
            continue;
        const int file = openat(dirfd(folder), entry->d_name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
        if (file < 0)
            continue;
        if (flock(file, LOCK_EX | LOCK_NB) == 0)
            (void)unlinkat(dirfd(folder), entry->d_name, 0); // in nobody's way if it stays
        close(file);
    }
    closedir(folder);
}

static int write_file(const struct tuff_image_cache *cache, const struct tuff_dataset *dataset,
                      uint32_t skipped)
{
    char aside[PATH_MAX];
    struct header header;
    int length = snprintf(aside, sizeof aside, "%s.XXXXXX", cache->path);
    if (length < 0 || length >= PATH_MAX)
        return ENAMETOOLONG;
    memset(&header, 0, sizeof header); // padding is written, too
    header.magic = MAGIC;
    memcpy(header.key, cache->key, sizeof header.key);
    header.count = dataset->count;
    header.channels = dataset->channels;
    header.height = dataset->height;
    header.width = dataset->width;
    header.classes = dataset->classes;
    header.skipped = skipped;
    header.image_bytes = (uint64_t)dataset->count * dataset->channels * dataset->height * dataset->width;
    char *names = join_names(dataset, &header.name_bytes);
    if (names == NULL)
        return ENOMEM;
    header.content_sum = sum(0, dataset->labels, dataset->count * sizeof *dataset->labels);
    header.content_sum = sum(header.content_sum, names, header.name_bytes);
    header.content_sum = sum(header.content_sum, dataset->images, header.image_bytes);
    header.header_sum = header_sum(&header);
    remove_left_aside(cache->path);
    int file = mkostemp(aside, O_CLOEXEC);
    if (file >= 0)
        (void)flock(file, LOCK_EX | LOCK_NB); // tells remove_left_aside that somebody is at work
    int error = file < 0 ? errno : write_aside(aside, file, &header, names, dataset, cache->path);
    free(names);
    return error;
}

void tuff_image_cache_write(const struct tuff_log *log, const struct tuff_image_cache *cache,
                            const struct tuff_dataset *dataset, uint32_t skipped)
{
    char folder[PATH_MAX];
    if (cache->path[0] == '\0')
        return;
    snprintf(folder, sizeof folder, "%.*s", (int)(strrchr(cache->path, '/') - cache->path), cache->path);
    int error = tuff_folder_make(folder);
    if (error == 0)
        error = write_file(cache, dataset, skipped);
    if (error != 0)
        tuff_log_message(log, TUFF_LOG_WARNING, "%s: cannot write the cache: %s; images will be decoded anew",
                         cache->path, strerror(error));
}
