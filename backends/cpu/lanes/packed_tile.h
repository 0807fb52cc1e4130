// The register tile over packed weights: those of a tile's outputs lie side by side, one such group after the
// other in the order in which they are read.
#ifndef TUFF_CPU_LANES_PACKED_TILE_H
#define TUFF_CPU_LANES_PACKED_TILE_H

#include "lanes.h"
#include "table.h"
#include "tile.h"

// What is summed over: rows x columns of taps, each over all channels, innermost.
struct packed_taps {
    ptrdiff_t rows, columns, channels;
    ptrdiff_t x_row, x_column, x_channel, x_position;
    ptrdiff_t w_row, w_column, w_channel;
    ptrdiff_t y_out, y_position;
    int adds; // to what y holds
    int relu; // of what y then holds
};

// y[o, p] = (y[o, p] or bias[o]) + sum of x * w, or its ReLU, for `outputs` x `positions`, both constants
// where this is inlined.
LANES_INLINE void packed_compute(const int outputs, const int positions, const struct packed_taps *t,
                                 const float *x, const float *w, const float *bias, float *y)
{
    vf sum[TILE_OUTPUTS][TILE_POSITIONS][LANES_PARTS];
    LANES_UNROLL
    for (int o = 0; o < outputs; o++) {
        const vf start = bias ? v_splat(bias[o]) : v_zero();
        LANES_UNROLL
        for (int p = 0; p < positions; p++) {
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++)
                sum[o][p][h] = start;
        }
    }
    const ptrdiff_t x_position = t->x_position, x_channel = t->x_channel, w_channel = t->w_channel;
    for (ptrdiff_t r = 0; r < t->rows; r++) {
        for (ptrdiff_t s = 0; s < t->columns; s++) {
            const float *xt = x + r * t->x_row + s * t->x_column;
            const float *wt = w + r * t->w_row + s * t->w_column;
            const float *const end = wt + t->channels * w_channel;
            for (; wt != end; wt += w_channel) {
                tile_multiply(outputs, positions, xt, x_position, wt, 1, sum);
                xt += x_channel;
            }
        }
    }
    if (t->adds) {
        LANES_UNROLL
        for (int o = 0; o < outputs; o++) {
            LANES_UNROLL
            for (int p = 0; p < positions; p++) {
                LANES_UNROLL
                for (int h = 0; h < LANES_PARTS; h++)
                    sum[o][p][h] += v_load(y + o * t->y_out + p * t->y_position + h * LANES_WIDTH);
            }
        }
    }
    if (t->relu)
        tile_relu(outputs, positions, sum);
    LANES_UNROLL
    for (int o = 0; o < outputs; o++) {
        LANES_UNROLL
        for (int p = 0; p < positions; p++) {
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++)
                v_store(y + o * t->y_out + p * t->y_position + h * LANES_WIDTH, sum[o][p][h]);
        }
    }
}

typedef void packed_row_function(const struct packed_taps *t, const float *x, const float *w,
                                 const float *bias, float *y, ptrdiff_t count);

// packed_compute for `count` positions, for each number of outputs, 1 to TILE_OUTPUTS; in
// packed_correlation.c.
extern packed_row_function *const LANES_FN(packed_rows)[TILE_OUTPUTS + 1];

#endif
