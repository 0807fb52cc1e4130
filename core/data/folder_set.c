#include "folder_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "image_folder.h"
#include "names.h"

// The last part of the folder's real path: "data/flowers/" is flowers, and so is "." within it.
static enum tuff_status name_set(const struct tuff_log *log, const char *folder, struct tuff_dataset *dataset)
{
    struct stat info;
    char *real = realpath(folder, NULL);
    if (real == NULL || stat(real, &info) != 0) {
        free(real);
        return tuff_fail(log, errno == ENOENT ? TUFF_ERROR_NOT_FOUND : TUFF_ERROR_IO,
                         "data set '%s': cannot open: %s", folder, strerror(errno));
    }
    if (!S_ISDIR(info.st_mode)) {
        free(real);
        return tuff_fail(log, TUFF_ERROR_INVALID, "data set '%s': expected a folder, found a file", folder);
    }
    const char *last = strrchr(real, '/') + 1;
    tuff_name_print(dataset->name, sizeof dataset->name, last);
    if (dataset->name[0] == '\0')
        snprintf(dataset->name, sizeof dataset->name, "root");
    free(real);
    return TUFF_OK;
}

static enum tuff_status check_folder(const struct tuff_log *log, const char *folder,
                                     const struct tuff_dataset_options *options)
{
    if (options->folder == NULL)
        return TUFF_OK;
    return tuff_fail(log, TUFF_ERROR_INVALID,
                     "data set '%s' is a folder, which needs no other (--data-dir '%s')", folder,
                     options->folder);
}

static enum tuff_status holds_nothing(const struct tuff_log *log, const char *folder, enum tuff_split split)
{
    return tuff_fail(
        log, TUFF_ERROR_NOT_FOUND,
        "data set '%s': expected folders of images (train/CLASS/, test/CLASS/), IDX files "
        "(train-images-idx3-ubyte and so on) or CIFAR's (data_batch_1.bin and so on), found none for %s; "
        "where the folder itself holds CLASS/, --test-fraction 0.2 takes a part of the images for test",
        folder, split == TUFF_SPLIT_TRAIN ? "training" : "test");
}

static bool is_image_folder(const char *folder, const struct tuff_dataset_options *options)
{
    return tuff_image_folder_is(folder) || options->test_fraction > 0;
}

enum tuff_status tuff_folder_set_load(const struct tuff_log *log, const char *folder, enum tuff_split split,
                                      const struct tuff_dataset_options *options,
                                      struct tuff_dataset *dataset)
{
    bool found = false;
    enum tuff_status status = check_folder(log, folder, options);
    if (status == TUFF_OK)
        status = name_set(log, folder, dataset);
    if (status == TUFF_OK)
        status = tuff_idx_folder_load(log, folder, split, dataset, &found);
    if (status == TUFF_OK && !found)
        status = tuff_cifar_folder_load(log, folder, split, dataset, &found);
    if (status != TUFF_OK || found)
        return status;
    if (is_image_folder(folder, options))
        return tuff_image_folder_load(log, folder, split, options, dataset);
    return holds_nothing(log, folder, split);
}

enum tuff_status tuff_folder_set_find(const struct tuff_log *log, const char *folder, enum tuff_split split,
                                      const struct tuff_dataset_options *options, char path[PATH_MAX])
{
    struct tuff_dataset named;
    enum tuff_status status = check_folder(log, folder, options);
    if (status == TUFF_OK)
        status = name_set(log, folder, &named);
    if (status == TUFF_OK && strlen(folder) >= PATH_MAX)
        status = tuff_fail(log, TUFF_ERROR_INVALID, "data set '%.60s…': the path is too long", folder);
    if (status != TUFF_OK)
        return status;
    if (tuff_idx_folder_has(folder, split) || tuff_cifar_folder_has(folder, split)) {
        memcpy(path, folder, strlen(folder) + 1);
        return TUFF_OK;
    }
    if (is_image_folder(folder, options))
        return tuff_image_folder_find(log, folder, split, options->test_fraction, path);
    return holds_nothing(log, folder, split);
}
