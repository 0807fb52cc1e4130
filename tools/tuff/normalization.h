// The normalization of images, as the command line and the files of a run have it: "auto", or means and
// deviations of the channels, "0.4914,0.4822,0.4465/0.247,0.2435,0.2616".
#ifndef TUFF_TOOL_NORMALIZATION_H
#define TUFF_TOOL_NORMALIZATION_H

#include <stdbool.h>

#include "tuff/augmentation.h"
#include "tuff/dataset.h"

struct normalization_text {
    char s[256];
};

// Sets augmentation's mean and deviation for images of `channels`. Shows an error: `where` had the text.
bool normalization_read(const char *where, const char *text, uint32_t channels,
                        struct tuff_augmentation *augmentation);
// The figures of a data set, its pixels being from 0 to 1; a channel that is constant is only centred.
void normalization_measure(const struct tuff_dataset *set, struct tuff_augmentation *augmentation);
// The text that reads back as the same numbers.
struct normalization_text normalization_write(uint32_t channels,
                                              const struct tuff_augmentation *augmentation);

#endif
