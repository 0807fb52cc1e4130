// Where data sets come from: one entry per name that tuff_dataset_load knows.
#ifndef TUFF_CORE_DATASET_SOURCE_H
#define TUFF_CORE_DATASET_SOURCE_H

#include <limits.h>
#include <stdbool.h>

#include "tuff/dataset.h"

// No data set's images may take more host memory than this.
#define TUFF_DATASET_MAX_BYTES (UINT64_C(4) << 30)

struct tuff_fetch_set;

struct tuff_dataset_source {
    const char *name, *description, *homepage, *licence;
    uint32_t channels, height, width, classes;
    uint32_t train_count, test_count; // as everybody knows it; the files decide
    const char *const *class_names;   // (classes)
    const char *remedy;               // what to do if its files are not there; NULL if it has none
    bool shares_names;                // its files are called as mnist's: they lie in a folder of their own
    const struct tuff_fetch_set *fetched; // what is fetched, and whence; NULL: nothing
    // The folder that holds the files of a split. NULL if it has none. folder: as in tuff_dataset_options.
    enum tuff_status (*find)(const struct tuff_log *log, const struct tuff_dataset_source *source,
                             enum tuff_split split, const char *folder, char path[PATH_MAX]);
    // Sets count, channels, height and width, and images, labels and, where they are others than the
    // source's, class_names to memory of malloc, which the caller frees, after a failure as well. options:
    // whole and never NULL.
    enum tuff_status (*load)(const struct tuff_log *log, const struct tuff_dataset_source *source,
                             enum tuff_split split, const struct tuff_dataset_options *options,
                             struct tuff_dataset *dataset);
};

// Frees what the data set points to, and forgets it.
void tuff_dataset_forget(struct tuff_dataset *dataset);

// The table (dataset_list.c). NULL from the count on.
const struct tuff_dataset_source *tuff_dataset_source_at(size_t index);
// Failure: TUFF_ERROR_NOT_FOUND, which says what there is. log may be NULL.
TUFF_MUST_CHECK enum tuff_status tuff_dataset_source_find(const struct tuff_log *log, const char *name,
                                                          const struct tuff_dataset_source **source);

// The four IDX files of MNIST, and of sets that come in the same form (idx_set.c).
TUFF_MUST_CHECK enum tuff_status tuff_idx_set_find(const struct tuff_log *log,
                                                   const struct tuff_dataset_source *source,
                                                   enum tuff_split split, const char *folder,
                                                   char path[PATH_MAX]);
TUFF_MUST_CHECK enum tuff_status
tuff_idx_set_load(const struct tuff_log *log, const struct tuff_dataset_source *source, enum tuff_split split,
                  const struct tuff_dataset_options *options, struct tuff_dataset *dataset);
// Any set in this form, by its folder. has: whether all files of the split are there. load: *found: whether the folder holds such files at all; if not, nothing
// else happens. Sets classes and class_names as well.
bool tuff_idx_folder_has(const char *folder, enum tuff_split split);
TUFF_MUST_CHECK enum tuff_status tuff_idx_folder_load(const struct tuff_log *log, const char *folder,
                                                      enum tuff_split split, struct tuff_dataset *dataset,
                                                      bool *found);

// CIFAR-10 and CIFAR-100 in binary form, plain or in the archives as they are downloaded (cifar.c). As above.
TUFF_MUST_CHECK enum tuff_status tuff_cifar_find(const struct tuff_log *log,
                                                 const struct tuff_dataset_source *source,
                                                 enum tuff_split split, const char *folder,
                                                 char path[PATH_MAX]);
TUFF_MUST_CHECK enum tuff_status
tuff_cifar_load(const struct tuff_log *log, const struct tuff_dataset_source *source, enum tuff_split split,
                const struct tuff_dataset_options *options, struct tuff_dataset *dataset);
bool tuff_cifar_folder_has(const char *folder, enum tuff_split split);
TUFF_MUST_CHECK enum tuff_status tuff_cifar_folder_load(const struct tuff_log *log, const char *folder,
                                                        enum tuff_split split, struct tuff_dataset *dataset,
                                                        bool *found);

// Digits that the library draws (digit_set.c).
TUFF_MUST_CHECK enum tuff_status tuff_digit_set_load(const struct tuff_log *log,
                                                     const struct tuff_dataset_source *source,
                                                     enum tuff_split split,
                                                     const struct tuff_dataset_options *options,
                                                     struct tuff_dataset *dataset);

#endif
