// Gradient of a convolution's input before a pooling, sample by sample. What a window of 2 x 2 outputs saw is
// a patch of kernel_h + 1 rows and kernel_w + 1 columns, and each output's winner adds its weights to it,
// moved to the right and down by where in the window it lies. So that this is one multiply-add per vector of
// the patch, the weights are there with a zero row above and below, and, of each row, with zeros behind and
// with zeros before.
#include "half.h"
#include "kernels.h"
#include "winners_tile.h"

// Vectors of a patch's row.
static ptrdiff_t patch_vectors(ptrdiff_t channels, ptrdiff_t kernel_w)
{
    return ((kernel_w + 1) * channels + LANES_WIDTH - 1) / LANES_WIDTH;
}

ptrdiff_t LANES_FN(winners_weights_size)(ptrdiff_t outputs, ptrdiff_t channels, ptrdiff_t kernel_h,
                                         ptrdiff_t kernel_w)
{
    return 2 * outputs * (kernel_h + 2) * patch_vectors(channels, kernel_w) * LANES_WIDTH;
}

void LANES_FN(winners_weights)(const float *weight, ptrdiff_t outputs, ptrdiff_t channels, ptrdiff_t kernel_h,
                               ptrdiff_t kernel_w, float *made)
{
    const ptrdiff_t row = patch_vectors(channels, kernel_w) * LANES_WIDTH, filter = (kernel_h + 2) * row;
    memset(made, 0, (size_t)(2 * outputs * filter) * sizeof *made);
    for (ptrdiff_t o = 0; o < outputs; o++) {
        for (ptrdiff_t c = 0; c < channels; c++) {
            for (ptrdiff_t r = 0; r < kernel_h; r++) {
                float *to = made + o * filter + (r + 1) * row + c;
                for (ptrdiff_t s = 0; s < kernel_w; s++) {
                    to[s * channels] = *weight;
                    to[outputs * filter + (s + 1) * channels] = *weight;
                    weight++;
                }
            }
        }
    }
}

// Of each lane, the outputs that have a gradient in window number `window`: gradients, and the places of
// their weights. Lane i's entries begin at number i * (outputs + LANES_HALF).
static void collect(const struct lanes_winners *w, ptrdiff_t window, ptrdiff_t row,
                    const struct lanes_entries *entries, ptrdiff_t counts[LANES_HALF])
{
    const ptrdiff_t windows = w->pooled_h * w->pooled_w, filter = (w->kernel_h + 2) * row;
    const ptrdiff_t output = windows * LANES_BLOCK, each = w->outputs + LANES_HALF;
    const float *dy = w->dy + window * LANES_BLOCK;
    const uint8_t *winner = w->winner + window * LANES_BLOCK;
    for (int lane = 0; lane < LANES_HALF; lane++)
        counts[lane] = 0;
#if LANES_WIDTH >= 8
    static const float no_gradient[LANES_HALF];
    static const uint8_t no_winner[LANES_HALF] = {255, 255, 255, 255, 255, 255, 255, 255};
    const int32_t right = (int32_t)(w->outputs * filter), above = (int32_t)row;
    const __m256i by_winner = _mm256_setr_epi32(above, above + right, 0, right, 0, 0, 0, 0);
    const __m256i filters =
        _mm256_mullo_epi32(_mm256_set1_epi32((int32_t)filter), _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7));
    for (ptrdiff_t o = 0; o < w->outputs; o += LANES_HALF) {
        float gradients[LANES_HALF][LANES_HALF];
        const float *from[LANES_HALF];
        float *to[LANES_HALF];
        __m128i bytes[LANES_HALF];
        LANES_UNROLL
        for (int i = 0; i < LANES_HALF; i++) {
            const int there = o + i < w->outputs;
            from[i] = there ? dy + (o + i) * output : no_gradient;
            to[i] = gradients[i];
            bytes[i] = _mm_loadl_epi64(
                (const __m128i_u *)(const void *)(there ? winner + (o + i) * output : no_winner));
        }
        half_transpose(from, to);
        __m128i pairs[4], fours[4], lanes[4];
        LANES_UNROLL
        for (int i = 0; i < 4; i++)
            pairs[i] = _mm_unpacklo_epi8(bytes[2 * i], bytes[2 * i + 1]);
        LANES_UNROLL
        for (int i = 0; i < 2; i++) {
            fours[2 * i] = _mm_unpacklo_epi16(pairs[2 * i], pairs[2 * i + 1]); // lanes 0 to 3
            fours[2 * i + 1] = _mm_unpackhi_epi16(pairs[2 * i], pairs[2 * i + 1]);
        }
        LANES_UNROLL
        for (int i = 0; i < 2; i++) {
            lanes[2 * i] = _mm_unpacklo_epi32(fours[i], fours[i + 2]); // two lanes each
            lanes[2 * i + 1] = _mm_unpackhi_epi32(fours[i], fours[i + 2]);
        }
        const __m256i first = _mm256_add_epi32(filters, _mm256_set1_epi32((int32_t)(o * filter)));
        LANES_UNROLL
        for (int lane = 0; lane < LANES_HALF; lane++) {
            const struct lanes_entries own = {entries->places + lane * each,
                                              entries->gradients + lane * each};
            const __m128i eight =
                lane % 2 == 0 ? lanes[lane / 2] : _mm_unpackhi_epi64(lanes[lane / 2], lanes[lane / 2]);
            counts[lane] = half_collect(&own, counts[lane], _mm256_loadu_ps(gradients[lane]), eight, first,
                                        by_winner, 0xff);
        }
    }
