#include "image_folder.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image_cache.h"
#include "image_read.h"
#include "names.h"
#include "places.h"

// Another number when other pixels come out of the same files: caches are made anew then.
#define CODE_VERSION "tuff images 1"

enum { REASONS_SHOWN = 20 };

static const char *split_name(enum tuff_split split)
{
    return split == TUFF_SPLIT_TRAIN ? "train" : "test";
}

static bool has_split(const char *folder, enum tuff_split split, char path[PATH_MAX])
{
    struct stat info;
    return tuff_path_join(path, folder, split_name(split)) && stat(path, &info) == 0 && S_ISDIR(info.st_mode);
}

bool tuff_image_folder_is(const char *folder)
{
    char path[PATH_MAX];
    return has_split(folder, TUFF_SPLIT_TRAIN, path) || has_split(folder, TUFF_SPLIT_TEST, path);
}

enum tuff_status tuff_image_folder_find(const struct tuff_log *log, const char *folder, enum tuff_split split,
                                        double test_fraction, char path[PATH_MAX])
{
    if (test_fraction > 0 && has_split(folder, TUFF_SPLIT_TEST, path))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: has a folder test, and so nothing to divide (--test-fraction)", folder);
    if (test_fraction > 0 && !has_split(folder, TUFF_SPLIT_TRAIN, path)) {
        snprintf(path, PATH_MAX, "%s", folder);
        return TUFF_OK;
    }
    if (test_fraction > 0 || has_split(folder, split, path))
        return TUFF_OK;
    return tuff_fail(
        log, TUFF_ERROR_NOT_FOUND,
        "%s: expected the folders train and test, found no %s; --test-fraction 0.2 would take a part of "
        "the images for test",
        folder, split_name(split));
}

// -- Classes

static int compare_class(const void *name, const void *element)
{
    return strcmp(name, *(char *const *)element);
}

static bool has_class(const struct tuff_folder_list *list, const char *name)
{
    return list->class_count > 0 &&
           bsearch(name, list->classes, list->class_count, sizeof *list->classes, compare_class) != NULL;
}

// Both splits must have the same classes, where both are there.
static enum tuff_status compare_classes(const struct tuff_log *log, const char *folder, enum tuff_split split,
                                        const struct tuff_folder_list *list)
{
    enum tuff_split other_split = split == TUFF_SPLIT_TRAIN ? TUFF_SPLIT_TEST : TUFF_SPLIT_TRAIN;
    struct tuff_folder_list other;
    char path[PATH_MAX], name[TUFF_PRINTED_NAME_BYTES];
    if (!has_split(folder, other_split, path))
        return TUFF_OK;
    enum tuff_status status = tuff_folder_list_read(log, path, false, &other);
    for (size_t i = 0; status == TUFF_OK && i < list->class_count; i++)
        if (!has_class(&other, list->classes[i])) {
            tuff_name_print(name, sizeof name, list->classes[i]);
            status = tuff_fail(log, TUFF_ERROR_FORMAT,
                               "%s: train and test must have the same classes: %s has no '%s'", folder,
                               split_name(other_split), name);
        }
    for (size_t i = 0; status == TUFF_OK && i < other.class_count; i++)
        if (!has_class(list, other.classes[i])) {
            tuff_name_print(name, sizeof name, other.classes[i]);
            status = tuff_fail(log, TUFF_ERROR_FORMAT,
                               "%s: train and test must have the same classes: %s has no '%s'", folder,
                               split_name(split), name);
        }
    tuff_folder_list_free(&other);
    return status;
}

// Every class has an image that counts. reasons: NULL, or not NULL for one that does not.
static enum tuff_status check_classes(const struct tuff_log *log, const char *path,
                                      const struct tuff_folder_list *list, char *const *reasons)
{
    char name[TUFF_PRINTED_NAME_BYTES];
    size_t file = 0;
    if (list->class_count == 0)
        return tuff_fail(log, TUFF_ERROR_FORMAT, "%s: expected a folder for each class, found none", path);
    for (size_t label = 0; label < list->class_count; label++) {
        size_t images = 0;
        for (; file < list->file_count && list->files[file].label == label; file++)
            images += reasons == NULL || reasons[file] == NULL;
        if (images == 0) {
            tuff_name_print(name, sizeof name, list->classes[label]);
            return tuff_fail(log, TUFF_ERROR_FORMAT,
                             "%s: expected PNG or JPEG files in each class, found none in '%s'", path, name);
        }
    }
    return TUFF_OK;
}

