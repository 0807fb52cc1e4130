// Max pooling with the batch in the lanes, one channel of one block.
#include "kernels.h"
#include "lanes.h"

// Takes x where it beats the best so far: greater, or the first NaN.
LANES_INLINE void take_greater(vf *best, vu *where, vf x, vu place)
{
    const vm beats = v_and(v_not_at_most(x, *best), v_is_number(*best));
    *best = v_select(beats, x, *best);
    *where = v_select_u32(beats, place, *where);
}

static void forward_2x2(const struct lanes_pool *p, const float *x, float *y, uint32_t *index)
{
    const uint32_t width = (uint32_t)p->width;
    for (ptrdiff_t oh = 0; oh < p->out_h; oh++) {
        const float *top = x + 2 * oh * p->width * LANES_BLOCK;
        const float *bottom = top + p->width * LANES_BLOCK;
        uint32_t place = 2 * (uint32_t)oh * width;
        for (ptrdiff_t ow = 0; ow < p->out_w; ow++) {
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++) {
                vf best = v_load(top + h * LANES_WIDTH);
                vu where = v_splat_u32(place);
                take_greater(&best, &where, v_load(top + LANES_BLOCK + h * LANES_WIDTH),
                             v_splat_u32(place + 1));
                take_greater(&best, &where, v_load(bottom + h * LANES_WIDTH), v_splat_u32(place + width));
                take_greater(&best, &where, v_load(bottom + LANES_BLOCK + h * LANES_WIDTH),
                             v_splat_u32(place + width + 1));
                v_store(y + h * LANES_WIDTH, best);
                v_store_u32(index + h * LANES_WIDTH, where);
            }
            top += 2 * LANES_BLOCK;
            bottom += 2 * LANES_BLOCK;
            place += 2;
            y += LANES_BLOCK;
            index += LANES_BLOCK;
        }
    }
}

// The taps [*begin, *end) of a window that starts at `first` and lie within [0, size).
LANES_INLINE void window_inside(ptrdiff_t first, ptrdiff_t dilation, ptrdiff_t kernel, ptrdiff_t size,
                                ptrdiff_t *begin, ptrdiff_t *end)
{
    *begin = first < 0 ? (-first + dilation - 1) / dilation : 0;
    *end = first >= size ? 0 : (size - 1 - first) / dilation + 1;
    if (*end > kernel)
        *end = kernel;
}

// One output of a window whose first tap inside of the image is element `start`; `rows` x `columns` of them
// are.
LANES_INLINE void forward_window(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t row_step, ptrdiff_t column_step,
                                 ptrdiff_t start, const float *x, float *y, uint32_t *index)
{
    vf best[LANES_PARTS];
    vu where[LANES_PARTS];
    LANES_UNROLL
    for (int h = 0; h < LANES_PARTS; h++) {
        best[h] = v_load(x + start * LANES_BLOCK + h * LANES_WIDTH);
        where[h] = v_splat_u32((uint32_t)start);
    }
    for (ptrdiff_t r = 0; r < rows; r++) {
        for (ptrdiff_t s = r == 0; s < columns; s++) {
            const ptrdiff_t place = start + r * row_step + s * column_step;
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++)
                take_greater(&best[h], &where[h], v_load(x + place * LANES_BLOCK + h * LANES_WIDTH),
                             v_splat_u32((uint32_t)place));
        }
    }
    LANES_UNROLL
    for (int h = 0; h < LANES_PARTS; h++) {
        v_store(y + h * LANES_WIDTH, best[h]);
        v_store_u32(index + h * LANES_WIDTH, where[h]);
    }
}

// The same with the commonest sizes as constants: then the loops are unrolled.
LANES_INLINE void forward_any_window(ptrdiff_t rows, ptrdiff_t columns, ptrdiff_t row_step,
                                     ptrdiff_t column_step, ptrdiff_t start, const float *x, float *y,
                                     uint32_t *index)
{
    if (rows == 3 && columns == 3)
        forward_window(3, 3, row_step, column_step, start, x, y, index);
    else if (rows == 2 && columns == 2)
        forward_window(2, 2, row_step, column_step, start, x, y, index);
    else
        forward_window(rows, columns, row_step, column_step, start, x, y, index);
}

void LANES_FN(max_pool_forward)(const struct lanes_pool *p, const float *x, float *y, uint32_t *index)
{
    if (p->kernel_h == 2 && p->kernel_w == 2 && p->stride_h == 2 && p->stride_w == 2 && p->dilation_h == 1 &&
        p->dilation_w == 1 && p->pad_top == 0 && p->pad_left == 0 && 2 * p->out_h <= p->height &&
        2 * p->out_w <= p->width) {
        forward_2x2(p, x, y, index);
        return;
    }
    for (ptrdiff_t oh = 0; oh < p->out_h; oh++) {
        const ptrdiff_t row_first = oh * p->stride_h - p->pad_top;
        ptrdiff_t r_begin, r_end;
        window_inside(row_first, p->dilation_h, p->kernel_h, p->height, &r_begin, &r_end);
        const ptrdiff_t row = (row_first + r_begin * p->dilation_h) * p->width;
        for (ptrdiff_t ow = 0; ow < p->out_w; ow++) {
            const ptrdiff_t column_first = ow * p->stride_w - p->pad_left;
            ptrdiff_t s_begin, s_end;
            window_inside(column_first, p->dilation_w, p->kernel_w, p->width, &s_begin, &s_end);
            forward_any_window(r_end - r_begin, s_end - s_begin, p->dilation_h * p->width, p->dilation_w,
                               row + column_first + s_begin * p->dilation_w, x, y, index);
            y += LANES_BLOCK;
            index += LANES_BLOCK;
        }
    }
}