#else
    for (ptrdiff_t o = 0; o < w->outputs; o++) {
        for (ptrdiff_t lane = 0; lane < LANES_HALF; lane++) {
            const ptrdiff_t q = winner[o * output + lane], at = lane * each + counts[lane];
            entries->places[at] = (int32_t)((q & 1) * w->outputs * filter + o * filter + (q >= 2 ? 0 : row));
            entries->gradients[at] = dy[o * output + lane];
            counts[lane] += q != 255;
        }
    }
#endif
}

void LANES_FN(winners_input)(const struct lanes_winners *w, const float *weights, ptrdiff_t samples,
                             const struct lanes_entries *entries)
{
    const ptrdiff_t image_row = w->width * w->channels, vectors = patch_vectors(w->channels, w->kernel_w);
    const ptrdiff_t row = vectors * LANES_WIDTH, patch_rows = w->kernel_h + 1;
    const ptrdiff_t each = w->outputs + LANES_HALF;
    ptrdiff_t tile_rows, tile_vectors;
    half_tile(patch_rows, vectors, &tile_rows, &tile_vectors);
    for (ptrdiff_t ph = 0; ph < w->pooled_h; ph++) {
        for (ptrdiff_t pw = 0; pw < w->pooled_w; pw++) {
            ptrdiff_t counts[LANES_HALF];
            collect(w, ph * w->pooled_w + pw, row, entries, counts);
            float *patch = w->images + 2 * ph * image_row + 2 * pw * w->channels;
            for (ptrdiff_t lane = 0; lane < samples; lane++, patch += w->image) {
                if (counts[lane] == 0)
                    continue;
                for (ptrdiff_t r = 0; r < patch_rows; r += tile_rows) {
                    const ptrdiff_t rows = patch_rows - r < tile_rows ? patch_rows - r : tile_rows;
                    for (ptrdiff_t v = 0; v < vectors; v += tile_vectors) {
                        const ptrdiff_t here = vectors - v < tile_vectors ? vectors - v : tile_vectors;
                        LANES_FN(winners_tiles)
                        [rows][here](entries->places + lane * each, entries->gradients + lane * each,
                                     counts[lane], weights + r * row + v * LANES_WIDTH, row,
                                     patch + r * image_row + v * LANES_WIDTH, image_row);
                    }
                }
            }
        }
    }
}
