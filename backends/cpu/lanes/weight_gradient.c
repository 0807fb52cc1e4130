// Gradient of a convolution's weight, with the batch in the lanes: each weight has a vector that gathers
// dy * x over all positions, and whose lanes are summed at the end.
#include "kernels.h"
#include "tile.h"
#include "weight_tile.h"

// dw[k][j] for `outputs` x `groups` x `span`, constants where this is inlined; offset[i] is where group i's
// first tap finds its input.
LANES_INLINE void weight_tile(const int outputs, const int groups, const int span,
                              const struct lanes_weight_gradient *g, ptrdiff_t k_first,
                              const ptrdiff_t *offset, ptrdiff_t row_begin, ptrdiff_t row_end, float *dw,
                              ptrdiff_t dw_row)
{
    const int taps = groups * span;
    vf sum[WEIGHT_TILE_MOST];
    LANES_UNROLL
    for (int i = 0; i < outputs * taps; i++)
        sum[i] = v_zero();
    ptrdiff_t place[WEIGHT_TILE_GROUPS];
    LANES_UNROLL
    for (int i = 0; i < groups; i++)
        place[i] = offset[i];
    const ptrdiff_t dy_channel = g->dy_channel, x_step = g->stride_w * LANES_BLOCK, width = g->out_w;
    for (ptrdiff_t row = row_begin; row < row_end;) {
        // The rows of one block.
        const ptrdiff_t block = row / g->out_h, oh = row % g->out_h;
        const ptrdiff_t rows = g->out_h - oh < row_end - row ? g->out_h - oh : row_end - row;
        const float *dy_first = g->dy + block * g->dy_block + k_first * dy_channel + oh * g->dy_row;
        const float *x_first = g->x + block * g->x_block + oh * g->stride_h * g->x_row;
        row += rows;
        for (ptrdiff_t r = 0; r < rows; r++) {
            const float *dy = dy_first, *x = x_first;
            for (ptrdiff_t ow = 0; ow < width; ow++) {
                LANES_UNROLL
                for (int h = 0; h < LANES_PARTS; h++) {
                    vf d[WEIGHT_TILE_OUTPUTS];
                    LANES_UNROLL
                    for (int k = 0; k < outputs; k++)
                        d[k] = v_load(dy + k * dy_channel + h * LANES_WIDTH);
                    LANES_UNROLL
                    for (int j = 0; j < taps; j++) {
                        const vf in =
                            v_hold(v_load(x + place[j / span] + j % span * LANES_BLOCK + h * LANES_WIDTH));
                        LANES_UNROLL
                        for (int k = 0; k < outputs; k++)
                            sum[k * taps + j] += d[k] * in;
                    }
                }
                dy += LANES_BLOCK;
                x += x_step;
            }
            dy_first += g->dy_row;
            x_first += g->stride_h * g->x_row;
        }
    }
    float sums[WEIGHT_TILE_MOST + 1];
    LANES_UNROLL
    for (int i = 0; i < outputs * taps / 4 * 4; i += 4)
        v_sum4(sum[i], sum[i + 1], sum[i + 2], sum[i + 3], sums + i);
    LANES_UNROLL
    for (int i = outputs * taps / 4 * 4; i < outputs * taps; i++)
        sums[i] = v_sum(sum[i]);
    LANES_UNROLL
    for (int k = 0; k < outputs; k++) {
        LANES_UNROLL
        for (int j = 0; j < taps; j++)
            dw[k * dw_row + j] = sums[k * taps + j];
    }
}

typedef void weight_tile_function(const struct lanes_weight_gradient *g, ptrdiff_t k_first,
                                  const ptrdiff_t *offset, ptrdiff_t row_begin, ptrdiff_t row_end, float *dw,
                                  ptrdiff_t dw_row);

#define WEIGHT_TILE(outputs, groups, span)                                                                   \
    static void weight_tile_##outputs##_##groups##_##span(                                                   \
        const struct lanes_weight_gradient *g, ptrdiff_t k_first, const ptrdiff_t *offset,                   \
        ptrdiff_t row_begin, ptrdiff_t row_end, float *dw, ptrdiff_t dw_row)                                 \
    {                                                                                                        \
        weight_tile(outputs, groups, span, g, k_first, offset, row_begin, row_end, dw, dw_row);              \
    }
#define WEIGHT_TILES_3(outputs, span)                                                                        \
    WEIGHT_TILE(outputs, 1, span) WEIGHT_TILE(outputs, 2, span) WEIGHT_TILE(outputs, 3, span)
#define WEIGHT_TILES_6(outputs, span)                                                                        \
    WEIGHT_TILES_3(outputs, span)                                                                            \
    WEIGHT_TILE(outputs, 4, span) WEIGHT_TILE(outputs, 5, span) WEIGHT_TILE(outputs, 6, span)
#define WEIGHT_ROW_1(k, s)                                                                                   \
    {                                                                                                        \
        NULL, weight_tile_##k##_1_##s                                                                        \
    }
#define WEIGHT_ROW_3(k, s)                                                                                   \
    {                                                                                                        \
        NULL, weight_tile_##k##_1_##s, weight_tile_##k##_2_##s, weight_tile_##k##_3_##s                      \
    }
#define WEIGHT_ROW_6(k, s)                                                                                   \
    {                                                                                                        \
        NULL, weight_tile_##k##_1_##s, weight_tile_##k##_2_##s, weight_tile_##k##_3_##s,                     \
            weight_tile_##k##_4_##s, weight_tile_##k##_5_##s, weight_tile_##k##_6_##s                        \
    }

