#include "places.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

bool tuff_path_join(char path[PATH_MAX], const char *folder, const char *name)
{
    size_t length = strlen(folder);
    const char *slash = length > 0 && folder[length - 1] == '/' ? "" : "/";
    int written = snprintf(path, PATH_MAX, "%s%s%s", folder, slash, name);
    return written >= 0 && written < PATH_MAX;
}

static void add(struct tuff_places *places, const char *base, const char *middle, const char *name)
{
    int length = snprintf(places->paths[places->count], PATH_MAX, "%s%s%s", base, middle, name);
    if (length >= 0 && length < PATH_MAX)
        places->count++;
}

void tuff_places_list(const struct tuff_dataset_source *source, const char *folder,
                      struct tuff_places *places)
{
    places->count = 0;
    const char *data = getenv("TUFF_DATA"), *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    if (folder != NULL) {
        add(places, folder, "/", source->name);
        add(places, folder, "", "");
        return;
    }
    if (data != NULL && data[0] != '\0') {
        add(places, data, "/", source->name);
        if (!source->shares_names)
            add(places, data, "", "");
    }
    if (cache != NULL && cache[0] == '/') // a relative one is to be ignored, says the XDG specification
        add(places, cache, "/tuff/", source->name);
    if (home != NULL && home[0] == '/')
        add(places, home, "/.cache/tuff/", source->name);
}

void tuff_places_text(const struct tuff_places *places, char text[TUFF_PLACES_TEXT_BYTES])
{
    size_t used = 0;
    text[0] = '\0';
    for (uint32_t i = 0; i < places->count && used < TUFF_PLACES_TEXT_BYTES; i++)
        used += (size_t)snprintf(text + used, TUFF_PLACES_TEXT_BYTES - used, "%s%s", i == 0 ? "" : ", ",
                                 places->paths[i]);
    if (used == 0)
        snprintf(text, TUFF_PLACES_TEXT_BYTES, "no folder: neither TUFF_DATA nor HOME is set");
}

bool tuff_place_in_cache(const char *name, char path[PATH_MAX])
{
    const char *cache = getenv("XDG_CACHE_HOME"), *home = getenv("HOME");
    int length = -1;
    if (cache != NULL && cache[0] == '/')
        length = snprintf(path, PATH_MAX, "%s/tuff/%s", cache, name);
    else if (home != NULL && home[0] == '/')
        length = snprintf(path, PATH_MAX, "%s/.cache/tuff/%s", home, name);
    return length >= 0 && length < PATH_MAX;
}

int tuff_folder_make(const char *folder)
{
    char path[PATH_MAX];
    if (!tuff_path_join(path, folder, ""))
        return ENAMETOOLONG;
    for (char *c = path + 1; *c != '\0'; c++) {
        if (*c != '/')
            continue;
        *c = '\0';
        if (mkdir(path, 0777) != 0 && errno != EEXIST)
            return errno;
        *c = '/';
    }
    struct stat info;
    if (stat(path, &info) != 0)
        return errno;
    return S_ISDIR(info.st_mode) ? 0 : ENOTDIR;
}
