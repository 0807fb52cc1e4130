// The exponential function on lanes.
#ifndef TUFF_CPU_LANES_EXPONENTIAL_H
#define TUFF_CPU_LANES_EXPONENTIAL_H

#include "lanes.h"

// e^(x + c) for x <= 0 and a small c, |c| <= 0.05, that x has no room for: within about one unit in the last
// place; 0 for x below -87.3, where the result leaves the normal numbers; NaN stays NaN. x = n*log(2) + r
// with |r| <= log(2)/2, and e^r by its Taylor series: the first term left out, r^8/8!, is below 2^-27.
LANES_INLINE vf exp_of_negative_sum(vf x, vf c)
{
    const vm in_range = v_greater(x, v_splat(-87.3f));
    const vf t = v_keep(in_range, x); // keeps the conversion below within int
    const vi n =
        __builtin_convertvector(t * v_splat(1.44269504f) - v_splat(0.5f), vi); // towards zero: rounds
    const vf whole = __builtin_convertvector(n, vf);
    // log(2) in two parts; the first has so few bits that n times it is exact.
    const vf r = (t - whole * v_splat(0.693145752f)) - whole * v_splat(1.42860682e-6f) + c;
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

LANES_INLINE vf exp_of_negative(vf x)
{
    return exp_of_negative_sum(x, v_zero());
}

#endif
