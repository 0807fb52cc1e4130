#include "folder_set.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "model/source.h"

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
    tuff_one_line(dataset->name, sizeof dataset->name, last, strlen(last));
    if (dataset->name[0] == '\0')
        snprintf(dataset->name, sizeof dataset->name, "root");
    free(real);
    return TUFF_OK;
}

enum tuff_status tuff_folder_set_load(const struct tuff_log *log, const char *folder, enum tuff_split split,
                                      const struct tuff_dataset_options *options,
                                      struct tuff_dataset *dataset)
{
    bool found = false;
    if (options->folder != NULL)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "data set '%s' is a folder, which needs no other (--data-dir '%s')", folder,
                         options->folder);
    enum tuff_status status = name_set(log, folder, dataset);
    if (status == TUFF_OK)
        status = tuff_idx_folder_load(log, folder, split, dataset, &found);
    if (status != TUFF_OK || found)
        return status;
    return tuff_fail(
        log, TUFF_ERROR_NOT_FOUND,
        "data set '%s': expected IDX files (train-images-idx3-ubyte, …), found neither these nor others",
        folder);
}