// -- The cache

static void add_text(struct tuff_sha256 *hash, const char *text)
{
    tuff_sha256_add(hash, text, strlen(text) + 1);
}

static void add_number(struct tuff_sha256 *hash, uint64_t number)
{
    tuff_sha256_add(hash, &number, sizeof number);
}

static void add_options(struct tuff_sha256 *hash, enum tuff_split split,
                        const struct tuff_dataset_options *options)
{
    add_text(hash, CODE_VERSION);
    add_number(hash, split);
    add_number(hash, options->channels);
    add_number(hash, options->height);
    add_number(hash, options->width);
    tuff_sha256_add(hash, &options->test_fraction, sizeof options->test_fraction);
}

// One file per folder, split and size: what a folder was before is written over.
static void place_cache(const char *folder, enum tuff_split split, const struct tuff_dataset_options *options,
                        const struct tuff_folder_list *list, const char *set, struct tuff_image_cache *cache)
{
    struct tuff_sha256 hash;
    uint8_t digest[TUFF_SHA256_BYTES];
    char text[TUFF_SHA256_TEXT_BYTES], name[256], *real = realpath(folder, NULL);
    tuff_sha256_begin(&hash);
    add_options(&hash, split, options);
    add_text(&hash, real == NULL ? folder : real);
    free(real);
    tuff_sha256_end(&hash, digest);
    tuff_sha256_text(digest, text);
    snprintf(name, sizeof name, "images/%s-%s-%.16s", set, split_name(split), text);
    if (!tuff_place_in_cache(name, cache->path))
        cache->path[0] = '\0';

    tuff_sha256_begin(&hash);
    add_options(&hash, split, options);
    for (size_t i = 0; i < list->class_count; i++)
        add_text(&hash, list->classes[i]);
    for (size_t i = 0; i < list->file_count; i++) {
        const struct tuff_folder_file *file = &list->files[i];
        add_text(&hash, file->name);
        add_number(&hash, file->label);
        add_number(&hash, file->bytes);
        add_number(&hash, (uint64_t)file->seconds);
        add_number(&hash, (uint64_t)file->nanoseconds);
    }
    tuff_sha256_end(&hash, cache->key);
}

// -- Broken images

// Says which images cannot be used: an error, unless all of them are broken and such are left out.
static enum tuff_status report(const struct tuff_log *log, const struct tuff_image_batch *batch, bool skip,
                               uint32_t *skipped)
{
    char name[TUFF_PRINTED_NAME_BYTES];
    size_t misfits = 0;
    *skipped = 0;
    for (size_t i = 0; i < batch->list->file_count; i++) {
        if (batch->reasons[i] == NULL)
            continue;
        misfits += batch->misfits[i];
        if ((*skipped)++ >= REASONS_SHOWN)
            continue;
        tuff_name_print(name, sizeof name, batch->list->files[i].name);
        tuff_log_message(log, TUFF_LOG_WARNING, "%s/%s: %s", batch->folder, name, batch->reasons[i]);
    }
    if (*skipped == 0)
        return TUFF_OK;
    if (*skipped > REASONS_SHOWN)
        tuff_log_message(log, TUFF_LOG_WARNING, "%s: and %" PRIu32 " more", batch->folder,
                         *skipped - REASONS_SHOWN);
    if (misfits > 0)
        return tuff_fail(
            log, TUFF_ERROR_INVALID, "%s: %zu of %zu images are not of the first one's %s%s", batch->folder,
            misfits, batch->list->file_count, batch->as_they_are ? "size and colours" : "colours",
            batch->as_they_are ? "; they may differ where they are scaled to one size (--size of tuff data "
                                 "show, or a model's input)"
                               : "; they may differ where a model's input says which they become");
    if (!skip)
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: %" PRIu32
                         " of %zu images cannot be read; take them away, or leave them out with "
                         "--skip-broken",
                         batch->folder, *skipped, batch->list->file_count);
    tuff_log_message(log, TUFF_LOG_WARNING, "%s: %" PRIu32 " of %zu images are left out", batch->folder,
                     *skipped, batch->list->file_count);
    return TUFF_OK;
}

// -- Decoding

