#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#include "dataset_source.h"
#include "idx.h"

enum { MAX_FOLDERS = 4, IMAGE_SIZE = 28 };

struct folders {
    uint32_t count;
    char paths[MAX_FOLDERS][PATH_MAX];
};

// A path that is too long for the system is left out: nothing can be there.
static void add_folder(struct folders *folders, const char *base, const char *middle, const char *name)
{
    int length = snprintf(folders->paths[folders->count], PATH_MAX, "%s%s%s", base, middle, name);
    if (length >= 0 && length < PATH_MAX)
        folders->count++;
}

static void list_folders(const char *folder, const char *name, struct folders *folders)
{
    folders->count = 0;
    const char *data = getenv("TUFF_DATA"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (folder == NULL && data != NULL && data[0] != '\0')
        folder = data;
    bool given = folder != NULL && folder != data;
    if (folder != NULL) {
        add_folder(folders, folder, "", "");
        add_folder(folders, folder, "/", name);
    }
    if (given)
        return;
    if (cache != NULL && cache[0] == '/') // a relative one is to be ignored, says the XDG specification
        add_folder(folders, cache, "/tuff/", name);
    if (home != NULL && home[0] == '/')
        add_folder(folders, home, "/.cache/tuff/", name);
}

// Looks for the file in its usual spellings: "train-images-idx3-ubyte", also "train-images.idx3-ubyte", then
// .gz.
static bool find_file(const char *folder, const char *stem, const char *type, char path[PATH_MAX])
{
    for (int i = 0; i < 4; i++) {
        int length = snprintf(path, PATH_MAX, "%s/%s%s%s%s", folder, stem, i % 2 == 0 ? "-" : ".", type,
                              i < 2 ? "" : ".gz");
        struct stat info;
        if (length < 0 || length >= PATH_MAX)
            continue;
        // What is there but cannot be looked at is for the reader to complain of.
        if (stat(path, &info) == 0 || (errno != ENOENT && errno != ENOTDIR))
            return true;
    }
    return false;
}

static enum tuff_status not_found(const struct tuff_log *log, const struct tuff_dataset_source *source,
                                  const char *file, const struct folders *folders)
{
    char list[1024] = "";
    size_t used = 0;
    for (uint32_t i = 0; i < folders->count && used < sizeof list; i++)
        used +=
            (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", folders->paths[i]);
    return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "%s: %s (or %s.gz) was not found: %s (looked in %s)",
                     source->name, file, file, source->remedy,
                     used == 0 ? "no folder: neither TUFF_DATA nor HOME is set" : list);
}

// Finds the images and the labels of a split, both in one folder.
static enum tuff_status find_split(const struct tuff_log *log, const struct tuff_dataset_source *source,
                                   enum tuff_split split, const char *folder, char images[PATH_MAX],
                                   char labels[PATH_MAX])
{
    bool train = split == TUFF_SPLIT_TRAIN;
    struct folders folders;
    list_folders(folder, source->name, &folders);
    for (uint32_t i = 0; i < folders.count; i++) {
        bool has_images =
            find_file(folders.paths[i], train ? "train-images" : "t10k-images", "idx3-ubyte", images);
        bool has_labels =
            find_file(folders.paths[i], train ? "train-labels" : "t10k-labels", "idx1-ubyte", labels);
        if (has_images && has_labels)
            return TUFF_OK;
        if (has_images || has_labels) {
            folders.count = 1;
            if (i != 0)
                snprintf(folders.paths[0], PATH_MAX, "%s", folders.paths[i]);
            return not_found(log, source,
                             has_images ? (train ? "train-labels-idx1-ubyte" : "t10k-labels-idx1-ubyte")
                                        : (train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte"),
                             &folders);
        }
    }
    return not_found(log, source, train ? "train-images-idx3-ubyte" : "t10k-images-idx3-ubyte", &folders);
}

enum tuff_status tuff_mnist_load(const struct tuff_log *log, const struct tuff_dataset_source *source,
                                 enum tuff_split split, const struct tuff_dataset_options *options,
                                 struct tuff_dataset *dataset)
{
    char image_path[PATH_MAX], label_path[PATH_MAX];
    enum tuff_status status = find_split(log, source, split, options->folder, image_path, label_path);
    if (status != TUFF_OK)
        return status;
    struct tuff_idx_images images;
    status = tuff_idx_read_images(log, image_path, &images);
    if (status != TUFF_OK)
        return status;
    dataset->images = images.pixels;
    if (images.height != IMAGE_SIZE || images.width != IMAGE_SIZE)
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: expected images of %d x %d, found %" PRIu32 " x %" PRIu32, image_path,
                         IMAGE_SIZE, IMAGE_SIZE, images.height, images.width);
    uint32_t label_count, *labels;
    status = tuff_idx_read_labels(log, label_path, source->classes, &label_count, &labels);
    if (status != TUFF_OK)
        return status;
    dataset->labels = labels;
    if (label_count != images.count)
        return tuff_fail(log, TUFF_ERROR_FORMAT,
                         "%s: expected %" PRIu32 " labels, as many as %s has images, found %" PRIu32,
                         label_path, images.count, image_path, label_count);
    dataset->count = images.count;
    dataset->channels = 1;
    dataset->height = images.height;
    dataset->width = images.width;
    tuff_log_message(log, TUFF_LOG_INFO, "%s: %" PRIu32 " samples from %s", source->name, dataset->count,
                     image_path);
    return TUFF_OK;
}
