#include "folder_list.h"

#include <dirent.h>
#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "names.h"
#include "places.h"
#include "sha256.h"

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static enum tuff_status out_of_memory(const struct tuff_log *log, const char *folder)
{
    return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for the list of its files", folder);
}

// Room for one more element of `bytes`; *array may move. False if there is none.
static bool grow(void **array, size_t count, size_t *capacity, size_t bytes)
{
    if (count < *capacity)
        return true;
    size_t more = *capacity == 0 ? 64 : 2 * *capacity;
    void *grown = realloc(*array, more * bytes);
    if (grown == NULL)
        return false;
    *array = grown;
    *capacity = more;
    return true;
}

// The names in a folder that begin with no dot, sorted.
static enum tuff_status read_names(const struct tuff_log *log, const char *folder, char ***names,
                                   size_t *count)
{
    size_t capacity = 0;
    enum tuff_status status = TUFF_OK;
    void *array = NULL;
    *names = NULL;
    *count = 0;
    DIR *entries = opendir(folder);
    if (entries == NULL)
        return tuff_fail(log, errno == ENOENT ? TUFF_ERROR_NOT_FOUND : TUFF_ERROR_IO, "%s: cannot open: %s",
                         folder, strerror(errno));
    while (status == TUFF_OK) {
        errno = 0;
        const struct dirent *entry = readdir(entries);
        if (entry == NULL) {
            if (errno != 0)
                status = tuff_fail(log, TUFF_ERROR_IO, "%s: cannot read: %s", folder, strerror(errno));
            break;
        }
        if (entry->d_name[0] == '.')
            continue;
        char *name = grow(&array, *count, &capacity, sizeof(char *)) ? strdup(entry->d_name) : NULL;
        if (name == NULL)
            status = out_of_memory(log, folder);
        else
            ((char **)array)[(*count)++] = name;
    }
    closedir(entries);
    if (status != TUFF_OK) {
        free_names(array, *count);
        *count = 0;
        return status;
    }
    *names = array;
    if (*count > 0)
        qsort(*names, *count, sizeof **names, compare_names);
    return TUFF_OK;
}

static bool is_image_name(const char *name)
{
    static const char *const ends[] = {".png", ".jpg", ".jpeg", ".jpe", ".jfif"};
    const char *end = strrchr(name, '.');
    for (size_t i = 0; end != NULL && i < sizeof ends / sizeof *ends; i++)
        if (strcasecmp(end, ends[i]) == 0)
            return true;
    return false;
}

static enum tuff_status read_classes(const struct tuff_log *log, const char *folder,
                                     struct tuff_folder_list *list)
{
    char **names, path[PATH_MAX];
    size_t count;
    enum tuff_status status = read_names(log, folder, &names, &count);
    if (status != TUFF_OK)
        return status;
    for (size_t i = 0; i < count; i++) {
        struct stat info = {.st_size = 0};
        char name[TUFF_PRINTED_NAME_BYTES];
        const bool fits = tuff_path_join(path, folder, names[i]);
        // A link that leads nowhere may be a class, and is not left out in silence.
        if (status == TUFF_OK && (!fits || stat(path, &info) != 0)) {
            const int reason = fits ? errno : ENAMETOOLONG;
            tuff_name_print(name, sizeof name, names[i]);
            status =
                tuff_fail(log, TUFF_ERROR_IO, "%s/%s: cannot look at it: %s", folder, name, strerror(reason));
        }
        if (status == TUFF_OK && S_ISDIR(info.st_mode)) {
            names[list->class_count++] = names[i];
        } else {
            free(names[i]);
        }
    }
    list->classes = names;
    return status;
}

static enum tuff_status add_file(const struct tuff_log *log, const char *folder, const char *file,
                                 uint32_t label, struct tuff_folder_list *list, size_t *capacity)
{
    char path[PATH_MAX], name[PATH_MAX];
    struct stat info = {.st_size = 0};
    if (!tuff_path_join(name, list->classes[label], file) || !tuff_path_join(path, folder, name))
        return tuff_fail(log, TUFF_ERROR_IO, "%s/%s/%s: the path is too long", folder, list->classes[label],
                         file);
    bool there = stat(path, &info) == 0;
    if (!is_image_name(file) || (there && S_ISDIR(info.st_mode))) {
        if (list->passed_over++ == 0)
            tuff_name_print(list->first_over, sizeof list->first_over, name);
        return TUFF_OK;
    }
    void *array = list->files;
    bool room = grow(&array, list->file_count, capacity, sizeof *list->files);
    list->files = array;
    char *copy = room ? strdup(name) : NULL;
    if (copy == NULL)
        return out_of_memory(log, folder);
    list->files[list->file_count++] = (struct tuff_folder_file){
        .name = copy,
        .label = label,
        .bytes = there ? (uint64_t)info.st_size : 0,
        .seconds = there ? (int64_t)info.st_mtim.tv_sec : 0,
        .nanoseconds = there ? (int64_t)info.st_mtim.tv_nsec : 0,
    };
    return TUFF_OK;
}

