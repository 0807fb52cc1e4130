// Which taps and outputs of a correlation's axis lie inside of the image.
#ifndef TUFF_CPU_LANES_AXIS_H
#define TUFF_CPU_LANES_AXIS_H

#include "lanes.h"
#include "table.h"

// The taps [*begin, *end) of output i that lie inside of the image. They are contiguous: the input index is
// monotonic in the tap.
LANES_INLINE void axis_taps_inside(const struct lanes_axis *a, ptrdiff_t i, ptrdiff_t *begin, ptrdiff_t *end)
{
    ptrdiff_t in = a->in_first + a->in_step * i;
    ptrdiff_t j = 0;
    while (j < a->tap_count && (in < 0 || in >= a->in_size)) {
        in += a->in_tap_step;
        j++;
    }
    *begin = j;
    while (j < a->tap_count && in >= 0 && in < a->in_size) {
        in += a->in_tap_step;
        j++;
    }
    *end = j;
}

// The outputs [*begin, *end) all of whose taps lie inside.
LANES_INLINE void axis_outputs_inside(const struct lanes_axis *a, ptrdiff_t *begin, ptrdiff_t *end)
{
    if (a->tap_count == 0) {
        *begin = 0;
        *end = a->out_count;
        return;
    }
    const ptrdiff_t reach = a->in_tap_step * (a->tap_count - 1);
    const ptrdiff_t low = a->in_first + (reach < 0 ? reach : 0);
    const ptrdiff_t high = a->in_first + (reach > 0 ? reach : 0);
    ptrdiff_t i = 0;
    while (i < a->out_count && low + a->in_step * i < 0)
        i++;
    *begin = i;
    while (i < a->out_count && high + a->in_step * i < a->in_size)
        i++;
    *end = i;
}

#endif
