// Tile size of the convolution with pooling: outputs, each with the four elements of a window.
#ifndef TUFF_CPU_LANES_POOLED_TILE_H
#define TUFF_CPU_LANES_POOLED_TILE_H

#include "lanes.h"

// Four accumulators an output, a register for each output's weight and one for x.
#if LANES_WIDTH == 16
enum { POOLED_OUTPUTS = 6 };
#else
enum { POOLED_OUTPUTS = 3 };
#endif

#endif
