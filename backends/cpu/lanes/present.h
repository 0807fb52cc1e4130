// Which floats of a run are there, where the lanes of a block are samples and some of them are absent.
#ifndef TUFF_CPU_LANES_PRESENT_H
#define TUFF_CPU_LANES_PRESENT_H

#include "lanes.h"

// Runs are worked through in steps of four vectors, which is a whole number of blocks with any width.
enum { PRESENT_STEP = 4 * LANES_WIDTH };

// Of vector q of a step, q from 0 to 3: the lanes below `present` of each block of 16.
LANES_INLINE vm present_lanes(uint32_t present, int q)
{
    float there[LANES_WIDTH];
    for (int lane = 0; lane < LANES_WIDTH; lane++)
        there[lane] = (uint32_t)((q * LANES_WIDTH + lane) % LANES_BLOCK) < present ? 1.0f : 0.0f;
    return v_greater(v_load(there), v_zero());
}

// The first `count` lanes of a vector; all of them from LANES_WIDTH on.
LANES_INLINE vm first_lanes(size_t count)
{
    float there[LANES_WIDTH];
    for (int lane = 0; lane < LANES_WIDTH; lane++)
        there[lane] = (size_t)lane < count ? 1.0f : 0.0f;
    return v_greater(v_load(there), v_zero());
}

// How many of `count` floats are there.
LANES_INLINE size_t present_count(size_t count, uint32_t present)
{
    return present < LANES_BLOCK ? count / LANES_BLOCK * present : count;
}

#endif
