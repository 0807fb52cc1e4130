// What is in a folder of classes: CLASS/FILE, in the order of the names' bytes.
#ifndef TUFF_CORE_FOLDER_LIST_H
#define TUFF_CORE_FOLDER_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tuff/log.h"

struct tuff_folder_file {
    char *name; // "CLASS/FILE", as the file system has it
    uint32_t label;
    uint64_t bytes;
    int64_t seconds, nanoseconds; // when it was changed
};

struct tuff_folder_list {
    size_t class_count;
    char **classes; // as the file system has them
    size_t file_count;
    struct tuff_folder_file *files;
    size_t passed_over;   // files in classes that are no images by their names
    char first_over[512]; // the first of them, printable
};

// Folders are classes, and files whose names end in .png, .jpg, .jpeg, .jpe or .jfif, in any case, are
// samples; both may be symbolic links. Names that begin with a dot do not count. A link that leads nowhere is
// a file of 0 bytes: to read it will fail. with_files: false: the classes alone. Failure:
// TUFF_ERROR_NOT_FOUND, TUFF_ERROR_IO, TUFF_ERROR_MEMORY; nothing is left to free then.
TUFF_MUST_CHECK enum tuff_status tuff_folder_list_read(const struct tuff_log *log, const char *folder,
                                                       bool with_files, struct tuff_folder_list *list);
// Keeps those files that belong to one side of a division: of each class a fraction of the files for test, to
// the nearest number, but at least one and not all. Which ones is decided by the hash of their names.
// Failure: TUFF_ERROR_FORMAT for a class of one file, TUFF_ERROR_MEMORY.
TUFF_MUST_CHECK enum tuff_status tuff_folder_list_divide(const struct tuff_log *log, const char *folder,
                                                         double fraction, bool test,
                                                         struct tuff_folder_list *list);
void tuff_folder_list_free(struct tuff_folder_list *list);

#endif
