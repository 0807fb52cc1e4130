// The normalization of images as text: means and deviations of the channels,
// "0.4914,0.4822,0.4465/0.247,0.2435,0.2616".
#ifndef TUFF_CORE_NORMALIZATION_H
#define TUFF_CORE_NORMALIZATION_H

#include "tuff/augmentation.h"

// Sets augmentation's mean and deviation for images of `channels`. where: what has the text, for the message;
// there the text may also be "auto", which is not for this function.
TUFF_MUST_CHECK enum tuff_status tuff_normalization_read(const struct tuff_log *log, const char *where,
                                                         const char *text, uint32_t channels,
                                                         struct tuff_augmentation *augmentation);

#endif
