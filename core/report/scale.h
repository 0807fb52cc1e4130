// The ticks of an axis.
#ifndef TUFF_CORE_SCALE_H
#define TUFF_CORE_SCALE_H

#include <stdbool.h>
#include <stdint.h>

enum { TUFF_MAX_TICKS = 12 };

struct tuff_scale {
    bool logarithmic;
    double low, high; // what the axis spans
    double from, to;  // where these lie in the figure
    uint32_t tick_count;
    double ticks[TUFF_MAX_TICKS];
    double step; // between ticks; 0 on a logarithmic scale
};

// Ticks at 1, 2 or 5 times a power of ten, about `wanted` of them, at least two, that cover low to high.
// whole: no fractions. low may equal high.
void tuff_scale_linear(struct tuff_scale *scale, double low, double high, uint32_t wanted, bool whole);
// Ticks at powers of ten. 0 < low.
void tuff_scale_logarithmic(struct tuff_scale *scale, double low, double high);

double tuff_scale_place(const struct tuff_scale *scale, double value);

#endif
