// The register tile that both gradients from winners are made of.
#include "winners_tile.h"

#include "half.h"
#include "kernels.h"

// `rows` x `vectors`, both constants where this is inlined. Several sets of accumulators where one would wait
// for itself.
LANES_INLINE void tile(const int rows, const int vectors, const int32_t *places, const float *gradients,
                       ptrdiff_t count, const float *from, ptrdiff_t row, float *to, ptrdiff_t to_row)
{
    const int sets = rows * vectors <= 4 ? 3 : rows * vectors <= 6 ? 2 : 1;
    vf sum[HALF_TILE_MOST];
    LANES_UNROLL
    for (int i = 0; i < sets * rows * vectors; i++)
        sum[i] = v_zero();
    ptrdiff_t e = 0;
    for (; e + sets <= count; e += sets) {
        LANES_UNROLL
        for (int k = 0; k < sets; k++) {
            const vf gradient = v_hold(v_splat(gradients[e + k]));
            const float *at = from + places[e + k];
            LANES_UNROLL
            for (int r = 0; r < rows; r++) {
                LANES_UNROLL
                for (int v = 0; v < vectors; v++)
                    sum[(k * rows + r) * vectors + v] += gradient * v_load(at + r * row + v * LANES_WIDTH);
            }
        }
    }
    for (; e < count; e++) {
        const vf gradient = v_hold(v_splat(gradients[e]));
        const float *at = from + places[e];
        LANES_UNROLL
        for (int r = 0; r < rows; r++) {
            LANES_UNROLL
            for (int v = 0; v < vectors; v++)
                sum[r * vectors + v] += gradient * v_load(at + r * row + v * LANES_WIDTH);
        }
    }
    LANES_UNROLL
    for (int r = 0; r < rows; r++) {
        LANES_UNROLL
        for (int v = 0; v < vectors; v++) {
            vf all = sum[r * vectors + v];
            LANES_UNROLL
            for (int k = 1; k < sets; k++)
                all += sum[(k * rows + r) * vectors + v];
            float *at = to + r * to_row + v * LANES_WIDTH;
            v_store(at, v_load(at) + all);
        }
    }
}

#define TILE(rows, vectors)                                                                                  \
    static void tile_##rows##_##vectors(const int32_t *places, const float *gradients, ptrdiff_t count,      \
                                        const float *from, ptrdiff_t row, float *to, ptrdiff_t to_row)       \
    {                                                                                                        \
        tile(rows, vectors, places, gradients, count, from, row, to, to_row);                                \
    }
HALF_TILES(TILE)

winners_tile_function *const LANES_FN(winners_tiles)[HALF_TILE_ROWS + 1][HALF_TILE_MOST + 1] = {
#define TILE_ENTRY(rows, vectors) [rows][vectors] = tile_##rows##_##vectors,
    HALF_TILES(TILE_ENTRY)
#undef TILE_ENTRY
};
