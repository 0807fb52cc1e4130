// ReLU and max pooling of one row of windows, with the batch in the lanes.
#include "kernels.h"
#include "window.h"

LANES_INLINE void pool_2x2(const struct lanes_window_pool *p, const float *z, float *y, uint8_t *winner)
{
    const float *top = z, *bottom = z + p->width * LANES_BLOCK;
    for (ptrdiff_t pw = 0; pw < p->out_w; pw++) {
        LANES_UNROLL
        for (int h = 0; h < LANES_PARTS; h++) {
            const ptrdiff_t at = h * LANES_WIDTH;
            window_2x2(v_load(top + at), v_load(top + LANES_BLOCK + at), v_load(bottom + at),
                       v_load(bottom + LANES_BLOCK + at), y + at, winner ? winner + at : NULL);
        }
        top += p->stride_w * LANES_BLOCK;
        bottom += p->stride_w * LANES_BLOCK;
        y += LANES_BLOCK;
        if (winner)
            winner += LANES_BLOCK;
    }
}

LANES_INLINE void pool_any(const struct lanes_window_pool *p, const float *z, float *y, uint8_t *winner)
{
    for (ptrdiff_t pw = 0; pw < p->out_w; pw++) {
        for (ptrdiff_t h = 0; h < LANES_PARTS; h++) {
            const float *window = z + pw * p->stride_w * LANES_BLOCK + h * LANES_WIDTH;
            vf best = v_load(window);
            vu where = v_splat_u32(0);
            uint32_t place = 0;
            for (ptrdiff_t r = 0; r < p->kernel_h; r++) {
                for (ptrdiff_t s = 0; s < p->kernel_w; s++, place++) {
                    const vf x = v_load(window + (r * p->width + s) * LANES_BLOCK);
                    const vm beats = v_and(v_not_at_most(x, best), v_is_number(best));
                    best = v_select(beats, x, best);
                    where = v_select_u32(beats, v_splat_u32(place), where);
                }
            }
            window_finish(best, where, y + pw * LANES_BLOCK + h * LANES_WIDTH,
                          winner ? winner + pw * LANES_BLOCK + h * LANES_WIDTH : NULL);
        }
    }
}

void LANES_FN(relu_max_pool)(const struct lanes_window_pool *p, const float *z, float *y, uint8_t *winner)
{
    const int is_2x2 = p->kernel_h == 2 && p->kernel_w == 2;
    if (is_2x2 && winner)
        pool_2x2(p, z, y, winner);
    else if (is_2x2)
        pool_2x2(p, z, y, NULL);
    else
        pool_any(p, z, y, winner);
}
