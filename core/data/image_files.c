// Single image files as a data set.
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "dataset_source.h"
#include "image_read.h"
#include "names.h"

// Reads one file to where `images` points. A file that cannot be read is a failure.
static enum tuff_status read_file(const struct tuff_log *log, const char *path,
                                  const struct tuff_dataset *dataset, uint8_t *images)
{
    struct tuff_folder_file file = {.name = (char *)(uintptr_t)path};
    const struct tuff_folder_list list = {.file_count = 1, .files = &file};
    char *reason = NULL, name[TUFF_PRINTED_NAME_BYTES];
    bool misfit = false;
    struct tuff_image_batch batch = {
        .folder = path[0] == '/' ? "/" : ".",
        .list = &list,
        .channels = dataset->channels,
        .height = dataset->height,
        .width = dataset->width,
        .images = images,
        .reasons = &reason,
        .misfits = &misfit,
    };
    const struct tuff_dataset_options options = {.size = sizeof options, .threads = 1};
    enum tuff_status status = tuff_image_read_all(log, &batch, &options);
    if (status == TUFF_OK && reason != NULL) {
        tuff_name_print(name, sizeof name, path);
        status = tuff_fail(log, TUFF_ERROR_FORMAT, "%s: %s", name, reason);
    }
    free(reason);
    return status;
}

static enum tuff_status make_names(const struct tuff_log *log, const char *const *paths,
                                   const char *const *class_names, struct tuff_dataset *dataset)
{
    dataset->class_names = class_names == NULL ? tuff_names_number(dataset->classes)
                                               : tuff_names_copy(class_names, dataset->classes);
    char **names = calloc(dataset->count, sizeof *names);
    bool enough = names != NULL && dataset->class_names != NULL;
    for (uint32_t i = 0; i < dataset->count && enough; i++) {
        char name[TUFF_PRINTED_NAME_BYTES];
        tuff_name_print(name, sizeof name, paths[i]);
        names[i] = strdup(name);
        enough = names[i] != NULL;
    }
    if (enough)
        dataset->sample_names = tuff_names_copy((const char *const *)names, dataset->count);
    for (uint32_t i = 0; names != NULL && i < dataset->count; i++)
        free(names[i]);
    free(names);
    if (dataset->sample_names == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "images: out of memory");
    return TUFF_OK;
}

enum tuff_status tuff_dataset_load_files(const struct tuff_log *log, const char *const *paths, uint32_t count,
                                         const uint32_t chw[3], uint32_t classes,
                                         const char *const *class_names, struct tuff_dataset **dataset)
{
    *dataset = NULL;
    if (count == 0 || classes == 0 || (chw[0] != 1 && chw[0] != 3) || chw[1] == 0 || chw[2] == 0 ||
        chw[1] > TUFF_IMAGE_MAX_SIDE || chw[2] > TUFF_IMAGE_MAX_SIDE)
        return tuff_fail(
            log, TUFF_ERROR_INVALID,
            "images: expected files, classes, and 1 or 3 channels of at most %d pixels a side, found "
            "%" PRIu32 " files, %" PRIu32 " classes and (%" PRIu32 ", %" PRIu32 ", %" PRIu32 ")",
            TUFF_IMAGE_MAX_SIDE, count, classes, chw[0], chw[1], chw[2]);
    size_t bytes = (size_t)chw[0] * chw[1] * chw[2];
    if (bytes > TUFF_DATASET_MAX_BYTES / count)
        return tuff_fail(log, TUFF_ERROR_UNSUPPORTED,
                         "images: %" PRIu32 " of them take more than %" PRIu64 " MiB", count,
                         TUFF_DATASET_MAX_BYTES >> 20);
    struct tuff_dataset *made = calloc(1, sizeof *made);
    uint8_t *images = malloc(bytes * count);
    if (made != NULL)
        *made = (struct tuff_dataset){.size = sizeof *made,
                                      .name = "images",
                                      .count = count,
                                      .channels = chw[0],
                                      .height = chw[1],
                                      .width = chw[2],
                                      .classes = classes,
                                      .images = images,
                                      .labels = calloc(count, sizeof *made->labels)};
    else
        free(images);
    enum tuff_status status = made == NULL || images == NULL || made->labels == NULL
                                  ? tuff_fail(log, TUFF_ERROR_MEMORY, "images: out of memory")
                                  : make_names(log, paths, class_names, made);
    for (uint32_t i = 0; i < count && status == TUFF_OK; i++)
        status = read_file(log, paths[i], made, images + i * bytes);
    if (status != TUFF_OK)
        tuff_dataset_destroy(&made);
    *dataset = made;
    return status;
}
