// Where files of data sets are looked for, and where caches are.
#ifndef TUFF_CORE_PLACES_H
#define TUFF_CORE_PLACES_H

#include "dataset_source.h"

enum { TUFF_PLACES_MAX = 4, TUFF_PLACES_TEXT_BYTES = 1024 };

struct tuff_places {
    uint32_t count;
    char paths[TUFF_PLACES_MAX][PATH_MAX];
};

// The folders in which a set's files may be, the first first. folder: as in tuff_dataset_options. A path that
// is too long for the system is left out: nothing can be there.
void tuff_places_list(const struct tuff_dataset_source *source, const char *folder,
                      struct tuff_places *places);
// "FOLDER, FOLDER", or what is missing where there is none.
void tuff_places_text(const struct tuff_places *places, char text[TUFF_PLACES_TEXT_BYTES]);

// $XDG_CACHE_HOME/tuff/NAME, or ~/.cache/tuff/NAME. False if neither variable holds an absolute path, or it
// is too long.
bool tuff_place_in_cache(const char *name, char path[PATH_MAX]);

// path = folder/name. False if that is too long.
bool tuff_path_join(char path[PATH_MAX], const char *folder, const char *name);

// Makes a folder and those above it that are missing. 0, or the errno.
int tuff_folder_make(const char *folder);

#endif