#if LANES_WIDTH == 16
WEIGHT_TILES_6(1, 1)
WEIGHT_TILES_6(2, 1)
WEIGHT_TILES_6(3, 1)
WEIGHT_TILES_6(4, 1)
WEIGHT_TILES_3(1, 3)
WEIGHT_TILES_3(2, 3)
WEIGHT_TILES_3(3, 3)
static weight_tile_function *const tiles[WEIGHT_TILE_OUTPUTS + 1][WEIGHT_TILE_GROUPS + 1] = {
    [1] = WEIGHT_ROW_6(1, 1), [2] = WEIGHT_ROW_6(2, 1), [3] = WEIGHT_ROW_6(3, 1), [4] = WEIGHT_ROW_6(4, 1)};
static weight_tile_function *const tiles_span3[WEIGHT_TILE_OUTPUTS_SPAN3 + 1][WEIGHT_TILE_GROUPS_SPAN3 + 1] =
    {[1] = WEIGHT_ROW_3(1, 3), [2] = WEIGHT_ROW_3(2, 3), [3] = WEIGHT_ROW_3(3, 3)};
#else
WEIGHT_TILES_3(1, 1)
WEIGHT_TILES_3(2, 1)
WEIGHT_TILES_3(3, 1)
WEIGHT_TILE(1, 1, 3)
WEIGHT_TILE(2, 1, 3)
WEIGHT_TILE(3, 1, 3)
static weight_tile_function *const tiles[WEIGHT_TILE_OUTPUTS + 1][WEIGHT_TILE_GROUPS + 1] = {
    [1] = WEIGHT_ROW_3(1, 1), [2] = WEIGHT_ROW_3(2, 1), [3] = WEIGHT_ROW_3(3, 1)};
static weight_tile_function *const tiles_span3[WEIGHT_TILE_OUTPUTS_SPAN3 + 1][WEIGHT_TILE_GROUPS_SPAN3 + 1] =
    {[1] = WEIGHT_ROW_1(1, 3), [2] = WEIGHT_ROW_1(2, 3), [3] = WEIGHT_ROW_1(3, 3)};
#endif

// The sum of dy's channel k over the rows and all lanes.
static float sum_channel(const struct lanes_weight_gradient *g, ptrdiff_t k, ptrdiff_t row_begin,
                         ptrdiff_t row_end)
{
    vf sum[4] = {v_zero(), v_zero(), v_zero(), v_zero()};
    for (ptrdiff_t row = row_begin; row < row_end; row++) {
        const float *dy =
            g->dy + row / g->out_h * g->dy_block + k * g->dy_channel + row % g->out_h * g->dy_row;
        const ptrdiff_t vectors = g->out_w * LANES_PARTS;
        ptrdiff_t i = 0;
        for (; i + 4 <= vectors; i += 4) {
            LANES_UNROLL
            for (int q = 0; q < 4; q++)
                sum[q] += v_load(dy + (i + q) * LANES_WIDTH);
        }
        for (; i < vectors; i++)
            sum[0] += v_load(dy + i * LANES_WIDTH);
    }
    return v_sum((sum[0] + sum[1]) + (sum[2] + sum[3]));
}

void LANES_FN(weight_gradient)(const struct lanes_weight_gradient *g, ptrdiff_t k_begin, ptrdiff_t k_end,
                               ptrdiff_t row_begin, ptrdiff_t row_end, float *dw, float *dbias)
{
    const int span3 = g->kernel_w == 3 && g->dilation_w == 1;
    const ptrdiff_t span = span3 ? 3 : 1;
    const ptrdiff_t taps = g->channels * g->kernel_h * g->kernel_w, groups = taps / span;
    const ptrdiff_t k_parts =
        tile_parts(k_end - k_begin, span3 ? WEIGHT_TILE_OUTPUTS_SPAN3 : WEIGHT_TILE_OUTPUTS);
    const ptrdiff_t i_parts = tile_parts(groups, span3 ? WEIGHT_TILE_GROUPS_SPAN3 : WEIGHT_TILE_GROUPS);
    for (ptrdiff_t k_part = 0; k_part < k_parts; k_part++) {
        const ptrdiff_t k = k_begin + tile_cut(k_end - k_begin, k_parts, k_part);
        const ptrdiff_t outputs = k_begin + tile_cut(k_end - k_begin, k_parts, k_part + 1) - k;
        for (ptrdiff_t i_part = 0; i_part < i_parts; i_part++) {
            const ptrdiff_t first = tile_cut(groups, i_parts, i_part);
            const ptrdiff_t count = tile_cut(groups, i_parts, i_part + 1) - first;
            ptrdiff_t offset[WEIGHT_TILE_GROUPS] = {0};
            for (ptrdiff_t i = 0; i < count; i++) {
                const ptrdiff_t tap = (first + i) * span;
                offset[i] = tap / (g->kernel_h * g->kernel_w) * g->x_channel +
                            tap / g->kernel_w % g->kernel_h * g->dilation_h * g->x_row +
                            tap % g->kernel_w * g->dilation_w * LANES_BLOCK;
            }
            weight_tile_function *tile = span3 ? tiles_span3[outputs][count] : tiles[outputs][count];
            tile(g, k, offset, row_begin, row_end, dw + k * taps + first * span, taps);
        }
    }
    if (dbias) {
        for (ptrdiff_t k = k_begin; k < k_end; k++)
            dbias[k] = sum_channel(g, k, row_begin, row_end);
    }
}
