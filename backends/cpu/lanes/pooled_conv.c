// Convolution, ReLU and max pooling with the batch in the lanes, for few channels and small kernels of a size
// known when this is compiled. The four elements of a window stay in registers until the greatest is known;
// what falls out of the windows at the right and below is never computed.
#include "kernels.h"
#include "pooled_tile.h"
#include "tile.h"
#include "window.h"

// `outputs` outputs of one window, for LANES_WIDTH lanes; x, y and winner begin there.
LANES_INLINE void window(const int kernel_h, const int kernel_w, const int outputs,
                         const struct lanes_pooled_conv *p, const float *x, const float *w, const float *bias,
                         float *y, uint8_t *winner)
{
    vf sum[POOLED_OUTPUTS][4];
    LANES_UNROLL
    for (int o = 0; o < outputs; o++) {
        const vf start = bias ? v_splat(bias[o]) : v_zero();
        LANES_UNROLL
        for (int i = 0; i < 4; i++)
            sum[o][i] = start;
    }
    const ptrdiff_t x_row = p->x_row, x_channel = p->x_channel;
    const float *filter[POOLED_OUTPUTS];
    LANES_UNROLL
    for (int o = 0; o < outputs; o++)
        filter[o] = hold_pointer(w + o * p->w_out);
    for (ptrdiff_t c = 0; c < p->channels; c++) {
        const float *row = x;
        LANES_UNROLL
        for (int r = 0; r < kernel_h; r++) {
            const float *below = row + x_row;
            LANES_UNROLL
            for (int s = 0; s < kernel_w; s++) {
                // Each tap loads anew: what the compiler keeps from one to the next, it keeps on the stack.
                __asm__ volatile("" ::: "memory");
                vf weight[POOLED_OUTPUTS];
                LANES_UNROLL
                for (int o = 0; o < outputs; o++)
                    weight[o] = v_hold(v_splat(filter[o][r * kernel_w + s]));
                LANES_UNROLL
                for (int i = 0; i < 4; i++) {
                    const vf in = v_hold(v_load((i < 2 ? row : below) + (s + i % 2) * LANES_BLOCK));
                    LANES_UNROLL
                    for (int o = 0; o < outputs; o++)
                        sum[o][i] += weight[o] * in;
                }
            }
            row = below;
        }
        x += x_channel;
        LANES_UNROLL
        for (int o = 0; o < outputs; o++)
            filter[o] += kernel_h * kernel_w;
    }
    LANES_UNROLL
    for (int o = 0; o < outputs; o++)
        window_2x2(sum[o][0], sum[o][1], sum[o][2], sum[o][3], y + o * p->y_out,
                   winner ? winner + o * p->y_out : NULL);
}

LANES_INLINE void row_of_windows(const int kernel_h, const int kernel_w, const int outputs,
                                 const struct lanes_pooled_conv *p, ptrdiff_t o, ptrdiff_t ph)
{
    const float *w = p->w + o * p->w_out, *bias = p->bias ? p->bias + o : NULL;
    const ptrdiff_t at = o * p->y_out + ph * p->pooled_w * LANES_BLOCK;
    for (ptrdiff_t pw = 0; pw < p->pooled_w; pw++) {
        const float *x = p->x + 2 * ph * p->x_row + 2 * pw * LANES_BLOCK;
        for (ptrdiff_t lane = 0; lane < LANES_BLOCK; lane += LANES_WIDTH) {
            const ptrdiff_t place = at + pw * LANES_BLOCK + lane;
            window(kernel_h, kernel_w, outputs, p, x + lane, w, bias, p->y + place,
                   p->winner ? p->winner + place : NULL);
        }
    }
}

typedef void row_function(const struct lanes_pooled_conv *p, ptrdiff_t o, ptrdiff_t ph);

#define ROW(size, outputs)                                                                                   \
    static void row_##size##_##outputs(const struct lanes_pooled_conv *p, ptrdiff_t o, ptrdiff_t ph)         \
    {                                                                                                        \
        row_of_windows(size, size, outputs, p, o, ph);                                                       \
    }
#if LANES_WIDTH == 16
#define ROWS(size) ROW(size, 1) ROW(size, 2) ROW(size, 3) ROW(size, 4) ROW(size, 5) ROW(size, 6)
#define ROW_TABLE(size)                                                                                      \
    {                                                                                                        \
        NULL, row_##size##_1, row_##size##_2, row_##size##_3, row_##size##_4, row_##size##_5, row_##size##_6 \
    }
#else
#define ROWS(size) ROW(size, 1) ROW(size, 2) ROW(size, 3)
#define ROW_TABLE(size)                                                                                      \
    {                                                                                                        \
        NULL, row_##size##_1, row_##size##_2, row_##size##_3                                                 \
    }
#endif

// In tiles of about the same size.
LANES_INLINE void all_outputs(row_function *const rows[], const struct lanes_pooled_conv *p,
                              ptrdiff_t o_begin, ptrdiff_t o_end, ptrdiff_t ph)
{
    const ptrdiff_t parts = tile_parts(o_end - o_begin, POOLED_OUTPUTS);
    for (ptrdiff_t part = 0; part < parts; part++) {
        const ptrdiff_t begin = tile_cut(o_end - o_begin, parts, part),
                        end = tile_cut(o_end - o_begin, parts, part + 1);
        rows[end - begin](p, o_begin + begin, ph);
    }
}

#define KERNEL(size)                                                                                         \
    ROWS(size)                                                                                               \
    static void kernel_##size(const struct lanes_pooled_conv *p, ptrdiff_t o_begin, ptrdiff_t o_end,         \
                              ptrdiff_t ph)                                                                  \
    {                                                                                                        \
        static row_function *const rows[POOLED_OUTPUTS + 1] = ROW_TABLE(size);                               \
        all_outputs(rows, p, o_begin, o_end, ph);                                                            \
    }
KERNEL(3)
KERNEL(5)

lanes_pooled_conv_function *LANES_FN(pooled_conv)(ptrdiff_t kernel_h, ptrdiff_t kernel_w)
{
    if (kernel_h != kernel_w)
        return NULL;
    return kernel_h == 3 ? kernel_3 : kernel_h == 5 ? kernel_5 : NULL;
}
