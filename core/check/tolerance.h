// Tolerances for sums in float32, in any order.
//
// A sum of L terms, added in whatever order, is off by at most about L * u * sum|terms|, u = 2^-24; the
// errors of data without a pattern add up like a random walk, to about sqrt(L) * u * sum|terms| at worst. The
// tolerance is
//   (4 + 2*sqrt(L)) * u * sum|terms|
// where 4 covers the products, a bias and the rounding of the oracle's own result. sum|terms| is not guessed:
// the oracle runs the op on the absolute values of all inputs. With terms of at least a sixteenth of the
// greatest (draw_signed), a single term that is missing shows up to L of some ten thousand.
#ifndef TUFF_CONFORMANCE_TOLERANCE_H
#define TUFF_CONFORMANCE_TOLERANCE_H

#include <math.h>
#include <stdint.h>

#define TOLERANCE_U 0x1p-24 // half a unit in the last place of 1: the error of one rounding to float32

static inline void tolerance_of_sums(double length, const float *magnitude, uint64_t count, double *tolerance)
{
    const double factor = (4 + 2 * sqrt(length)) * TOLERANCE_U;
    for (uint64_t i = 0; i < count; i++)
        tolerance[i] = factor * (double)magnitude[i];
}

#endif