static void backward_2x2(const struct lanes_pool *p, const float *dy, const uint32_t *index, float *dx)
{
    const uint32_t width = (uint32_t)p->width;
    for (ptrdiff_t oh = 0; oh < p->out_h; oh++) {
        float *top = dx + 2 * oh * p->width * LANES_BLOCK;
        float *bottom = top + p->width * LANES_BLOCK;
        uint32_t place = 2 * (uint32_t)oh * width;
        for (ptrdiff_t ow = 0; ow < p->out_w; ow++) {
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++) {
                const vf d = v_load(dy + h * LANES_WIDTH);
                const vu where = v_load_u32(index + h * LANES_WIDTH);
                v_store(top + h * LANES_WIDTH, v_keep(v_equal_u32(where, v_splat_u32(place)), d));
                v_store(top + LANES_BLOCK + h * LANES_WIDTH,
                        v_keep(v_equal_u32(where, v_splat_u32(place + 1)), d));
                v_store(bottom + h * LANES_WIDTH, v_keep(v_equal_u32(where, v_splat_u32(place + width)), d));
                v_store(bottom + LANES_BLOCK + h * LANES_WIDTH,
                        v_keep(v_equal_u32(where, v_splat_u32(place + width + 1)), d));
            }
            top += 2 * LANES_BLOCK;
            bottom += 2 * LANES_BLOCK;
            place += 2;
            dy += LANES_BLOCK;
            index += LANES_BLOCK;
        }
        // Columns that no window covers.
        const ptrdiff_t covered = 2 * p->out_w;
        const size_t rest = (size_t)(p->width - covered) * LANES_BLOCK * sizeof *dx;
        memset(top, 0, rest);
        memset(bottom, 0, rest);
    }
    const ptrdiff_t covered = 2 * p->out_h;
    memset(dx + covered * p->width * LANES_BLOCK, 0,
           (size_t)((p->height - covered) * p->width) * LANES_BLOCK * sizeof *dx);
}

// The windows [*begin, *end) of which one may hold element i: those that start at most `reach` before it.
LANES_INLINE void windows_around(ptrdiff_t i, ptrdiff_t pad, ptrdiff_t reach, ptrdiff_t stride,
                                 ptrdiff_t count, ptrdiff_t *begin, ptrdiff_t *end)
{
    const ptrdiff_t last = i + pad;
    *begin = last <= reach ? 0 : (last - reach + stride - 1) / stride;
    *end = last / stride + 1;
    if (*end > count)
        *end = count;
}

void LANES_FN(max_pool_backward)(const struct lanes_pool *p, const float *dy, const uint32_t *index,
                                 float *dx)
{
    const ptrdiff_t reach_h = (p->kernel_h - 1) * p->dilation_h, reach_w = (p->kernel_w - 1) * p->dilation_w;
    if (reach_h == 1 && reach_w == 1 && p->stride_h == 2 && p->stride_w == 2 && p->pad_top == 0 &&
        p->pad_left == 0 && 2 * p->out_h <= p->height && 2 * p->out_w <= p->width) {
        backward_2x2(p, dy, index, dx);
        return;
    }
    // Each element looks for itself in the windows around it, which come in row-major order.
    for (ptrdiff_t i = 0; i < p->height; i++) {
        ptrdiff_t oh_begin, oh_end;
        windows_around(i, p->pad_top, reach_h, p->stride_h, p->out_h, &oh_begin, &oh_end);
        for (ptrdiff_t k = 0; k < p->width; k++) {
            ptrdiff_t ow_begin, ow_end;
            windows_around(k, p->pad_left, reach_w, p->stride_w, p->out_w, &ow_begin, &ow_end);
            const vu place = v_splat_u32((uint32_t)(i * p->width + k));
            for (ptrdiff_t h = 0; h < LANES_PARTS; h++) {
                vf sum = v_zero();
                for (ptrdiff_t oh = oh_begin; oh < oh_end; oh++) {
                    for (ptrdiff_t ow = ow_begin; ow < ow_end; ow++) {
                        const ptrdiff_t at = (oh * p->out_w + ow) * LANES_BLOCK + h * LANES_WIDTH;
                        sum += v_keep(v_equal_u32(v_load_u32(index + at), place), v_load(dy + at));
                    }
                }
                v_store(dx + (i * p->width + k) * LANES_BLOCK + h * LANES_WIDTH, sum);
            }
        }
    }
}
