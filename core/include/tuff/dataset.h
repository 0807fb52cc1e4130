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
    const char *const *class_names;      // (classes), without control characters
    const char *const *sample_names;     // (count), "cat/0001.jpg"; NULL if the samples are no files of their own
};

// How many images of a folder have been read.
struct tuff_dataset_progress {
    uint32_t done, total;
};

struct tuff_dataset_options {
    size_t size;
    const char *folder;         // where the files are: see tuff_dataset_load; NULL: the usual places
    uint32_t digits_train;      // samples that "digits" draws; 0: 60,000
    uint32_t digits_test;       // 0: 10,000
    // Folders of images; other sets take none of these.
    uint32_t channels;          // 1 or 3: what images are turned into; 0: as they are, and then all the same
    uint32_t height, width;     // what they are scaled and cropped to; 0, both: the same
    uint32_t threads;           // that decode; 0: as many as the process may run on, at most 16
    int no_cache;               // 1: neither reads nor writes the cache
    double test_fraction;       // above 0 and below 1: of a folder without a split of its own; 0: it has one
    int skip_broken;            // 1: an image that cannot be read is left out, with a warning; 0: it is an error
    // Called by the thread that loads, about ten times a second, while images are decoded. A return value other than
    // 0 stops: TUFF_ERROR_INTERRUPTED, and nothing is kept. NULL: not told.
    int (*progress)(void *user, const struct tuff_dataset_progress *progress);
    void *user;
};

// name: one of the sets that tuff_dataset_describe lists; or, with a '/' or if there is none of that name, a folder.
//
// A set of a name is looked for in options->folder/NAME and options->folder if a folder is given, else in
//   $TUFF_DATA/NAME, $TUFF_DATA, $XDG_CACHE_HOME/tuff/NAME, ~/.cache/tuff/NAME. Not in $TUFF_DATA itself: sets whose
//   files have the names of mnist's. "digits" has no files: the library draws it (digits.h).
// A folder holds one of:
//   train/CLASS/ and test/CLASS/ with PNG and JPEG files: docs/data.md says how they are scaled. Classes are in the
//   order of their names' bytes, samples in that of class and name. What was decoded is kept in one file of
//   $XDG_CACHE_HOME/tuff/images, and used as long as the names, sizes and times of the folder's files are the same.
//   CLASS/ or train/CLASS/ alone, with options->test_fraction: that part of each class's images is the test split, at
//   least one and not all; which ones depends on their names alone, so that an image stays where it is as others come.
//   train-images-idx3-ubyte and so on: IDX files, plain or .gz, of any size and up to 256 classes.
//   data_batch_1.bin and so on, test_batch.bin: CIFAR-10's binary form. train.bin, test.bin: CIFAR-100's.
//   cifar-10-binary.tar.gz or cifar-100-binary.tar.gz: those as they are downloaded.
//
// Blocking. Failure: an unknown name (with the nearest one); TUFF_ERROR_NOT_FOUND with what to do, if the files are
//   not there; TUFF_ERROR_FORMAT for files that are not what they should be; TUFF_ERROR_INTERRUPTED.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_dataset_load(const struct tuff_log *log, const char *name,
                                                            enum tuff_split split,
                                                            const struct tuff_dataset_options *options,
                                                            struct tuff_dataset **dataset);
// PNG and JPEG files as a set, to be predicted say: paths (count), in this order; scaled and cropped to chw, channels (1
// or 3), height and width, as a folder's images are. Labels are all 0. class_names: (classes), or NULL for numbers.
// Blocking. Failure: a file that cannot be read, or is no image, by its name and the reason.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_dataset_load_files(const struct tuff_log *log,
                                                                  const char *const *paths, uint32_t count,
                                                                  const uint32_t chw[3], uint32_t classes,
                                                                  const char *const *class_names,
                                                                  struct tuff_dataset **dataset);
// NULL-safe, and *dataset becomes NULL.
TUFF_API void tuff_dataset_destroy(struct tuff_dataset **dataset);

// A set that has a name.
struct tuff_dataset_info {
    size_t size;                          // set by the caller; no more than that is written
    const char *name;                     // "mnist"
    const char *description;              // "handwritten digits"
    const char *homepage, *licence;       // where it comes from, and under which terms
    uint32_t channels, height, width, classes;
    uint32_t train_count, test_count;     // samples
    uint64_t download_bytes;              // of all its files; 0: it has none
};

// Sets that have a name, in a fixed order; 0 from the count on, else 1. The strings live for ever.
TUFF_API int tuff_dataset_describe(size_t index, struct tuff_dataset_info *info);

// The folder in which tuff_dataset_load would find the files of a split. name, options: as there. path: room for
// `capacity` bytes; becomes empty for a set without files. Reads no file. Failure: TUFF_ERROR_NOT_FOUND.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_dataset_find(const struct tuff_log *log, const char *name,
                                                            enum tuff_split split,
                                                            const struct tuff_dataset_options *options, char *path,
                                                            size_t capacity);

// -- Fetching

struct tuff_fetch_progress {
    const char *file;          // its name
    uint32_t index, files;     // which one of how many, from 0
    uint64_t bytes, total;     // of this file so far, and in all; total is 0 while it is not known
};

struct tuff_fetch_options {
    size_t size;
    const char *folder;           // the set goes into folder/NAME; NULL: where the cache is, $XDG_CACHE_HOME/tuff/NAME
    const char *const *mirrors;   // folders or URLs of folders, tried in order; NULL: those that are known
    size_t mirror_count;
    int allow_http;               // 1: http:// as well, and redirections to it; 0: https:// (and file://) alone
    // Called by the thread that fetches, about ten times a second. A return value other than 0 stops:
    // TUFF_ERROR_INTERRUPTED; what has come so far is kept, and the next call goes on from there.
    int (*progress)(void *user, const struct tuff_fetch_progress *progress);
    void *user;
};

// Fetches the files of a set that has a name. A file is stored under its name only when its SHA-256 is right; until
// then it is NAME.part, where a later call resumes. Files that are there and right are kept. folder: becomes the
// folder that holds them, if not NULL; room for `capacity` bytes. Blocking.
// Failure: a set without files; TUFF_ERROR_IO if no mirror gave a right file, each mirror's reason being a warning;
// a folder that cannot be written; TUFF_ERROR_INTERRUPTED.
TUFF_API TUFF_MUST_CHECK enum tuff_status tuff_dataset_fetch(const struct tuff_log *log, const char *name,
                                                             const struct tuff_fetch_options *options, char *folder,
                                                             size_t capacity);

#ifdef __cplusplus
}
#endif
#endif
