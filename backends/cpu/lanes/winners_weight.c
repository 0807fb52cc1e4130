// Gradient of a convolution's weight behind a pooling, sample by sample: of a window only the winner has a
// gradient, which goes to the taps that the winner saw. Those of a row lie side by side in an image of
// (height, width, channels), so that a tile of accumulators, one output's taps, takes one after the other.
#include "half.h"
#include "kernels.h"
#include "winners_tile.h"

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
                float sums[HALF_TILE_MOST * LANES_WIDTH] = {0};
                LANES_FN(winners_tiles)
                [rows][here](entries->places, entries->gradients, count, w->images + r * row + first, row,
                             sums, floats);
                add_tile(w, sums, floats, r, rows, first, span - first < floats ? span - first : floats,
                         dw + o * span * w->kernel_h);
            }
        }
        if (db)
            db[o] += LANES_FN(sum)(entries->gradients, (size_t)count);
    }
}
