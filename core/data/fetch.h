// Fetching the files of a set into a folder.
#ifndef TUFF_CORE_FETCH_H
#define TUFF_CORE_FETCH_H

#include "fetch_list.h"
#include "tuff/dataset.h"

// As tuff_dataset_fetch does it. set: options->mirrors come in place of its own, if given. folder is made if
// it is not there.
TUFF_MUST_CHECK enum tuff_status tuff_fetch_files(const struct tuff_log *log,
                                                  const struct tuff_fetch_set *set,
                                                  const struct tuff_fetch_options *options,
                                                  const char *folder);

#endif
