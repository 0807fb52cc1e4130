// Gradient of a convolution's weight, with the batch in the lanes: each weight has a vector that gathers
// dy * x over all positions, and whose lanes are summed at the end.
#include "kernels.h"
#include "tile.h"
#include "weight_tile.h"

// sum[k][j] += dy[k] * x[j] for one vector; the fewer of the two stay in registers.
LANES_INLINE void multiply_step(const int outputs, const int taps, const int span, const float *dy,
                                ptrdiff_t dy_channel, const float *x, const ptrdiff_t *place, vf *sum)
{
    vf held[WEIGHT_TILE_OUTPUTS];
    if (outputs <= taps) {
        LANES_UNROLL
        for (int k = 0; k < outputs; k++)
            held[k] = v_load(dy + k * dy_channel);
        LANES_UNROLL
        for (int j = 0; j < taps; j++) {
            const vf in = v_hold(v_load(x + place[j / span] + j % span * LANES_BLOCK));
            LANES_UNROLL
            for (int k = 0; k < outputs; k++)
                sum[k * taps + j] = v_multiply_add(held[k], in, sum[k * taps + j]);
        }
        return;
    }
    LANES_UNROLL
    for (int j = 0; j < taps; j++)
        held[j] = v_hold(v_load(x + place[j / span] + j % span * LANES_BLOCK));
    LANES_UNROLL
    for (int k = 0; k < outputs; k++) {
        const vf d = v_hold(v_load(dy + k * dy_channel));
        LANES_UNROLL
        for (int j = 0; j < taps; j++)
            sum[k * taps + j] = v_multiply_add(d, held[j], sum[k * taps + j]);
    }
}

// dw[k][j] for `outputs` x `groups` x `span`, constants where this is inlined; offset[i] is where group i's
// first tap finds its input.
LANES_INLINE void weight_tile(const int outputs, const int groups, const int span,
                              const struct lanes_weight_gradient *g, ptrdiff_t k_first,
                              const ptrdiff_t *offset, ptrdiff_t row_begin, ptrdiff_t row_end, float *dw)
{
    const int taps = groups * span;
    vf sum[WEIGHT_TILE_MOST];
    LANES_UNROLL
    for (int i = 0; i < outputs * taps; i++)
        sum[i] = v_zero();
    ptrdiff_t place[WEIGHT_TILE_LONG_GROUPS];
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
                    multiply_step(outputs, taps, span, dy + h * LANES_WIDTH, dy_channel, x + h * LANES_WIDTH,
                                  place, sum);
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
        for (int j = 0; j < taps; j++) {
            float *to = dw + k * g->dw_row + j;
            *to = g->adds ? *to + sums[k * taps + j] : sums[k * taps + j];
        }
    }
}

typedef void weight_tile_function(const struct lanes_weight_gradient *g, ptrdiff_t k_first,
                                  const ptrdiff_t *offset, ptrdiff_t row_begin, ptrdiff_t row_end, float *dw);

#define WEIGHT_TILE(outputs, groups, span)                                                                   \
    static void weight_tile_##outputs##_##groups##_##span(const struct lanes_weight_gradient *g,             \
                                                          ptrdiff_t k_first, const ptrdiff_t *offset,        \
                                                          ptrdiff_t row_begin, ptrdiff_t row_end, float *dw) \
    {                                                                                                        \
        weight_tile(outputs, groups, span, g, k_first, offset, row_begin, row_end, dw);                      \
    }
#define WEIGHT_TILES_2(outputs, span) WEIGHT_TILE(outputs, 1, span) WEIGHT_TILE(outputs, 2, span)
#define WEIGHT_TILES_3(outputs, span)                                                                        \
    WEIGHT_TILE(outputs, 1, span) WEIGHT_TILE(outputs, 2, span) WEIGHT_TILE(outputs, 3, span)
#define WEIGHT_TILES_6(outputs, span)                                                                        \
    WEIGHT_TILES_3(outputs, span)                                                                            \
    WEIGHT_TILE(outputs, 4, span) WEIGHT_TILE(outputs, 5, span) WEIGHT_TILE(outputs, 6, span)
#define WEIGHT_ROW_1(k, s)                                                                                   \
    {                                                                                                        \
        NULL, weight_tile_##k##_1_##s                                                                        \
    }