static enum tuff_status read_files(const struct tuff_log *log, const char *folder,
                                   struct tuff_folder_list *list)
{
    size_t capacity = 0;
    enum tuff_status status = TUFF_OK;
    for (size_t label = 0; label < list->class_count && status == TUFF_OK; label++) {
        char path[PATH_MAX], **names;
        size_t count;
        if (!tuff_path_join(path, folder, list->classes[label]))
            return tuff_fail(log, TUFF_ERROR_IO, "%s/%s: the path is too long", folder, list->classes[label]);
        status = read_names(log, path, &names, &count);
        for (size_t i = 0; i < count && status == TUFF_OK; i++)
            status = add_file(log, folder, names[i], (uint32_t)label, list, &capacity);
        free_names(names, count);
    }
    if (status == TUFF_OK && list->file_count > UINT32_MAX)
        status = tuff_fail(log, TUFF_ERROR_UNSUPPORTED, "%s: more files than are counted", folder);
    return status;
}

enum tuff_status tuff_folder_list_read(const struct tuff_log *log, const char *folder, bool with_files,
                                       struct tuff_folder_list *list)
{
    memset(list, 0, sizeof *list);
    enum tuff_status status = read_classes(log, folder, list);
    if (status == TUFF_OK && with_files)
        status = read_files(log, folder, list);
    if (status != TUFF_OK)
        tuff_folder_list_free(list);
    return status;
}

// -- Dividing

struct lot {
    uint8_t digest[TUFF_SHA256_BYTES];
    size_t file;
};

static int compare_lots(const void *a, const void *b)
{
    return memcmp(a, b, TUFF_SHA256_BYTES);
}

// Marks which of the files from `begin` to `end`, all of one class, are for test.
static void draw_lots(const struct tuff_folder_list *list, size_t begin, size_t end, double fraction,
                      struct lot *lots, bool *test)
{
    const size_t count = end - begin;
    for (size_t i = 0; i < count; i++) {
        struct tuff_sha256 hash;
        const char *name = list->files[begin + i].name;
        tuff_sha256_begin(&hash);
        tuff_sha256_add(&hash, name, strlen(name));
        tuff_sha256_end(&hash, lots[i].digest);
        lots[i].file = begin + i;
    }
    qsort(lots, count, sizeof *lots, compare_lots);
    size_t wanted = (size_t)(fraction * (double)count + 0.5);
    if (wanted == 0)
        wanted = 1;
    if (wanted >= count)
        wanted = count - 1;
    for (size_t i = 0; i < wanted; i++)
        test[lots[i].file] = true;
}

enum tuff_status tuff_folder_list_divide(const struct tuff_log *log, const char *folder, double fraction,
                                         bool test, struct tuff_folder_list *list)
{
    struct lot *lots = malloc((list->file_count + 1) * sizeof *lots);
    bool *drawn = calloc(list->file_count + 1, sizeof *drawn);
    enum tuff_status status = TUFF_OK;
    if (lots == NULL || drawn == NULL)
        status = out_of_memory(log, folder);
    for (size_t begin = 0, end = 0; begin < list->file_count && status == TUFF_OK; begin = end) {
        char name[512];
        const uint32_t label = list->files[begin].label;
        while (end < list->file_count && list->files[end].label == label)
            end++;
        tuff_name_print(name, sizeof name, list->classes[label]);
        if (end - begin < 2)
            status = tuff_fail(log, TUFF_ERROR_FORMAT,
                               "%s: expected at least 2 images in each class to divide, found 1 in '%s'",
                               folder, name);
        else
            draw_lots(list, begin, end, fraction, lots, drawn);
    }
    size_t kept = 0;
    for (size_t i = 0; i < list->file_count && status == TUFF_OK; i++)
        if (drawn[i] == test)
            list->files[kept++] = list->files[i];
        else
            free(list->files[i].name);
    if (status == TUFF_OK)
        list->file_count = kept;
    free(lots);
    free(drawn);
    return status;
}

void tuff_folder_list_free(struct tuff_folder_list *list)
{
    free_names(list->classes, list->class_count);
    for (size_t i = 0; i < list->file_count; i++)
        free(list->files[i].name);
    free(list->files);
    memset(list, 0, sizeof *list);
}
