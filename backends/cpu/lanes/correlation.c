// Convolutions by direct correlation, with the batch in the lanes.
//
// Forward and backward-input are one loop nest: both correlate an image with taps and differ only in how
// output positions, taps and input positions relate, which the axes say. Output columns whose taps all lie
// inside of the image go through the tile as one run; those at the edges go one by one, with the taps that
// lie inside.
#include "axis.h"
#include "kernels.h"
#include "tile.h"

#define TILE_ROW(n)                                                                                          \
    static void tile_row_##n(const struct tile_taps *t, const float *x, const float *w, const float *bias,   \
                             float *y, ptrdiff_t count)                                                      \
    {                                                                                                        \
        tile_row(n, t, x, w, bias, y, count);                                                                \
    }
TILE_ROW(1)
TILE_ROW(2)
#if LANES_WIDTH > 4
TILE_ROW(3)
TILE_ROW(4)
TILE_ROW(5)
TILE_ROW(6)
#endif

tile_row_function *const LANES_FN(tile_rows)[TILE_OUTPUTS + 1] = {
    NULL,       tile_row_1, tile_row_2,
#if LANES_WIDTH > 4
    tile_row_3, tile_row_4, tile_row_5, tile_row_6,
#endif
};

// The same taps with the longer loops inside: at an edge of the image a row may have a single tap left, and a
// 1 x 1 kernel never has more.
static struct tile_taps longer_inside(struct tile_taps t)
{
    if (t.columns < t.rows) {
        const struct tile_taps from = t;
        t.rows = from.columns;
        t.x_row = from.x_column;
        t.w_row = from.w_column;
        t.columns = from.rows;
        t.x_column = from.x_row;
        t.w_column = from.w_row;
    }
    if (t.columns == 1) {
        t.columns = t.channels;
        t.x_column = t.x_channel;
        t.w_column = t.w_channel;
        t.channels = 1;
    }
    return t;
}

void LANES_FN(correlate)(const struct lanes_correlation *c, ptrdiff_t o_begin, ptrdiff_t o_end,
                         ptrdiff_t i_begin, ptrdiff_t i_end)
{
    const struct lanes_axis *rows = &c->rows, *columns = &c->columns;
    ptrdiff_t inner_begin, inner_end;
    axis_outputs_inside(columns, &inner_begin, &inner_end);
    struct tile_taps t = {
        .channels = c->channels,
        .x_channel = c->x_channel,
        .x_row = rows->in_tap_step * c->x_row,
        .x_column = columns->in_tap_step * LANES_BLOCK,
        .x_position = columns->in_step * LANES_BLOCK,
        .w_channel = c->w_channel,
        .w_row = rows->tap_step * c->w_row,
        .w_column = columns->tap_step,
        .w_out = c->w_out,
        .y_out = c->y_out,
        .y_position = columns->out_step * LANES_BLOCK,
        .relu = c->relu,
    };
    const ptrdiff_t parts = tile_parts(o_end - o_begin, TILE_OUTPUTS);
    for (ptrdiff_t part = 0; part < parts; part++) {
        const ptrdiff_t o = o_begin + tile_cut(o_end - o_begin, parts, part);
        tile_row_function *row =
            LANES_FN(tile_rows)[o_begin + tile_cut(o_end - o_begin, parts, part + 1) - o];
        const float *bias = c->bias ? c->bias + o : NULL;
        for (ptrdiff_t i = i_begin; i < i_end; i++) {
            ptrdiff_t r_begin, r_end;
            axis_taps_inside(rows, i, &r_begin, &r_end);
            t.rows = r_end - r_begin;
            const ptrdiff_t in_row = rows->in_first + rows->in_step * i + rows->in_tap_step * r_begin;
            const ptrdiff_t w_at =
                o * c->w_out + (rows->tap_first + rows->tap_step * r_begin) * c->w_row + columns->tap_first;
            float *y = c->y + (o * c->y_out + (rows->out_first + rows->out_step * i) * c->y_row +
                               columns->out_first * LANES_BLOCK - c->y_begin);
            for (ptrdiff_t k = 0; k < columns->out_count;) {
                ptrdiff_t s_begin = 0, s_end = columns->tap_count, run = inner_end - inner_begin;
                if (k != inner_begin || run == 0) {
                    axis_taps_inside(columns, k, &s_begin, &s_end);
                    run = 1;
                }
                t.columns = s_end - s_begin;
                const ptrdiff_t in_column =
                    columns->in_first + columns->in_step * k + columns->in_tap_step * s_begin;
                // A position without any tap inside reads nothing, and its place may lie anywhere.
                const int reads = t.rows > 0 && t.columns > 0;
                const struct tile_taps ordered = longer_inside(t);
                row(&ordered, reads ? c->x + (in_row * c->x_row + in_column * LANES_BLOCK) : c->x,
                    reads ? c->w + (w_at + s_begin * columns->tap_step) : c->w, bias, y + k * t.y_position,
                    run);
                k += run;
            }
        }
    }
}
