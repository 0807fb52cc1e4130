// The register tile that convolutions and matrix products are made of: a few outputs times a few positions,
// each position a vector of batch lanes, each weight one broadcast.
#ifndef TUFF_CPU_LANES_TILE_H
#define TUFF_CPU_LANES_TILE_H

#include "lanes.h"
#include "table.h"

// Accumulators fill the register file, less the inputs of one tap and a weight. With 16 registers a position
// is several vectors already, and few outputs leave room for several.
#if LANES_WIDTH == 16
enum { TILE_OUTPUTS = 6, TILE_POSITIONS = 8 };
#elif LANES_WIDTH == 8
enum { TILE_OUTPUTS = 6, TILE_POSITIONS = 6 };
#else
enum { TILE_OUTPUTS = 2, TILE_POSITIONS = 3 };
#endif

// Positions that so many outputs leave registers for.
LANES_INLINE int tile_positions(int outputs)
{
    if (LANES_PARTS == 1)
        return outputs <= 2 ? 8 : outputs <= 4 ? 6 : 4;
    const int wide = outputs == 1 ? 12 / LANES_PARTS : outputs == 2 ? 6 / LANES_PARTS : 1;
    return wide > 1 ? wide : 1;
}

// The products of one tap: sum[o][p] += w[o * w_out] * x[p * x_position]. Of few outputs the weights are kept
// in registers, else the inputs.
LANES_INLINE void tile_multiply(const int outputs, const int positions, const float *x, ptrdiff_t x_position,
                                const float *w, ptrdiff_t w_out,
                                vf sum[TILE_OUTPUTS][TILE_POSITIONS][LANES_PARTS])
{
    if (LANES_PARTS > 1 && positions > 1) {
        vf weight[TILE_OUTPUTS];
        LANES_UNROLL
        for (int o = 0; o < outputs; o++)
            weight[o] = v_hold(v_splat(w[o * w_out]));
        LANES_UNROLL
        for (int p = 0; p < positions; p++) {
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++) {
                const vf in = v_hold(v_load(x + h * LANES_WIDTH));
                LANES_UNROLL
                for (int o = 0; o < outputs; o++)
                    sum[o][p][h] += weight[o] * in;
            }
            x = hold_pointer(x + x_position);
        }
        return;
    }
    vf in[TILE_POSITIONS][LANES_PARTS];
    LANES_UNROLL
    for (int p = 0; p < positions; p++) {
        LANES_UNROLL
        for (int h = 0; h < LANES_PARTS; h++)
            in[p][h] = v_hold(v_load(x + h * LANES_WIDTH));
        x = hold_pointer(x + x_position);
    }
    LANES_UNROLL
    for (int o = 0; o < outputs; o++) {
        const vf weight = v_hold(v_splat(*w));
        w = __builtin_constant_p(w_out) ? w + w_out : hold_pointer(w + w_out);
        LANES_UNROLL
        for (int p = 0; p < positions; p++) {
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++)
                sum[o][p][h] += weight * in[p][h];
        }
    }
}

LANES_INLINE void tile_relu(const int outputs, const int positions,
                            vf sum[TILE_OUTPUTS][TILE_POSITIONS][LANES_PARTS])
{
    LANES_UNROLL
    for (int o = 0; o < outputs; o++) {
        LANES_UNROLL
        for (int p = 0; p < positions; p++) {
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++)
                sum[o][p][h] = v_relu(sum[o][p][h]);
        }
    }
}

// What is summed over: channels x rows x columns of taps; strides of input and weight along them, and from
// one position or output to the next.
struct tile_taps {
    ptrdiff_t channels, rows, columns;
    ptrdiff_t x_channel, x_row, x_column, x_position;
    ptrdiff_t w_channel, w_row, w_column, w_out;
    ptrdiff_t y_out, y_position;
    int relu; // of the sums
};

