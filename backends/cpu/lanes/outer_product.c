// Gradient of a linear layer's weight. The input is transposed beforehand, so that the lanes run along a row
// of the weight and no sum across lanes is needed.
#include "kernels.h"
#include "outer_tile.h"
#include "tile.h"

// dw[o][vectors of i] for `outputs` x `vectors`, both constants where this is inlined. `last` lanes of the
// last vector are stored. dy: [o][16] per block.
LANES_INLINE void outer_tile(const int outputs, const int vectors, const struct lanes_outer_product *p,
                             const float *dy, ptrdiff_t i_first, float *dw, size_t last)
{
    const float *xt[OUTER_TILE_VECTORS];
    LANES_UNROLL
    for (int i = 0; i < vectors; i++)
        xt[i] = p->xt + (i_first + i) / LANES_PARTS * p->xt_panel + (i_first + i) % LANES_PARTS * LANES_WIDTH;
    vf sum[OUTER_TILE_OUTPUTS][OUTER_TILE_VECTORS];
    LANES_UNROLL
    for (int o = 0; o < outputs; o++) {
        LANES_UNROLL
        for (int i = 0; i < vectors; i++)
            sum[o][i] = v_zero();
    }
    for (ptrdiff_t block = 0; block < p->samples; block += LANES_BLOCK) {
        for (ptrdiff_t n = 0; n < LANES_BLOCK; n++) {
            vf in[OUTER_TILE_VECTORS];
            LANES_UNROLL
            for (int i = 0; i < vectors; i++)
                in[i] = v_hold(v_load(xt[i] + n * LANES_BLOCK));
            LANES_UNROLL
            for (int o = 0; o < outputs; o++) {
                const vf d = v_hold(v_splat(dy[o * LANES_BLOCK + n]));
                LANES_UNROLL
                for (int i = 0; i < vectors; i++)
                    sum[o][i] += d * in[i];
            }
        }
        LANES_UNROLL
        for (int i = 0; i < vectors; i++)
            xt[i] += LANES_BLOCK * LANES_BLOCK;
        dy += p->dy_block;
    }
    LANES_UNROLL
    for (int o = 0; o < outputs; o++) {
        LANES_UNROLL
        for (int i = 0; i < vectors - 1; i++)
            v_store(dw + o * p->inputs + i * LANES_WIDTH, sum[o][i]);
        v_store_first(dw + o * p->inputs + (vectors - 1) * LANES_WIDTH, sum[o][vectors - 1], last);
    }
}

typedef void outer_tile_function(const struct lanes_outer_product *p, const float *dy, ptrdiff_t i_first,
                                 float *dw, size_t last);

#define OUTER_TILE(outputs, vectors)                                                                         \
    static void outer_tile_##outputs##_##vectors(const struct lanes_outer_product *p, const float *dy,       \
                                                 ptrdiff_t i_first, float *dw, size_t last)                  \
    {                                                                                                        \
        outer_tile(outputs, vectors, p, dy, i_first, dw, last);                                              \
    }
#define OUTER_TILES(outputs) OUTER_TILE(outputs, 1) OUTER_TILE(outputs, 2)
#define OUTER_TILES_WIDE(outputs)                                                                            \
    OUTER_TILE(outputs, 3) OUTER_TILE(outputs, 4) OUTER_TILE(outputs, 5) OUTER_TILE(outputs, 6)
OUTER_TILES(1)
OUTER_TILES(2)
OUTER_TILES(3)
OUTER_TILES(4)
#if LANES_WIDTH == 16
OUTER_TILES_WIDE(1)
OUTER_TILES_WIDE(2)
OUTER_TILES_WIDE(3)
OUTER_TILES_WIDE(4)
#define OUTER_TILE_ROW(o)                                                                                    \
    {                                                                                                        \
        NULL, outer_tile_##o##_1, outer_tile_##o##_2, outer_tile_##o##_3, outer_tile_##o##_4,                \
            outer_tile_##o##_5, outer_tile_##o##_6                                                           \
    }
#else
#define OUTER_TILE_ROW(o)                                                                                    \
    {                                                                                                        \
        NULL, outer_tile_##o##_1, outer_tile_##o##_2                                                         \
    }
#endif
#if LANES_WIDTH == 8
OUTER_TILES(5)
OUTER_TILES(6)
#endif

static outer_tile_function *const outer_tiles[OUTER_TILE_OUTPUTS + 1][OUTER_TILE_VECTORS + 1] = {
    [1] = OUTER_TILE_ROW(1), [2] = OUTER_TILE_ROW(2), [3] = OUTER_TILE_ROW(3), [4] = OUTER_TILE_ROW(4),
#if LANES_WIDTH == 8
    [5] = OUTER_TILE_ROW(5), [6] = OUTER_TILE_ROW(6),
#endif
};

void LANES_FN(outer_product)(const struct lanes_outer_product *p, ptrdiff_t o_begin, ptrdiff_t o_end)
{
    const ptrdiff_t vectors = (p->inputs + LANES_WIDTH - 1) / LANES_WIDTH;
    const size_t last = (size_t)(p->inputs - (vectors - 1) * LANES_WIDTH);
    const ptrdiff_t o_parts = tile_parts(o_end - o_begin, OUTER_TILE_OUTPUTS);
    const ptrdiff_t i_parts = tile_parts(vectors, OUTER_TILE_VECTORS);
    for (ptrdiff_t i_part = 0; i_part < i_parts; i_part++) {
        const ptrdiff_t i = tile_cut(vectors, i_parts, i_part);
        const ptrdiff_t count = tile_cut(vectors, i_parts, i_part + 1) - i;
        const size_t stored = i_part == i_parts - 1 ? last : LANES_WIDTH;
        for (ptrdiff_t o_part = 0; o_part < o_parts; o_part++) {
            const ptrdiff_t o = o_begin + tile_cut(o_end - o_begin, o_parts, o_part);
            const ptrdiff_t outputs = o_begin + tile_cut(o_end - o_begin, o_parts, o_part + 1) - o;
            outer_tiles[outputs][count](p, p->dy + o * LANES_BLOCK, i,
                                        p->dw + o * p->inputs + i * LANES_WIDTH, stored);
        }
    }
}

void LANES_FN(sum_lanes)(const float *dy, ptrdiff_t blocks, ptrdiff_t dy_block, float *dbias,
                         ptrdiff_t o_begin, ptrdiff_t o_end)
{
    for (ptrdiff_t o = o_begin; o < o_end; o++) {
        vf sum = v_zero();
        for (ptrdiff_t block = 0; block < blocks; block++) {
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++)
                sum += v_load(dy + block * dy_block + o * LANES_BLOCK + h * LANES_WIDTH);
        }
        dbias[o] = v_sum(sum);
    }
}
