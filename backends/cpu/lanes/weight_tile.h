// Tile sizes of the convolution's weight gradient: outputs (dy's channels) times taps, each an accumulator.
#ifndef TUFF_CPU_LANES_WEIGHT_TILE_H
#define TUFF_CPU_LANES_WEIGHT_TILE_H

#include "lanes.h"

// A tile's taps come in groups, `span` neighbours in a row each. Kernels three wide take spans of three: then
// few places in x need an address of their own, and a 3 x 3 kernel is one tile. Others take taps one by one.
#if LANES_WIDTH == 16
enum {
    WEIGHT_TILE_OUTPUTS = 4,
    WEIGHT_TILE_GROUPS = 6,
    WEIGHT_TILE_OUTPUTS_SPAN3 = 3,
    WEIGHT_TILE_GROUPS_SPAN3 = 3
};
#else
enum {
    WEIGHT_TILE_OUTPUTS = 3,
    WEIGHT_TILE_GROUPS = 3,
    WEIGHT_TILE_OUTPUTS_SPAN3 = 3,
    WEIGHT_TILE_GROUPS_SPAN3 = 1
};
#endif
enum { WEIGHT_TILE_MOST = 27 }; // accumulators of the largest tile

#endif
