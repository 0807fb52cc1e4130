// What softmax is made of, for one block with a sample per lane.
#ifndef TUFF_CPU_LANES_SOFTMAX_H
#define TUFF_CPU_LANES_SOFTMAX_H

#include "exponential.h"
#include "lanes.h"

// The greatest of each lane; NaN if one is.
LANES_INLINE vf greatest(const float *logits, ptrdiff_t classes)
{
    vf best = v_load(logits);
    for (ptrdiff_t k = 1; k < classes; k++) {
        const vf z = v_load(logits + k * LANES_BLOCK);
        best = v_select(v_and(v_not_at_most(z, best), v_is_number(best)), z, best);
    }
    return best;
}

LANES_INLINE vf sum_of_exponentials(const float *logits, ptrdiff_t classes, vf best)
{
    vf sum = v_zero();
    for (ptrdiff_t k = 0; k < classes; k++)
        sum += exp_of_negative(v_load(logits + k * LANES_BLOCK) - best);
    return sum;
}

#endif
