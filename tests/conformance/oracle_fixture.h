// For tests of the oracle itself: one op at a time, with literal tensors.
#ifndef TUFF_CONFORMANCE_ORACLE_FIXTURE_H
#define TUFF_CONFORMANCE_ORACLE_FIXTURE_H

#include "backend/target.h"

#include "setup.h"

// The reference backend, opened for each test; any failure fails the test.
extern struct tuff_target *oracle_target;
void oracle_open(void);
void oracle_close(void);

// Begins a call of `op` in row-major order. params: the op's, or NULL.
void oracle_begin(struct case_setup *call, enum tuff_op op, const void *params);
// Describes tensor `index`, of the dtype that the op wants; a rank of up to 4, dims ending with a 0 if fewer.
void oracle_shape(struct case_setup *call, uint32_t index, const uint32_t dims[TUFF_MAX_RANK]);
// Allocates inputs; after all shapes.
void oracle_allocate(struct case_setup *call);
// Copies words or floats into an input.
void oracle_set(struct case_setup *call, uint32_t index, const void *values);
// Runs the op; outputs (freed by oracle_free) are row-major.
void oracle_run(const struct case_setup *call, void *outputs[TUFF_OP_MAX_TENSORS]);
void oracle_free(void *outputs[TUFF_OP_MAX_TENSORS]);

// Multiples of 1/8 from -1 to 1 without zero: sums of their products are exact in float32.
void oracle_fill_eighths(struct case_setup *call, uint32_t index, uint32_t stream);

// d loss / d input[element] for loss = sum of weights * output 0, by two central differences with steps h and
// 2h that are extrapolated to a step of zero (Richardson).
double oracle_slope(struct case_setup *forward, uint32_t input, uint64_t element, float h,
                    const float *weights);

#endif
