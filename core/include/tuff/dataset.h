// Data sets of labelled images, whole in host memory as bytes.
#ifndef TUFF_DATASET_H
#define TUFF_DATASET_H

#include "log.h"

#ifdef __cplusplus
extern "C" {
#endif

enum tuff_split {
    TUFF_SPLIT_TRAIN = 0,
    TUFF_SPLIT_TEST = 1,
};

struct tuff_dataset {
    size_t size;
    char name[64];
    uint32_t count;                      // samples, at least 1
    uint32_t channels, height, width;
    uint32_t classes;
    const uint8_t *images;               // (count,channels,height,width)
    const uint32_t *labels;              // (count), each below classes
    const char *const *class_names;      // (classes)
};

struct tuff_dataset_options {
    size_t size;
    const char *folder;         // where the files are: see tuff_dataset_load; NULL: the usual places
    uint32_t digits_train;      // samples that "digits" draws; 0: 60,000
    uint32_t digits_test;       // 0: 10,000
};

// name: "mnist", or "digits", which the library draws itself (digits.h).
// mnist: the four IDX files, plain or .gz, are looked for in options->folder or options->folder/mnist if a folder is
//   given, else in TUFF_DATA or TUFF_DATA/mnist, else in the cache: $XDG_CACHE_HOME/tuff/mnist, ~/.cache/tuff/mnist.
// Failure: an unknown name (with the nearest one); TUFF_ERROR_NOT_FOUND with what to do, if the files are not there;
//   TUFF_ERROR_FORMAT for files that are not what they should be.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_dataset_load(const struct tuff_log *log, const char *name,
                                                            enum tuff_split split,
                                                            const struct tuff_dataset_options *options,
                                                            struct tuff_dataset **dataset);
// Names that tuff_dataset_load knows; NULL from the count on.
TUFF_API const char *tuff_dataset_known(size_t index);
// NULL-safe, and *dataset becomes NULL.
TUFF_API void tuff_dataset_destroy(struct tuff_dataset **dataset);

#ifdef __cplusplus
}
#endif
#endif