#define WEIGHT_ROW_2(k, s)                                                                                   \
    {                                                                                                        \
        NULL, weight_tile_##k##_1_##s, weight_tile_##k##_2_##s                                               \
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
WEIGHT_TILES_6(1, 1)
WEIGHT_TILES_6(2, 1)
WEIGHT_TILES_3(3, 1)
WEIGHT_TILES_2(1, 3)
WEIGHT_TILES_2(2, 3)
WEIGHT_TILE(3, 1, 3)
static weight_tile_function *const tiles[WEIGHT_TILE_OUTPUTS + 1][WEIGHT_TILE_LONG_GROUPS + 1] = {
    [1] = WEIGHT_ROW_6(1, 1), [2] = WEIGHT_ROW_6(2, 1), [3] = WEIGHT_ROW_3(3, 1)};
static weight_tile_function
    *const tiles_span3[WEIGHT_TILE_OUTPUTS_SPAN3 + 1][WEIGHT_TILE_LONG_GROUPS_SPAN3 + 1] = {
        [1] = WEIGHT_ROW_2(1, 3), [2] = WEIGHT_ROW_2(2, 3), [3] = WEIGHT_ROW_1(3, 3)};
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

// Rows [*begin, *end) without those at which taps of kernel rows r_low to r_high all meet zeros.
static void rows_inside(const struct lanes_weight_gradient *g, ptrdiff_t r_low, ptrdiff_t r_high,
                        ptrdiff_t *begin, ptrdiff_t *end)
{
    if (g->height == 0)
        return;
    const ptrdiff_t before = g->top - r_high * g->dilation_h;
    const ptrdiff_t first = before > 0 ? (before + g->stride_h - 1) / g->stride_h : 0;
    const ptrdiff_t last = g->top + g->height - 1 - r_low * g->dilation_h;
    const ptrdiff_t past = last >= 0 ? last / g->stride_h + 1 : 0;
    if (*begin < first)
        *begin = first;
    if (*end > past)
        *end = past;
}

// Groups [first, first + count) of `span` taps each, for `outputs` outputs from k on.
static void gradient_of_groups(const struct lanes_weight_gradient *g, ptrdiff_t k, ptrdiff_t outputs,
                               ptrdiff_t first, ptrdiff_t count, ptrdiff_t span, struct lanes_range rows,
                               float *dw)
{
    ptrdiff_t offset[WEIGHT_TILE_LONG_GROUPS] = {0}, r_low = g->kernel_h, r_high = 0;
    for (ptrdiff_t i = 0; i < count; i++) {
        const ptrdiff_t tap = (first + i) * span, r = tap / g->kernel_w % g->kernel_h;
        offset[i] = tap / (g->kernel_h * g->kernel_w) * g->x_channel + r * g->dilation_h * g->x_row +
                    tap % g->kernel_w * g->dilation_w * LANES_BLOCK;
        r_low = r < r_low ? r : r_low;
        r_high = r > r_high ? r : r_high;
    }
    rows_inside(g, r_low, r_high, &rows.begin, &rows.end);
    weight_tile_function *tile = span == 3 ? tiles_span3[outputs][count] : tiles[outputs][count];
    tile(g, k, offset, rows.begin, rows.end, dw + k * g->dw_row + first * span);
}

// Bytes of x that are to stay in the first-level cache while all outputs go by.
enum { INPUT_BYTES = 16 << 10 };

// Taps from which on few are left over by tiles of many.
enum { LONG_TAPS = 48 };

void LANES_FN(weight_gradient)(const struct lanes_weight_gradient *g, ptrdiff_t k_begin, ptrdiff_t k_end,
                               ptrdiff_t row_begin, ptrdiff_t row_end, float *dw, float *dbias)
{
    const int span3 = g->kernel_w == 3 && g->dilation_w == 1;
    const ptrdiff_t span = span3 ? 3 : 1, groups = g->channels * g->kernel_h * g->kernel_w / span;
    ptrdiff_t outputs_most = span3 ? WEIGHT_TILE_OUTPUTS_SPAN3 : WEIGHT_TILE_OUTPUTS;
    ptrdiff_t most = span3 ? WEIGHT_TILE_GROUPS_SPAN3 : WEIGHT_TILE_GROUPS;
    if (groups >= LONG_TAPS / span) {
        outputs_most = span3 ? WEIGHT_TILE_LONG_OUTPUTS_SPAN3 : WEIGHT_TILE_LONG_OUTPUTS;
        most = span3 ? WEIGHT_TILE_LONG_GROUPS_SPAN3 : WEIGHT_TILE_LONG_GROUPS;
    }
    const struct lanes_range rows = {row_begin, row_end};
    const ptrdiff_t k_parts = tile_parts(k_end - k_begin, outputs_most);
    const ptrdiff_t i_parts = tile_parts(groups, most);
    const ptrdiff_t part_bytes =
        most * (row_end - row_begin) * g->out_w * LANES_BLOCK * (ptrdiff_t)sizeof *g->x;
    const ptrdiff_t together = part_bytes < INPUT_BYTES ? INPUT_BYTES / (part_bytes + 1) : 1;
    for (ptrdiff_t i_begin = 0; i_begin < i_parts; i_begin += together) {
        const ptrdiff_t i_end = i_begin + together < i_parts ? i_begin + together : i_parts;
        for (ptrdiff_t k_part = 0; k_part < k_parts; k_part++) {
            const ptrdiff_t k = k_begin + tile_cut(k_end - k_begin, k_parts, k_part);
            const ptrdiff_t outputs = k_begin + tile_cut(k_end - k_begin, k_parts, k_part + 1) - k;
            for (ptrdiff_t i_part = i_begin; i_part < i_end; i_part++) {
                const ptrdiff_t first = tile_cut(groups, i_parts, i_part);
                gradient_of_groups(g, k, outputs, first, tile_cut(groups, i_parts, i_part + 1) - first, span,
                                   rows, dw);
            }
        }
    }
    for (ptrdiff_t k = k_begin; dbias && k < k_end; k++)
        dbias[k] = sum_channel(g, k, row_begin, row_end);
}
