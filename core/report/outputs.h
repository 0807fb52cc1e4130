// What scores and misses both ask of a model's outputs.
#ifndef TUFF_CORE_OUTPUTS_H
#define TUFF_CORE_OUTPUTS_H

#include "tuff/scores.h"

// Whether there are samples and classes, and every label is a class.
TUFF_MUST_CHECK enum tuff_status tuff_outputs_check(const struct tuff_log *log, const uint32_t *labels,
                                                    uint32_t count, uint32_t classes);

// tuff_softmax's entry of one class.
double tuff_probability(const float *logits, uint32_t classes, uint32_t class);

#endif
