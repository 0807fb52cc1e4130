// Data sets that are named by their folder.
#ifndef TUFF_CORE_FOLDER_SET_H
#define TUFF_CORE_FOLDER_SET_H

#include "dataset_source.h"

// Finds out what the folder holds, and loads it. Sets all of the data set, its name included.
TUFF_MUST_CHECK enum tuff_status tuff_folder_set_load(const struct tuff_log *log, const char *folder,
                                                      enum tuff_split split,
                                                      const struct tuff_dataset_options *options,
                                                      struct tuff_dataset *dataset);
// The folder that holds a split, path, of whatever kind it is. Reads no file.
TUFF_MUST_CHECK enum tuff_status tuff_folder_set_find(const struct tuff_log *log, const char *folder,
                                                      enum tuff_split split,
                                                      const struct tuff_dataset_options *options,
                                                      char path[PATH_MAX]);

#endif
