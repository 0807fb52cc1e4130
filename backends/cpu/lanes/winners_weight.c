// Gradient of a convolution's weight behind a pooling, sample by sample: of a window only the winner has a
// gradient, which goes to the taps that the winner saw. Those of a row lie side by side in an image of
// (height, width, channels), so that a tile of accumulators, one output's taps, takes one after the other.
#include "half.h"
#include "kernels.h"

// The winners of output `o`, of the first `samples` lanes: their gradients, and where their first tap lies in
// the images.
static ptrdiff_t collect(const struct lanes_winners *w, ptrdiff_t samples, ptrdiff_t o,
                         const struct lanes_entries *entries)
{
    const ptrdiff_t row = w->width * w->channels, windows = w->pooled_h * w->pooled_w;
    const float *dy = w->dy + o * windows * LANES_BLOCK;
    const uint8_t *winner = w->winner + o * windows * LANES_BLOCK;
    ptrdiff_t count = 0;
#if LANES_WIDTH >= 8
    const int32_t right = (int32_t)w->channels, below = (int32_t)row, image = (int32_t)w->image;
    const __m256i by_winner = _mm256_setr_epi32(0, right, below, below + right, 0, 0, 0, 0);
    const __m256i lanes =
        _mm256_mullo_epi32(_mm256_set1_epi32(image), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
#endif
    for (ptrdiff_t ph = 0; ph < w->pooled_h; ph++) {
        ptrdiff_t place = 2 * ph * row;
        for (ptrdiff_t pw = 0; pw < w->pooled_w; pw++) {
#if LANES_WIDTH >= 8
            count = half_collect(
                entries, count, _mm256_loadu_ps(dy), _mm_loadl_epi64((const __m128i_u *)(const void *)winner),
                _mm256_add_epi32(lanes, _mm256_set1_epi32((int32_t)place)), by_winner, (1u << samples) - 1);
#else
            for (ptrdiff_t lane = 0; lane < samples; lane++) {
                const ptrdiff_t q = winner[lane];
                entries->places[count] =
                    (int32_t)(lane * w->image + place + (q & 1) * w->channels + (q >> 1) * row);
                entries->gradients[count] = dy[lane];
                count += q != 255;
            }
#endif
            dy += LANES_BLOCK;
            winner += LANES_BLOCK;
            place += 2 * w->channels;
        }
    }
    return count;
}

// sums (rows, vectors of lanes) = sum over the entries of gradient * images[place …]. Several sets of
// accumulators where one would wait for itself.
LANES_INLINE void tile(const int rows, const int vectors, const struct lanes_entries *entries,
                       ptrdiff_t count, const float *images, ptrdiff_t row, float *sums, ptrdiff_t sums_row)
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
            const vf gradient = v_hold(v_splat(entries->gradients[e + k]));
            const float *at = images + entries->places[e + k];
            LANES_UNROLL
            for (int r = 0; r < rows; r++) {
                LANES_UNROLL
                for (int v = 0; v < vectors; v++)
                    sum[(k * rows + r) * vectors + v] += gradient * v_load(at + r * row + v * LANES_WIDTH);
            }
        }
    }
    for (; e < count; e++) {
        const vf gradient = v_hold(v_splat(entries->gradients[e]));
        const float *at = images + entries->places[e];
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
            v_store(sums + r * sums_row + v * LANES_WIDTH, all);
        }
    }
}

typedef void tile_function(const struct lanes_entries *entries, ptrdiff_t count, const float *images,
                           ptrdiff_t row, float *sums, ptrdiff_t sums_row);

#define TILE(rows, vectors)                                                                                  \
    static void tile_##rows##_##vectors(const struct lanes_entries *entries, ptrdiff_t count,                \
                                        const float *images, ptrdiff_t row, float *sums, ptrdiff_t sums_row) \
    {                                                                                                        \
        tile(rows, vectors, entries, count, images, row, sums, sums_row);                                    \
    }
HALF_TILES(TILE)

static tile_function *const tiles[HALF_TILE_ROWS + 1][HALF_TILE_MOST + 1] = {
#define TILE_ENTRY(rows, vectors) [rows][vectors] = tile_##rows##_##vectors,
    HALF_TILES(TILE_ENTRY)
#undef TILE_ENTRY
};

// The rows of a tile's sums, each (column, channel), to dw's (channel, row, column).
static void add_tile(const struct lanes_winners *w, const float *sums, ptrdiff_t sums_row,
                     ptrdiff_t first_row, ptrdiff_t rows, ptrdiff_t first, ptrdiff_t count, float *dw)
{
    const ptrdiff_t taps = w->kernel_h * w->kernel_w;
    for (ptrdiff_t r = 0; r < rows; r++) {
        ptrdiff_t s = first / w->channels, c = first % w->channels;
        for (ptrdiff_t i = 0; i < count; i++) {
            dw[c * taps + (first_row + r) * w->kernel_w + s] += sums[r * sums_row + i];
            if (++c == w->channels) {
                c = 0;
                s++;
            }
        }
    }
}

void LANES_FN(winners_weight)(const struct lanes_winners *w, ptrdiff_t samples,
                              const struct lanes_entries *entries, float *dw, float *db)
{
    const ptrdiff_t row = w->width * w->channels, span = w->kernel_w * w->channels;
    const ptrdiff_t vectors = (span + LANES_WIDTH - 1) / LANES_WIDTH;
    ptrdiff_t tile_rows, tile_vectors;
    half_tile(w->kernel_h, vectors, &tile_rows, &tile_vectors);
    for (ptrdiff_t o = 0; o < w->outputs; o++) {
        const ptrdiff_t count = collect(w, samples, o, entries);
        if (count == 0)
            continue;
        for (ptrdiff_t r = 0; r < w->kernel_h; r += tile_rows) {
            const ptrdiff_t rows = w->kernel_h - r < tile_rows ? w->kernel_h - r : tile_rows;
            for (ptrdiff_t v = 0; v < vectors; v += tile_vectors) {
                const ptrdiff_t here = vectors - v < tile_vectors ? vectors - v : tile_vectors;
                const ptrdiff_t first = v * LANES_WIDTH, floats = here * LANES_WIDTH;
                float sums[HALF_TILE_MOST * LANES_WIDTH];
                tiles[rows][here](entries, count, w->images + r * row + first, row, sums, floats);
                add_tile(w, sums, floats, r, rows, first, span - first < floats ? span - first : floats,
                         dw + o * span * w->kernel_h);
            }
        }
        if (db)
            db[o] += LANES_FN(sum)(entries->gradients, (size_t)count);
    }
}
