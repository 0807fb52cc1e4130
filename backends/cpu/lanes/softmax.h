// What softmax is made of, for one block with a sample per lane.
#ifndef TUFF_CPU_LANES_SOFTMAX_H
#define TUFF_CPU_LANES_SOFTMAX_H

#include "lanes.h"

// e^x for x <= 0, within about one unit in the last place; 0 below -87.3, where the result leaves the normal
// numbers; NaN stays NaN. x = n*log(2) + r with |r| <= log(2)/2, and e^r by its Taylor series: the first term
// left out, r^8/8!, is below 2^-27.
LANES_INLINE vf exp_of_negative(vf x)
{
    const vm in_range = v_greater(x, v_splat(-87.3f));
    const vf t = v_keep(in_range, x); // keeps the conversion below within int
    const vi n =
        __builtin_convertvector(t * v_splat(1.44269504f) - v_splat(0.5f), vi); // towards zero: rounds
    const vf whole = __builtin_convertvector(n, vf);
    // log(2) in two parts; the first has so few bits that n times it is exact.
    const vf r = (t - whole * v_splat(0.693145752f)) - whole * v_splat(1.42860682e-6f);
    vf series = v_splat(1.0f / 5040.0f);
    series = series * r + v_splat(1.0f / 720.0f);
    series = series * r + v_splat(1.0f / 120.0f);
    series = series * r + v_splat(1.0f / 24.0f);
    series = series * r + v_splat(1.0f / 6.0f);
    series = series * r + v_splat(0.5f);
    series = series * r + v_splat(1.0f);
    series = series * r + v_splat(1.0f);
    const vf power = (vf)((n + 127) << 23);
    return v_select(v_is_number(x), v_keep(in_range, series * power), x);
}

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
