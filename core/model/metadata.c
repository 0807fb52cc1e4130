// Reading a checkpoint's texts: see tuff/checkpoint.h.
#include "tuff/checkpoint.h"

#include <stdlib.h>
#include <string.h>

#include "safetensors.h"

struct tuff_metadata_list {
    struct tuff_safetensors *file;
};

enum tuff_status tuff_metadata_read(const struct tuff_log *log, const char *path,
                                    struct tuff_metadata_list **list)
{
    *list = NULL;
    struct tuff_metadata_list *made = calloc(1, sizeof *made);
    if (made == NULL)
        return tuff_fail(log, TUFF_ERROR_MEMORY, "%s: out of memory", path);
    enum tuff_status status = tuff_safetensors_read(log, path, &made->file);
    if (status != TUFF_OK)
        tuff_metadata_destroy(&made);
    *list = made;
    return status;
}

const char *tuff_metadata_find(const struct tuff_metadata_list *list, const char *key)
{
    for (size_t i = 0; i < list->file->metadata_count; i++)
        if (strcmp(list->file->metadata[i].key, key) == 0)
            return list->file->metadata[i].value;
    return NULL;
}

void tuff_metadata_destroy(struct tuff_metadata_list **list)
{
    if (*list == NULL)
        return;
    tuff_safetensors_destroy(&(*list)->file);
    free(*list);
    *list = NULL;
}
