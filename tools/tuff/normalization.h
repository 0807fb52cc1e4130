// The normalization of images that --normalize auto finds, and the text of any for the files of a run.
#ifndef TUFF_TOOL_NORMALIZATION_H
#define TUFF_TOOL_NORMALIZATION_H

#include "tuff/augmentation.h"
#include "tuff/dataset.h"

struct normalization_text {
    char s[256];
};

// The figures of a data set, its pixels being from 0 to 1; a channel that is constant is only centred.
void normalization_measure(const struct tuff_dataset *set, struct tuff_augmentation *augmentation);
// The text that tuff_normalization_read reads back as the same numbers.
struct normalization_text normalization_write(uint32_t channels,
                                              const struct tuff_augmentation *augmentation);

#endif
