// Convolutions of many channels, with the batch in the lanes: weights packed in the order in which a tile
// reads them, images in a window that stays in the cache.
#include "axis.h"
#include "kernels.h"
#include "packed_tile.h"

LANES_INLINE void packed_row(const int outputs, const struct packed_taps *t, const float *x, const float *w,
                             const float *bias, float *y, ptrdiff_t count)
{
    const int wide = tile_positions(outputs);
    const ptrdiff_t parts = tile_parts(count, wide);
    for (ptrdiff_t part = 0, p = 0; part < parts; part++) {
        const ptrdiff_t end = tile_cut(count, parts, part + 1), here = end - p;
        const float *xp = x + p * t->x_position;
        float *yp = y + p * t->y_position;
        p = end;
        TILE_OF_POSITIONS(packed_compute, outputs, wide, here, t, xp, w, bias, yp);
    }
}

#define PACKED_ROW(n)                                                                                        \
    static void packed_row_##n(const struct packed_taps *t, const float *x, const float *w,                  \
                               const float *bias, float *y, ptrdiff_t count)                                 \
    {                                                                                                        \
        packed_row(n, t, x, w, bias, y, count);                                                              \
    }
PACKED_ROW(1)
PACKED_ROW(2)
#if LANES_WIDTH > 4
PACKED_ROW(3)
PACKED_ROW(4)
PACKED_ROW(5)
PACKED_ROW(6)
#endif

packed_row_function *const LANES_FN(packed_rows)[TILE_OUTPUTS + 1] = {
    NULL,         packed_row_1, packed_row_2,
#if LANES_WIDTH > 4
    packed_row_3, packed_row_4, packed_row_5, packed_row_6,
#endif
};

void LANES_FN(correlate_packed)(const struct lanes_packed_correlation *c, ptrdiff_t outputs,
                                const struct lanes_range *i_range, const struct lanes_range *k_range)
{
    const struct lanes_axis *rows = &c->rows, *columns = &c->columns;
    ptrdiff_t inner_begin, inner_end;
    axis_outputs_inside(columns, &inner_begin, &inner_end);
    if (inner_begin < k_range->begin)
        inner_begin = k_range->begin;
    if (inner_end > k_range->end)
        inner_end = k_range->end;
    struct packed_taps t = {
        .channels = c->channels,
        .x_channel = c->x_channel,
        .x_row = rows->in_tap_step * c->x_row,
        .x_column = columns->in_tap_step * LANES_BLOCK,
        .x_position = columns->in_step * LANES_BLOCK,
        .w_row = columns->tap_count * c->channels * outputs,
        .w_column = c->channels * outputs,
        .w_channel = outputs,
        .y_out = c->y_out,
        .y_position = columns->out_step * LANES_BLOCK,
        .adds = c->adds,
        .relu = c->relu,
    };
    packed_row_function *row = LANES_FN(packed_rows)[outputs];
    for (ptrdiff_t i = i_range->begin; i < i_range->end; i++) {
        ptrdiff_t r_begin, r_end;
        axis_taps_inside(rows, i, &r_begin, &r_end);
        t.rows = r_end - r_begin;
        const ptrdiff_t in_row = rows->in_first + rows->in_step * i + rows->in_tap_step * r_begin;
        const float *w = c->w + r_begin * t.w_row;
        float *y =
            c->y + (rows->out_first + rows->out_step * i) * c->y_row + columns->out_first * LANES_BLOCK;
        for (ptrdiff_t k = k_range->begin; k < k_range->end;) {
            ptrdiff_t s_begin = 0, s_end = columns->tap_count, run = inner_end - inner_begin;
            if (k != inner_begin || run <= 0) {
                axis_taps_inside(columns, k, &s_begin, &s_end);
                run = 1;
            }
            t.columns = s_end - s_begin;
            const ptrdiff_t in_column =
                columns->in_first + columns->in_step * k + columns->in_tap_step * s_begin;
            // A position without any tap inside reads nothing: its address may lie anywhere.
            const int reads = t.rows > 0 && t.columns > 0;
            row(&t, reads ? c->x + in_row * c->x_row + in_column * LANES_BLOCK : c->x,
                reads ? w + s_begin * t.w_column : c->w, c->bias, y + k * t.y_position, run);
            k += run;
        }
    }
}
