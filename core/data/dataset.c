#include "tuff/dataset.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/suggest.h"
#include "dataset_source.h"

static const char *const digit_names[] = {"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"};

static const struct tuff_dataset_source sources[] = {
    {"mnist", 10, digit_names, "run tools/fetch-mnist, pass --data-dir FOLDER, or use --data digits",
     tuff_mnist_load},
    {"digits", 10, digit_names, NULL, tuff_digit_set_load},
};

enum { SOURCE_COUNT = sizeof sources / sizeof sources[0] };

const char *tuff_dataset_known(size_t index)
{
    return index < SOURCE_COUNT ? sources[index].name : NULL;
}

static enum tuff_status unknown_name(const struct tuff_log *log, const char *name)
{
    const char *names[SOURCE_COUNT];
    char list[256] = "";
    for (size_t i = 0, used = 0; i < SOURCE_COUNT && used < sizeof list; i++) {
        names[i] = sources[i].name;
        used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    const char *nearest = tuff_suggest(name, names, SOURCE_COUNT);
    if (nearest != NULL)
        return tuff_fail(log, TUFF_ERROR_NOT_FOUND,
                         "unknown data set '%s'; did you mean '%s'? (there are: %s)", name, nearest, list);
    return tuff_fail(log, TUFF_ERROR_NOT_FOUND, "unknown data set '%s' (there are: %s)", name, list);
}

enum tuff_status tuff_dataset_load(const struct tuff_log *log, const char *name, enum tuff_split split,
                                   const struct tuff_dataset_options *options, struct tuff_dataset **dataset)
{
    *dataset = NULL;
    if (name == NULL)
        return tuff_fail(log, TUFF_ERROR_INVALID, "a data set's name was expected, found none");
    if (split != TUFF_SPLIT_TRAIN && split != TUFF_SPLIT_TEST)
        return tuff_fail(log, TUFF_ERROR_INVALID,
                         "data set '%s': expected split 0 (training) or 1 (test), found %d", name,
                         (int)split);
    // Callers that were built for a smaller struct do not set what came later.
    struct tuff_dataset_options whole = {0};
    if (options != NULL) {
        if (options->size < sizeof options->size)
            return tuff_fail(log, TUFF_ERROR_INVALID, "data set '%s': the options' size is not set", name);
        memcpy(&whole, options, options->size < sizeof whole ? options->size : sizeof whole);
    }
    whole.size = sizeof whole;
    if (whole.folder != NULL && whole.folder[0] == '\0')
        return tuff_fail(log, TUFF_ERROR_INVALID, "data set '%s': expected a folder, found an empty name",
                         name);

    const struct tuff_dataset_source *source = NULL;
    for (size_t i = 0; i < SOURCE_COUNT; i++)
        if (strcmp(sources[i].name, name) == 0)
            source = &sources[i];
    if (source == NULL)
        return unknown_name(log, name);

    struct tuff_dataset *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "data set '%s': out of memory", name);
    made->size = sizeof *made;
    snprintf(made->name, sizeof made->name, "%s", source->name);
    made->classes = source->classes;
    made->class_names = source->class_names;
    enum tuff_status status = source->load(log, source, split, &whole, made);
    if (status != TUFF_OK) {
        tuff_dataset_destroy(&made);
        return status;
    }
    *dataset = made;
    return TUFF_OK;
}

void tuff_dataset_destroy(struct tuff_dataset **dataset)
{
    if (dataset == NULL || *dataset == NULL)
        return;
    free((void *)(*dataset)->images);
    free((void *)(*dataset)->labels);
    free(*dataset);
    *dataset = NULL;
}
