// Central differences of the oracle's forward ops, for tests of its gradients.
#ifndef TUFF_CONFORMANCE_ORACLE_DIFFERENCE_H
#define TUFF_CONFORMANCE_ORACLE_DIFFERENCE_H

#include "oracle_fixture.h"

// sum of weights * output 0
static inline double oracle_loss(const struct case_setup *forward, const float *weights)
{
    void *outputs[TUFF_OP_MAX_TENSORS];
    double loss = 0;
    oracle_run(forward, outputs);
    const float *y = outputs[0];
    for (uint64_t i = 0; i < case_stored(forward, 0); i++)
        loss += (double)weights[i] * (double)y[i];
    oracle_free(outputs);
    return loss;
}

// d loss / d input[element], with a step of h, which must be exactly representable beside the input.
static inline double oracle_difference(struct case_setup *forward, uint32_t input, uint64_t element, float h,
                                       const float *weights)
{
    float *x = &case_floats(forward, input)[element];
    const float before = *x;
    *x = before + h;
    const double above = oracle_loss(forward, weights);
    *x = before - h;
    const double below = oracle_loss(forward, weights);
    *x = before;
    return (above - below) / (2 * (double)h);
}

#endif