// y[o, p] = bias[o] + sum of x * w, or its ReLU, for `outputs` x `positions`, both constants where this is
// inlined.
LANES_INLINE void tile_compute(const int outputs, const int positions, const struct tile_taps *t,
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
    const ptrdiff_t x_column = t->x_column, x_position = t->x_position, x_row = t->x_row;
    const ptrdiff_t w_column = t->w_column, w_out = t->w_out, w_row = t->w_row;
    const ptrdiff_t rows = t->rows, columns = t->columns;
    for (ptrdiff_t c = 0; c < t->channels; c++) {
        const float *x_first = x, *w_first = w;
        for (ptrdiff_t r = 0; r < rows; r++) {
            const float *xt = x_first, *wt = w_first;
            for (ptrdiff_t s = 0; s < columns; s++) {
                tile_multiply(outputs, positions, xt, x_position, wt, w_out, sum);
                xt += x_column;
                wt += w_column;
            }
            x_first += x_row;
            w_first += w_row;
        }
        x += t->x_channel;
        w += t->w_channel;
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

// Part `index` of `total` cut into `parts` parts that differ by one at most: where it begins.
LANES_INLINE ptrdiff_t tile_cut(ptrdiff_t total, ptrdiff_t parts, ptrdiff_t index)
{
    return total / parts * index + (index < total % parts ? index : total % parts);
}

LANES_INLINE ptrdiff_t tile_parts(ptrdiff_t total, ptrdiff_t most)
{
    return (total + most - 1) / most;
}

// compute(outputs, here, …) with `here`, 1 to `wide`, as the constant that the tile's function is inlined
// for.
#define TILE_OF_POSITIONS(compute, outputs, wide, here, ...)                                                 \
    do {                                                                                                     \
        if ((wide) >= 8 && (here) == 8)                                                                      \
            compute(outputs, 8, __VA_ARGS__);                                                                \
        else if ((wide) >= 7 && (here) == 7)                                                                 \
            compute(outputs, 7, __VA_ARGS__);                                                                \
        else if ((wide) >= 6 && (here) == 6)                                                                 \
            compute(outputs, 6, __VA_ARGS__);                                                                \
        else if ((wide) >= 5 && (here) == 5)                                                                 \
            compute(outputs, 5, __VA_ARGS__);                                                                \
        else if ((wide) >= 4 && (here) == 4)                                                                 \
            compute(outputs, 4, __VA_ARGS__);                                                                \
        else if ((wide) >= 3 && (here) == 3)                                                                 \
            compute(outputs, 3, __VA_ARGS__);                                                                \
        else if ((wide) >= 2 && (here) == 2)                                                                 \
            compute(outputs, 2, __VA_ARGS__);                                                                \
        else                                                                                                 \
            compute(outputs, 1, __VA_ARGS__);                                                                \
    } while (0)

// `count` positions, for `outputs` outputs, in tiles of about the same size: a small one at the end would
// have too few accumulators to hide the latency of a multiply-add.
LANES_INLINE void tile_row(const int outputs, const struct tile_taps *t, const float *x, const float *w,
                           const float *bias, float *y, ptrdiff_t count)
{
    const int wide = tile_positions(outputs);
    const ptrdiff_t parts = tile_parts(count, wide);
    for (ptrdiff_t part = 0, p = 0; part < parts; part++) {
        const ptrdiff_t end = tile_cut(count, parts, part + 1), here = end - p;
        const float *xp = x + p * t->x_position;
        float *yp = y + p * t->y_position;
        p = end;
        TILE_OF_POSITIONS(tile_compute, outputs, wide, here, t, xp, w, bias, yp);
    }
}

typedef void tile_row_function(const struct tile_taps *t, const float *x, const float *w, const float *bias,
                               float *y, ptrdiff_t count);

// tile_row for each number of outputs, 1 to TILE_OUTPUTS; in correlation.c.
extern tile_row_function *const LANES_FN(tile_rows)[TILE_OUTPUTS + 1];

#endif
