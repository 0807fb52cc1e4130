// The tile of a matrix product with one block of 16 samples: so many outputs share the load of an input.
#ifndef TUFF_CPU_LANES_PRODUCT_TILE_H
#define TUFF_CPU_LANES_PRODUCT_TILE_H

#include "lanes.h"

#if LANES_WIDTH == 16
enum { PRODUCT_OUTPUTS = 24 };
#elif LANES_WIDTH == 8
enum { PRODUCT_OUTPUTS = 6 };
#else
enum { PRODUCT_OUTPUTS = 2 };
#endif

#endif
