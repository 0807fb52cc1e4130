// Average pooling with the batch in the lanes, one channel of one block.
#include "kernels.h"
#include "lanes.h"

// Rows are summed by themselves first: the error of a large window's sum grows with its sides, not its area.
void LANES_FN(avg_pool_forward)(const struct lanes_avg_pool *p, const float *x, float *y)
{
    const ptrdiff_t width = p->columns.in * LANES_BLOCK;
    for (ptrdiff_t oh = 0; oh < p->rows.out; oh++) {
        const struct lanes_avg_window rows = lanes_avg_window_of(&p->rows, oh);
        for (ptrdiff_t ow = 0; ow < p->columns.out; ow++) {
            const struct lanes_avg_window columns = lanes_avg_window_of(&p->columns, ow);
            const vf divisor = v_splat((float)(rows.counted * columns.counted));
            for (ptrdiff_t h = 0; h < LANES_PARTS; h++) {
                vf sum = v_zero();
                for (ptrdiff_t r = rows.begin; r < rows.end; r++) {
                    const float *row = x + r * width + h * LANES_WIDTH;
                    vf row_sum = v_load(row + columns.begin * LANES_BLOCK);
                    for (ptrdiff_t s = columns.begin + 1; s < columns.end; s++)
                        row_sum += v_load(row + s * LANES_BLOCK);
                    sum += row_sum;
                }
                v_store(y + h * LANES_WIDTH, sum / divisor);
            }
            y += LANES_BLOCK;
        }
    }
}

// Each window hands out its share, so that there is one division a window; an element thus gets its shares in
// row-major order of the windows.
void LANES_FN(avg_pool_backward)(const struct lanes_avg_pool *p, const float *dy, float *dx)
{
    const ptrdiff_t width = p->columns.in * LANES_BLOCK;
    memset(dx, 0, (size_t)(p->rows.in * width) * sizeof *dx);
    for (ptrdiff_t oh = 0; oh < p->rows.out; oh++) {
        const struct lanes_avg_window rows = lanes_avg_window_of(&p->rows, oh);
        for (ptrdiff_t ow = 0; ow < p->columns.out; ow++) {
            const struct lanes_avg_window columns = lanes_avg_window_of(&p->columns, ow);
            const vf divisor = v_splat((float)(rows.counted * columns.counted));
            for (ptrdiff_t h = 0; h < LANES_PARTS; h++) {
                const vf share = v_load(dy + h * LANES_WIDTH) / divisor;
                for (ptrdiff_t r = rows.begin; r < rows.end; r++) {
                    float *row = dx + r * width + h * LANES_WIDTH;
                    for (ptrdiff_t s = columns.begin; s < columns.end; s++)
                        v_store(row + s * LANES_BLOCK, v_load(row + s * LANES_BLOCK) + share);
                }
            }
            dy += LANES_BLOCK;
        }
    }
}
