#include "tuff/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "dataset_source.h"
#include "folder_set.h"
#include "names.h"

// Callers that were built for a smaller struct do not set what came later.
static enum tuff_status take_options(const struct tuff_log *log, const char *name,
                                     const struct tuff_dataset_options *options,
                                     struct tuff_dataset_options *whole)
{
    memset(whole, 0, sizeof *whole);
    if (options != NULL) {
        if (options->size < sizeof options->size)
            return tuff_fail(log, TUFF_ERROR_INVALID, "data set '%s': the options' size is not set", name);
        memcpy(whole, options, options->size < sizeof *whole ? options->size : sizeof *whole);
    }
    whole->size = sizeof *whole;
    if (whole->folder != NULL && whole->folder[0] == '\0')
        return tuff_fail(log, TUFF_ERROR_INVALID, "data set '%s': expected a folder, found an empty name",
                         name);
    return TUFF_OK;
}

static enum tuff_status check_split(const struct tuff_log *log, const char *name, enum tuff_split split)
{
    if (name == NULL)
        return tuff_fail(log, TUFF_ERROR_INVALID, "a data set's name was expected, found none");
    if (split != TUFF_SPLIT_TRAIN && split != TUFF_SPLIT_TEST)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "data set '%s': expected split 0 (training) or 1 (test), found %d", name,
                         (int)split);
    return TUFF_OK;
}

// A name with a slash, or that of no set and of a folder that is there.
static bool is_folder(const char *name)
{
    const struct tuff_dataset_source *source;
    struct stat info;
    if (strchr(name, '/') != NULL)
        return true;
    return tuff_dataset_source_find(NULL, name, &source) != TUFF_OK && stat(name, &info) == 0 &&
           S_ISDIR(info.st_mode);
}

static enum tuff_status load_source(const struct tuff_log *log, const char *name, enum tuff_split split,
                                    const struct tuff_dataset_options *options, struct tuff_dataset *dataset)
{
    const struct tuff_dataset_source *source;
    enum tuff_status status = tuff_dataset_source_find(log, name, &source);
    if (status != TUFF_OK)
        return status;
    snprintf(dataset->name, sizeof dataset->name, "%s", source->name);
    dataset->classes = source->classes;
    status = source->load(log, source, split, options, dataset);
    if (status != TUFF_OK || dataset->class_names != NULL)
        return status;
    dataset->class_names = tuff_names_copy(source->class_names, source->classes);
    if (dataset->class_names == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "data set '%s': out of memory", name);
    return TUFF_OK;
}

enum tuff_status tuff_dataset_load(const struct tuff_log *log, const char *name, enum tuff_split split,
                                   const struct tuff_dataset_options *options, struct tuff_dataset **dataset)
{
    struct tuff_dataset_options whole;
    *dataset = NULL;
    enum tuff_status status = check_split(log, name, split);
    if (status == TUFF_OK)
        status = take_options(log, name, options, &whole);
    if (status != TUFF_OK)
        return status;
    struct tuff_dataset *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "data set '%s': out of memory", name);
    made->size = sizeof *made;
    status = is_folder(name) ? tuff_folder_set_load(log, name, split, &whole, made)
                             : load_source(log, name, split, &whole, made);
    if (status != TUFF_OK) {
        tuff_dataset_destroy(&made);
        return status;
    }
    *dataset = made;
    return TUFF_OK;
}

void tuff_dataset_forget(struct tuff_dataset *dataset)
{
    free((void *)dataset->images);
    free((void *)dataset->labels);
    free((void *)dataset->class_names);
    free((void *)dataset->sample_names);
    dataset->images = NULL;
    dataset->labels = NULL;
    dataset->class_names = NULL;
    dataset->sample_names = NULL;
}

void tuff_dataset_destroy(struct tuff_dataset **dataset)
{
    if (dataset == NULL || *dataset == NULL)
        return;
    tuff_dataset_forget(*dataset);
    free(*dataset);
    *dataset = NULL;
}

enum tuff_status tuff_dataset_find(const struct tuff_log *log, const char *name, enum tuff_split split,
                                   const struct tuff_dataset_options *options, char *path, size_t capacity)
{
    const struct tuff_dataset_source *source = NULL;
    struct tuff_dataset_options whole;
    char found[PATH_MAX] = "";
    enum tuff_status status = check_split(log, name, split);
    if (status == TUFF_OK)
        status = take_options(log, name, options, &whole);
    if (status == TUFF_OK && is_folder(name)) {
        status = tuff_folder_set_find(log, name, split, &whole, found);
    } else if (status == TUFF_OK) {
        status = tuff_dataset_source_find(log, name, &source);
        if (status == TUFF_OK && source->find != NULL)
            status = source->find(log, source, split, whole.folder, found);
    }
    if (status == TUFF_OK && strlen(found) >= capacity)
        status = tuff_fail(log, TUFF_ERROR_INVALID, "%s: expected room for %zu bytes of path, found %zu",
                           name, strlen(found) + 1, capacity);
    if (status == TUFF_OK)
        memcpy(path, found, strlen(found) + 1);
    return status;
}
