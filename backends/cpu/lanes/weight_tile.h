// Tile sizes of the convolution's weight gradient: outputs (dy's channels) times taps, each an accumulator.
#ifndef TUFF_CPU_LANES_WEIGHT_TILE_H
#define TUFF_CPU_LANES_WEIGHT_TILE_H

#include "lanes.h"

// A tile's taps come in groups, `span` neighbours in a row each. Kernels three wide take spans of three: then
// few places in x need an address of their own. Others take taps one by one. With 16 registers, a tile of as
// many accumulators as there is room for has more taps than a few channels have: these take tiles of more
// outputs.
#if LANES_WIDTH == 16
enum {
    WEIGHT_TILE_OUTPUTS = 4,
    WEIGHT_TILE_GROUPS = 6,
    WEIGHT_TILE_OUTPUTS_SPAN3 = 3,
    WEIGHT_TILE_GROUPS_SPAN3 = 3,
    WEIGHT_TILE_LONG_OUTPUTS = 4,
    WEIGHT_TILE_LONG_GROUPS = 6,
    WEIGHT_TILE_LONG_OUTPUTS_SPAN3 = 3,
    WEIGHT_TILE_LONG_GROUPS_SPAN3 = 3
};
#else
enum {
    WEIGHT_TILE_OUTPUTS = 3,
    WEIGHT_TILE_GROUPS = 3,
    WEIGHT_TILE_OUTPUTS_SPAN3 = 3,
    WEIGHT_TILE_GROUPS_SPAN3 = 1,
    WEIGHT_TILE_LONG_OUTPUTS = 2,
    WEIGHT_TILE_LONG_GROUPS = 6,
    WEIGHT_TILE_LONG_OUTPUTS_SPAN3 = 2,
    WEIGHT_TILE_LONG_GROUPS_SPAN3 = 2
};
#endif
enum { WEIGHT_TILE_MOST = 27 }; // accumulators of the largest tile

#endif
