// Tile sizes of the outer product: rows of dw times vectors along a row, each an accumulator.
#ifndef TUFF_CPU_LANES_OUTER_TILE_H
#define TUFF_CPU_LANES_OUTER_TILE_H

#include "lanes.h"

#if LANES_WIDTH == 16
enum { OUTER_TILE_OUTPUTS = 4, OUTER_TILE_VECTORS = 6 };
#elif LANES_WIDTH == 8
enum { OUTER_TILE_OUTPUTS = 6, OUTER_TILE_VECTORS = 2 };
#else
enum { OUTER_TILE_OUTPUTS = 4, OUTER_TILE_VECTORS = 2 };
#endif

#endif
