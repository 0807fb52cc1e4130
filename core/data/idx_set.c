// Sets of four IDX files: images and labels, for training and test.
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "idx.h"
#include "names.h"
#include "places.h"

enum { LABELS_MOST = 256 }; // what a byte can hold

struct split_files {
    char images[PATH_MAX], labels[PATH_MAX];
    bool has_images, has_labels;
};

static const char *stem(enum tuff_split split, bool images)
{
    if (split == TUFF_SPLIT_TRAIN)
        return images ? "train-images" : "train-labels";
    return images ? "t10k-images" : "t10k-labels";
}

static const char *type(bool images)
{
    return images ? "idx3-ubyte" : "idx1-ubyte";
}

// Looks for the file in its usual spellings: "train-images-idx3-ubyte", also "train-images.idx3-ubyte", then
// .gz.
static bool find_file(const char *folder, enum tuff_split split, bool images, char path[PATH_MAX])
{
    for (int i = 0; i < 4; i++) {
        int length = snprintf(path, PATH_MAX, "%s/%s%s%s%s", folder, stem(split, images),
                              i % 2 == 0 ? "-" : ".", type(images), i < 2 ? "" : ".gz");
        struct stat info;
        if (length < 0 || length >= PATH_MAX)
            continue;
        // What is there but cannot be looked at is for the reader to complain of.
        if (stat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR))
            return true;
    }
    return false;
}

static void find_files(const char *folder, enum tuff_split split, struct split_files *files)
{
    files->has_images = find_file(folder, split, true, files->images);
    files->has_labels = find_file(folder, split, false, files->labels);
}

// remedy: NULL where the folder was named by the user.
static enum tuff_status not_found(const struct tuff_log *log, const char *name, const char *remedy,
                                  enum tuff_split split, bool images, const char *where)
{
    return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "%s: %s-%s (or %s-%s.gz) was not found: %s%s(looked in %s)",
                     name, stem(split, images), type(images), stem(split, images), type(images),
                     remedy == NULL ? "" : remedy, remedy == NULL ? "" : " ", where);
}

// Finds the images and the labels of a split, both in one folder.
static enum tuff_status find_split(const struct tuff_log *log, const struct tuff_dataset_source *source,
                                   enum tuff_split split, const char *folder, struct split_files *files,
                                   char path[PATH_MAX])
{
    struct tuff_places places;
    char text[TUFF_PLACES_TEXT_BYTES];
    tuff_places_list(source, folder, &places);
    for (uint32_t i = 0; i < places.count; i++) {
        find_files(places.paths[i], split, files);
        memcpy(path, places.paths[i], PATH_MAX);
        if (files->has_images && files->has_labels)
            return TUFF_OK;
        if (files->has_images || files->has_labels)
            return not_found(log, source->name, source->remedy, split, !files->has_images, path);
    }
    tuff_places_text(&places, text);
    return not_found(log, source->name, source->remedy, split, true, text);
}

enum tuff_status tuff_idx_set_find(const struct tuff_log *log, const struct tuff_dataset_source *source,
                                   enum tuff_split split, const char *folder, char path[PATH_MAX])
{
    struct split_files files;
    return find_split(log, source, split, folder, &files, path);
}

// size: what images must be, height and width; 0: anything.
static enum tuff_status read_split(const struct tuff_log *log, const struct split_files *files, uint32_t size,
                                   uint32_t classes, struct tuff_dataset *dataset)
{
    struct tuff_idx_images images;
    enum tuff_status status = tuff_idx_read_images(log, files->images, &images);
    if (status != TUFF_OK)
        return status;
    dataset->images = images.pixels;
    if (size != 0 && (images.height != size || images.width != size))
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: expected images of %" PRIu32 " x %" PRIu32 ", found %" PRIu32 " x %" PRIu32,
                         files->images, size, size, images.height, images.width);
    uint32_t label_count, *labels;
    status = tuff_idx_read_labels(log, files->labels, classes, &label_count, &labels);
    if (status != TUFF_OK)
        return status;
    dataset->labels = labels;
    if (label_count != images.count)
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: expected %" PRIu32 " labels, as many as %s has images, found %" PRIu32,
                         files->labels, images.count, files->images, label_count);
    dataset->count = images.count;
    dataset->channels = 1;
    dataset->height = images.height;
    dataset->width = images.width;
    tuff_log_message(log, TUFF_LOG_INFO, "%s: %" PRIu32 " samples from %s", dataset->name, dataset->count,
                     files->images);
    return TUFF_OK;
}

enum tuff_status tuff_idx_set_load(const struct tuff_log *log, const struct tuff_dataset_source *source,
                                   enum tuff_split split, const struct tuff_dataset_options *options,
                                   struct tuff_dataset *dataset)
{
    struct split_files files;
    char path[PATH_MAX];
    enum tuff_status status = find_split(log, source, split, options->folder, &files, path);
    if (status == TUFF_OK)
        status = read_split(log, &files, source->height, source->classes, dataset);
    return status;
}

// One more than the greatest label of training, which test labels may not exceed.
static enum tuff_status count_classes(const struct tuff_log *log, const char *path, uint32_t *classes)
{
    uint32_t count, *labels;
    enum tuff_status status = tuff_idx_read_labels(log, path, LABELS_MOST, &count, &labels);
    *classes = 0;
    if (status != TUFF_OK)
        return status;
    for (uint32_t i = 0; i < count; i++)
        if (labels[i] >= *classes)
            *classes = labels[i] + 1;
    free(labels);
    return TUFF_OK;
}

bool tuff_idx_folder_has(const char *folder, enum tuff_split split)
{
    struct split_files files;
    find_files(folder, split, &files);
    return files.has_images && files.has_labels;
}

enum tuff_status tuff_idx_folder_load(const struct tuff_log *log, const char *folder, enum tuff_split split,
                                      struct tuff_dataset *dataset, bool *found)
{
    struct split_files train, files;
    find_files(folder, TUFF_SPLIT_TRAIN, &train);
    find_files(folder, split, &files);
    *found = train.has_images || train.has_labels || files.has_images || files.has_labels;
    if (!*found)
        return TUFF_OK;
    if (!files.has_images || !files.has_labels)
        return not_found(log, dataset->name, NULL, split, !files.has_images, folder);
    enum tuff_status status =
        count_classes(log, train.has_labels ? train.labels : files.labels, &dataset->classes);
    if (status == TUFF_OK)
        status = read_split(log, &files, 0, dataset->classes, dataset);
    if (status != TUFF_OK)
        return status;
    dataset->class_names = tuff_names_number(dataset->classes);
    if (dataset->class_names == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", folder);
    return TUFF_OK;
}
