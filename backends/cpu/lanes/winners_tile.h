// The register tile that both gradients from winners are made of.
#ifndef TUFF_CPU_LANES_WINNERS_TILE_H
#define TUFF_CPU_LANES_WINNERS_TILE_H

#include "half.h"

// Adds to rows x vectors, `to_row` apart, the sum over `count` entries of gradient * from[place …], rows
// `row` apart.
typedef void winners_tile_function(const int32_t *places, const float *gradients, ptrdiff_t count,
                                   const float *from, ptrdiff_t row, float *to, ptrdiff_t to_row);

extern winners_tile_function *const LANES_FN(winners_tiles)[HALF_TILE_ROWS + 1][HALF_TILE_MOST + 1];

#endif
