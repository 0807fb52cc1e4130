// Figures of a data set.
#ifndef TUFF_STATISTICS_H
#define TUFF_STATISTICS_H

#include "dataset.h"

#ifdef __cplusplus
extern "C" {
#endif

// Mean and standard deviation (of the whole set: divided by the number of pixels) of each channel, of pixels
// from 0 to
// 1. The sums are exact, so the figures are the same everywhere; a channel that is constant has deviation 0.
//
// mean, deviation: (channels).
TUFF_API void tuff_dataset_statistics(const struct tuff_dataset *dataset, double *mean, double *deviation);

#ifdef __cplusplus
}
#endif
#endif