// Takes memory for labels and images, and for what is said of each file.
static enum tuff_status take_memory(const struct tuff_log *log, struct tuff_image_batch *batch,
                                    struct tuff_dataset *dataset)
{
    size_t files = batch->list->file_count,
           bytes = (size_t)dataset->channels * dataset->height * dataset->width;
    if (bytes > TUFF_DATASET_MAX_BYTES / files)
        return tuff_fail(log, TUFF_ERROR_UNSUPPORTED,
                         "%s: %zu images of %" PRIu32 " x %" PRIu32 " take more than %" PRIu64
                         " MiB; scale them to "
                         "a smaller size",
                         batch->folder, files, dataset->width, dataset->height, TUFF_DATASET_MAX_BYTES >> 20);
    batch->images = malloc(bytes * files);
    batch->reasons = calloc(files, sizeof *batch->reasons);
    batch->misfits = calloc(files, sizeof *batch->misfits);
    dataset->images = batch->images;
    dataset->labels = malloc(files * sizeof *dataset->labels);
    if (batch->images == NULL || batch->reasons == NULL || batch->misfits == NULL || dataset->labels == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: no memory for %zu images", batch->folder, files);
    return TUFF_OK;
}

// Moves what could be read to the front, and gives it labels and names.
static enum tuff_status collect(const struct tuff_log *log, const struct tuff_image_batch *batch,
                                struct tuff_dataset *dataset)
{
    const struct tuff_folder_list *list = batch->list;
    const size_t bytes = (size_t)dataset->channels * dataset->height * dataset->width;
    uint32_t *labels = (uint32_t *)(uintptr_t)dataset->labels;
    char **names = calloc(list->file_count, sizeof *names);
    bool enough = names != NULL;
    dataset->count = 0;
    for (size_t i = 0; i < list->file_count && enough; i++) {
        char name[TUFF_PRINTED_NAME_BYTES];
        if (batch->reasons[i] != NULL)
            continue;
        if (dataset->count != i)
            memcpy(batch->images + dataset->count * bytes, batch->images + i * bytes, bytes);
        tuff_name_print(name, sizeof name, list->files[i].name);
        labels[dataset->count] = list->files[i].label;
        names[dataset->count] = strdup(name);
        enough = names[dataset->count] != NULL;
        dataset->count++;
    }
    if (enough)
        dataset->sample_names = tuff_names_copy((const char *const *)names, dataset->count);
    for (size_t i = 0; names != NULL && i < list->file_count; i++)
        free(names[i]);
    free(names);
    if (dataset->sample_names == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", batch->folder);
    return TUFF_OK;
}

static enum tuff_status name_classes(const struct tuff_log *log, const char *path,
                                     const struct tuff_folder_list *list, struct tuff_dataset *dataset)
{
    char **names = calloc(list->class_count, sizeof *names);
    bool enough = names != NULL;
    for (size_t i = 0; i < list->class_count && enough; i++) {
        char name[TUFF_PRINTED_NAME_BYTES];
        tuff_name_print(name, sizeof name, list->classes[i]);
        names[i] = strdup(name);
        enough = names[i] != NULL;
    }
    dataset->classes = (uint32_t)list->class_count;
    if (enough)
        dataset->class_names = tuff_names_copy((const char *const *)names, list->class_count);
    for (size_t i = 0; names != NULL && i < list->class_count; i++)
        free(names[i]);
    free(names);
    if (dataset->class_names == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", path);
    return TUFF_OK;
}

static enum tuff_status decode(const struct tuff_log *log, struct tuff_image_batch *batch,
                               const struct tuff_dataset_options *options, struct tuff_dataset *dataset,
                               uint32_t *skipped)
{
    const struct tuff_folder_list *list = batch->list;
    uint32_t channels = options->channels, height = options->height, width = options->width;
    enum tuff_status status = TUFF_OK;
    if (channels == 0 || height == 0) {
        size_t first;
        status = tuff_image_read_first(log, batch->folder, list, &first, &channels, &height, &width);
        if (status == TUFF_OK && first == list->file_count)
            channels = height = width = 1; // none can be read, as will be said of each
    }
    batch->as_they_are = options->height == 0;
    batch->keep_channels = options->channels == 0;
    batch->channels = dataset->channels = options->channels == 0 ? channels : options->channels;
    batch->height = dataset->height = options->height == 0 ? height : options->height;
    batch->width = dataset->width = options->height == 0 ? width : options->width;
    if (status == TUFF_OK)
        status = take_memory(log, batch, dataset);
    if (status == TUFF_OK)
        status = tuff_image_read_all(log, batch, options);
    if (status == TUFF_OK)
        status = report(log, batch, options->skip_broken != 0, skipped);
    if (status == TUFF_OK)
        status = check_classes(log, batch->folder, list, batch->reasons);
    if (status == TUFF_OK)
        status = name_classes(log, batch->folder, list, dataset);
    if (status == TUFF_OK)
        status = collect(log, batch, dataset);
    for (size_t i = 0; batch->reasons != NULL && i < list->file_count; i++)
        free(batch->reasons[i]);
    free(batch->reasons);
    free(batch->misfits);
    return status;
}

static enum tuff_status check_options(const struct tuff_log *log, const char *folder,
                                      const struct tuff_dataset_options *options)
{
    if (options->channels != 0 && options->channels != 1 && options->channels != 3)
        return tuff_fail(log, TUFF_ERROR_INVALID, "%s: expected images of 1 or 3 channels, found %" PRIu32,
                         folder, options->channels);
    if ((options->height == 0) != (options->width == 0) || options->height > TUFF_IMAGE_MAX_SIDE ||
        options->width > TUFF_IMAGE_MAX_SIDE)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: expected a height and a width of 1 to %d, or neither, found %" PRIu32
                         " and %" PRIu32,
                         folder, TUFF_IMAGE_MAX_SIDE, options->height, options->width);
    if (!(options->test_fraction >= 0 && options->test_fraction < 1))
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "%s: expected a fraction for test from 0 to below 1, found %g", folder,
                         options->test_fraction);
    return TUFF_OK;
}

// list: with its files.
static enum tuff_status load_list(const struct tuff_log *log, const char *folder, const char *path,
                                  enum tuff_split split, const struct tuff_dataset_options *options,
                                  const struct tuff_folder_list *list, struct tuff_dataset *dataset)
{
    struct tuff_image_batch batch = {.folder = path, .list = list};
    struct tuff_image_cache cache;
    uint32_t skipped = 0;
    enum tuff_status status = TUFF_OK;
    if (options->test_fraction == 0) // else both are of one folder
        status = compare_classes(log, folder, split, list);
    if (status == TUFF_OK)
        status = check_classes(log, path, list, NULL);
    if (status != TUFF_OK)
        return status;
    if (list->passed_over > 0)
        tuff_log_message(log, TUFF_LOG_WARNING,
                         "%s: %zu files are passed over, neither PNG nor JPEG by their names: %s%s", path,
                         list->passed_over, list->first_over, list->passed_over > 1 ? " and others" : "");
    place_cache(folder, split, options, list, dataset->name, &cache);
    if (options->no_cache == 0 && tuff_image_cache_read(log, &cache, dataset, &skipped)) {
        if (skipped == 0 || options->skip_broken != 0) {
            if (skipped > 0)
                tuff_log_message(log, TUFF_LOG_WARNING, "%s: %" PRIu32 " of %zu images are left out", path,
                                 skipped, list->file_count);
            tuff_log_message(log, TUFF_LOG_INFO, "%s: %" PRIu32 " images from the cache %s", path,
                             dataset->count, cache.path);
            return TUFF_OK;
        }
        tuff_dataset_forget(dataset); // to say which are broken they must be read
    }
    status = decode(log, &batch, options, dataset, &skipped);
    // What kept a file from being read may be gone the next time, and changes nothing that the cache goes by.
    if (status == TUFF_OK && options->no_cache == 0 && !atomic_load(&batch.unreadable))
        tuff_image_cache_write(log, &cache, dataset, skipped);
    return status;
}

enum tuff_status tuff_image_folder_load(const struct tuff_log *log, const char *folder, enum tuff_split split,
                                        const struct tuff_dataset_options *options,
                                        struct tuff_dataset *dataset)
{
    struct tuff_folder_list list;
    char path[PATH_MAX];
    enum tuff_status status = check_options(log, folder, options);
    if (status == TUFF_OK)
        status = tuff_image_folder_find(log, folder, split, options->test_fraction, path);
    if (status == TUFF_OK)
        status = tuff_folder_list_read(log, path, true, &list);
    if (status != TUFF_OK)
        return status;
    if (options->test_fraction > 0)
        status = tuff_folder_list_divide(log, path, options->test_fraction, split == TUFF_SPLIT_TEST, &list);
    if (status == TUFF_OK)
        status = load_list(log, folder, path, split, options, &list, dataset);
    tuff_folder_list_free(&list);
    return status;
}
