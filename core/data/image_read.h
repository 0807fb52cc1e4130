// Many image files at once, by several threads.
#ifndef TUFF_CORE_IMAGE_READ_H
#define TUFF_CORE_IMAGE_READ_H

#include <stdatomic.h>

#include "folder_list.h"
#include "image.h"
#include "tuff/dataset.h"

struct tuff_image_batch {
    const char *folder; // that the list was read from
    const struct tuff_folder_list *list;
    uint32_t channels, height, width; // what images become, each not 0
    bool as_they_are;                 // they must have that height and width, and are not scaled
    bool keep_channels;               // and that number of channels
    uint8_t *images; // (files,channels,height,width); what could not be read is left as it was
    char **reasons;  // (files), NULL at first; of malloc where an image could not be read
    bool *misfits;   // (files), false at first; true where it could, but is not as it must be
    atomic_bool unreadable; // false at first; true if a file could not be read, whatever is in it
};

// The first file of the list that can be decoded. *index: which one; file_count if none can be.
TUFF_MUST_CHECK enum tuff_status tuff_image_read_first(const struct tuff_log *log, const char *folder,
                                                       const struct tuff_folder_list *list, size_t *index,
                                                       uint32_t *channels, uint32_t *height, uint32_t *width);

// Reads all files of the list. options: threads, progress and user are used. What comes out does not depend
// on the number of threads. Failure: TUFF_ERROR_MEMORY, TUFF_ERROR_INTERRUPTED. An image that cannot be read
// is none.
TUFF_MUST_CHECK enum tuff_status tuff_image_read_all(const struct tuff_log *log,
                                                     struct tuff_image_batch *batch,
                                                     const struct tuff_dataset_options *options);

#endif
