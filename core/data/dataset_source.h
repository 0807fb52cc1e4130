// Where data sets come from: one entry per name that tuff_dataset_load knows.
#ifndef TUFF_CORE_DATASET_SOURCE_H
#define TUFF_CORE_DATASET_SOURCE_H

#include "tuff/dataset.h"

// No data set's images may take more host memory than this.
#define TUFF_DATASET_MAX_BYTES (UINT64_C(4) << 30)

struct tuff_dataset_source {
    const char *name;
    uint32_t classes;
    const char *const *class_names;
    const char *remedy; // what to do if its files are not there; NULL if it needs none
    // Sets count, channels, height and width, and images and labels to memory of malloc, which the caller
    // frees, after a failure as well. options: whole and never NULL.
    enum tuff_status (*load)(const struct tuff_log *log, const struct tuff_dataset_source *source,
                             enum tuff_split split, const struct tuff_dataset_options *options,
                             struct tuff_dataset *dataset);
};

// The four IDX files of MNIST, or of a set that comes in the same form under another name (mnist.c).
TUFF_MUST_CHECK enum tuff_status
tuff_mnist_load(const struct tuff_log *log, const struct tuff_dataset_source *source, enum tuff_split split,
                const struct tuff_dataset_options *options, struct tuff_dataset *dataset);

// Digits that the library draws (digit_set.c).
TUFF_MUST_CHECK enum tuff_status tuff_digit_set_load(const struct tuff_log *log,
                                                     const struct tuff_dataset_source *source,
                                                     enum tuff_split split,
                                                     const struct tuff_dataset_options *options,
                                                     struct tuff_dataset *dataset);

#endif
