// Data sets that are folders of images: train/CLASS/FILE and test/CLASS/FILE.
#ifndef TUFF_CORE_IMAGE_FOLDER_H
#define TUFF_CORE_IMAGE_FOLDER_H

#include "dataset_source.h"

// folder/train or folder/test, which must be there. With a test_fraction what is divided: folder/train, or
// the folder itself, and there must be no test.
TUFF_MUST_CHECK enum tuff_status tuff_image_folder_find(const struct tuff_log *log, const char *folder,
                                                        enum tuff_split split, double test_fraction,
                                                        char path[PATH_MAX]);
// Whether the folder has one of them.
bool tuff_image_folder_is(const char *folder);

// Sets all of the data set but its name, which it uses for the cache's.
TUFF_MUST_CHECK enum tuff_status tuff_image_folder_load(const struct tuff_log *log, const char *folder,
                                                        enum tuff_split split,
                                                        const struct tuff_dataset_options *options,
                                                        struct tuff_dataset *dataset);

#endif
