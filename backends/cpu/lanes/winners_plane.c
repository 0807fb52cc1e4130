// Gradient of a convolution's weight behind a pooling, for one channel and nine taps: a sample's row of taps
// is too short for a vector, so the lanes stay samples, and each window's four places are summed over, three
// of them with a gradient of zero. Registers of fewer lanes, and fewer of them, are faster with single
// samples.
#include "kernels.h"
#include "lanes.h"

#if LANES_WIDTH == 16

enum {
    SIDE = 3,
    TAPS = SIDE * SIDE,
    PLACES = 4,
    PATCH = SIDE + 1,  // what a window's convolutions see, squared
    PLANE_OUTPUTS = 2, // at once: what the registers hold
};

// Of `outputs` outputs, a constant where this is inlined.
LANES_INLINE void add_outputs(const int outputs, const struct lanes_plane *w, const float *dy,
                              const uint8_t *winner, float *dw, float *db)
{
    const ptrdiff_t plane = w->pooled_h * w->pooled_w * LANES_BLOCK, row = w->width * LANES_BLOCK;
    vf sum[PLANE_OUTPUTS * TAPS], bias[PLANE_OUTPUTS];
    LANES_UNROLL
    for (int i = 0; i < outputs * TAPS; i++)
        sum[i] = v_zero();
    LANES_UNROLL
    for (int o = 0; o < outputs; o++)
        bias[o] = v_zero();
    for (ptrdiff_t ph = 0; ph < w->pooled_h; ph++) {
        const float *corner = w->x + 2 * ph * row;
        for (ptrdiff_t pw = 0; pw < w->pooled_w; pw++) {
            vf placed[PLANE_OUTPUTS * PLACES];
            LANES_UNROLL
            for (int o = 0; o < outputs; o++) {
                const vf won = v_from_u8(winner + o * plane), gradient = v_load(dy + o * plane);
                LANES_UNROLL
                for (int q = 0; q < PLACES; q++)
                    placed[o * PLACES + q] = v_keep(v_equal(won, v_splat((float)q)), gradient);
                bias[o] += v_keep(v_greater(v_splat(PLACES), won), gradient);
            }
            LANES_UNROLL
            for (int h = 0; h < PATCH; h++) {
                LANES_UNROLL
                for (int v = 0; v < PATCH; v++) {
                    const vf value = v_hold(v_load(corner + h * row + v * LANES_BLOCK));
                    LANES_UNROLL
                    for (int q = 0; q < PLACES; q++) {
                        const int r = h - q / 2, s = v - q % 2;
                        if (r < 0 || r >= SIDE || s < 0 || s >= SIDE)
                            continue;
                        LANES_UNROLL
                        for (int o = 0; o < outputs; o++)
                            sum[o * TAPS + r * SIDE + s] += placed[o * PLACES + q] * value;
                    }
                }
            }
            corner += 2 * LANES_BLOCK;
            dy += LANES_BLOCK;
            winner += LANES_BLOCK;
        }
    }
    LANES_UNROLL
    for (int i = 0; i < outputs * TAPS; i++)
        dw[i] += v_sum(sum[i]);
    LANES_UNROLL
    for (int o = 0; o < outputs; o++) {
        if (db)
            db[o] += v_sum(bias[o]);
    }
}

void LANES_FN(winners_plane)(const struct lanes_plane *w, float *dw, float *db)
{
    const ptrdiff_t plane = w->pooled_h * w->pooled_w * LANES_BLOCK;
    ptrdiff_t o = 0;
    for (; o + PLANE_OUTPUTS <= w->outputs; o += PLANE_OUTPUTS)
        add_outputs(PLANE_OUTPUTS, w, w->dy + o * plane, w->winner + o * plane, dw + o * TAPS,
                    db ? db + o : NULL);
    for (; o < w->outputs; o++)
        add_outputs(1, w, w->dy + o * plane, w->winner + o * plane, dw + o * TAPS, db ? db + o : NULL);
}

#endif
