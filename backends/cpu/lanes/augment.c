// Pictures that are flipped, shifted and cut, from bytes to floats.
//
// Sixteen neighbouring columns of the result come from at most sixteen neighbouring columns of the picture:
// neither flipping nor mirroring moves neighbours apart. So a strip of sixteen columns is, in every row, one
// load and one permutation, and what is permuted follows from the sample alone.
#include "bytes.h"
#include "kernels.h"

enum { STRIP = 16, NO_BYTE = 0x80 };

// Columns [first, first + 16) of the result: byte which[lane][k] of the 16 that begin at column base[lane] of
// the picture goes to column first + k.
struct strip {
    ptrdiff_t first;
    ptrdiff_t base[LANES_BLOCK];
    uint8_t which[LANES_BLOCK][STRIP];
};

// Which row or column of the picture lies at `at` of the result; -1: none.
LANES_INLINE int32_t source_of(int32_t at, int32_t translate, int32_t crop, int32_t size,
                               enum lanes_border border)
{
    const int32_t window = at - translate, last = size - 1;
    int32_t from = window + crop, inside = (window >= 0) & (window <= last);
    if (border == LANES_BORDER_REFLECT) {
        from = from < 0 ? -from : from;
        from = from > last ? 2 * last - from : from;
    } else if (border == LANES_BORDER_REPLICATE) {
        from = from < 0 ? 0 : from;
        from = from > last ? last : from;
    } else {
        inside &= (from >= 0) & (from <= last);
    }
    return inside ? from : -1;
}

static void plan_lane(const struct lanes_augment *a, ptrdiff_t lane, struct strip *strip)
{
    const int32_t width = (int32_t)a->width, first = (int32_t)strip->first;
    const int32_t translate = a->translate_x[lane], crop = a->crop_x[lane], flip = a->flip[lane];
    int32_t sources[STRIP], base = width < STRIP ? 0 : width - STRIP;
    for (int32_t k = 0; k < STRIP; k++) {
        const int32_t source = source_of(first + k, translate, crop, width, a->border);
        sources[k] = source < 0 ? -1 : flip ? width - 1 - source : source;
    }
    for (int32_t k = 0; k < STRIP; k++)
        base = sources[k] >= 0 && sources[k] < base ? sources[k] : base;
    strip->base[lane] = base;
    for (int32_t k = 0; k < STRIP; k++)
        strip->which[lane][k] = (uint8_t)(sources[k] < 0 ? NO_BYTE : sources[k] - base);
}

// 16 bytes of a row; of one that is narrower, all that there are.
LANES_INLINE bytes16 load_row(const uint8_t *row, ptrdiff_t width)
{
    if (width >= STRIP)
        return bytes_load(row);
    uint8_t bytes[STRIP] = {0};
    memcpy(bytes, row, (size_t)width);
    return bytes_load(bytes);
}

// The row's strip of one lane. row < 0: zeros.
LANES_INLINE bytes16 strip_row(const struct lanes_augment *a, const struct strip *strip, ptrdiff_t lane,
                               ptrdiff_t channel, int32_t row)
{
    static const uint8_t zeros[STRIP] = {0};
    const uint8_t *from =
        row < 0 ? zeros : a->images[lane] + (channel * a->height + row) * a->width + strip->base[lane];
    return bytes_pick(load_row(from, a->width), bytes_load(strip->which[lane]));
}

LANES_INLINE vm v_below_u32(vu a, vu b)
{
#if LANES_WIDTH == 16
    return _mm512_cmplt_epu32_mask((__m512i)a, (__m512i)b);
#else
    return (vm)(a < b);
#endif
}

// What a row's lanes need: where in the picture it comes from, and how many of its columns are cut out.
struct row_plan {
    int32_t sources[LANES_BLOCK];
    uint32_t cut[LANES_BLOCK];
    uint32_t any_cut;
};

static void plan_row(const struct lanes_augment *a, ptrdiff_t row, struct row_plan *plan)
{
    const int32_t at = (int32_t)row, height = (int32_t)a->height;
    plan->any_cut = 0;
    for (ptrdiff_t lane = 0; lane < LANES_BLOCK; lane++)
        plan->sources[lane] = source_of(at, a->translate_y[lane], a->crop_y[lane], height, a->border);
    for (ptrdiff_t lane = 0; a->cutout > 0 && lane < LANES_BLOCK; lane++) {
        plan->cut[lane] = (uint32_t)at - (uint32_t)a->cut_y[lane] < a->cutout ? a->cutout : 0;
        plan->any_cut |= plan->cut[lane];
    }
}

// bytes[k] is column first + k; columns from `begin` on are stored. x: the row's first float.
LANES_INLINE void store_columns(const struct lanes_augment *a, const struct row_plan *plan,
                                const uint8_t bytes[STRIP][LANES_BLOCK], ptrdiff_t first, ptrdiff_t begin,
                                ptrdiff_t end, const float *scale, const float *shift, float *x)
{
    LANES_UNROLL
    for (int h = 0; h < LANES_PARTS; h++) {
        const vf scales = v_load(scale + h * LANES_WIDTH), shifts = v_load(shift + h * LANES_WIDTH);
        uint8_t const *from = bytes[0] + h * LANES_WIDTH;
        float *to = x + h * LANES_WIDTH;
        if (!plan->any_cut) {
            for (ptrdiff_t column = begin; column < end; column++)
                v_store(to + column * LANES_BLOCK,
                        pixels_scaled(from + (column - first) * LANES_BLOCK, scales, shifts));
            continue;
        }
        const vu cut_x = v_load_u32((const uint32_t *)a->cut_x + h * LANES_WIDTH);
        const vu cut = v_load_u32(plan->cut + h * LANES_WIDTH);
        for (ptrdiff_t column = begin; column < end; column++) {
            const vm kept = v_not(v_below_u32(v_splat_u32((uint32_t)column) - cut_x, cut));
            v_store(to + column * LANES_BLOCK,
                    v_keep(kept, pixels_scaled(from + (column - first) * LANES_BLOCK, scales, shifts)));
        }
    }
}

void LANES_FN(augment_block)(const struct lanes_augment *a, ptrdiff_t row_begin, ptrdiff_t row_end, float *x)
{
    const ptrdiff_t width = a->width, row_floats = width * LANES_BLOCK;
    for (ptrdiff_t begin = 0; begin < width; begin += STRIP) {
        // The last strip overlaps the one before, rather than to read beyond the pictures.
        const ptrdiff_t end = begin + STRIP < width ? begin + STRIP : width;
        struct strip strip = {.first = width < STRIP ? 0 : end - STRIP};
        for (ptrdiff_t lane = 0; lane < LANES_BLOCK; lane++)
            plan_lane(a, lane, &strip);
        for (ptrdiff_t row = row_begin; row < row_end; row++) {
            struct row_plan plan;
            plan_row(a, row, &plan);
            for (ptrdiff_t c = 0; c < a->channels; c++) {
                float scale[LANES_BLOCK], shift[LANES_BLOCK];
                for (uint32_t lane = 0; lane < LANES_BLOCK; lane++) {
                    scale[lane] = lane < a->valid ? a->scale[c] : 0.0f;
                    shift[lane] = lane < a->valid ? a->shift[c] : 0.0f;
                }
                bytes16 rows[LANES_BLOCK];
                uint8_t bytes[STRIP][LANES_BLOCK];
                LANES_UNROLL
                for (int lane = 0; lane < LANES_BLOCK; lane++)
                    rows[lane] = strip_row(a, &strip, lane, c, plan.sources[lane]);
                transpose_bytes(rows, bytes);
                store_columns(a, &plan, (const uint8_t(*)[LANES_BLOCK])bytes, strip.first, begin, end, scale,
                              shift, x + (c * a->height + row) * row_floats);
            }
        }
    }
}

// x: (C,H,W)
static void cut_out(const struct lanes_augment *a, float *x)
{
    const ptrdiff_t side = (ptrdiff_t)a->cutout, top = a->cut_y[0], left = a->cut_x[0];
    const ptrdiff_t row_begin = top < 0 ? 0 : top, begin = left < 0 ? 0 : left;
    const ptrdiff_t row_end = top + side < a->height ? top + side : a->height;
    const ptrdiff_t end = left + side < a->width ? left + side : a->width;
    if (begin >= end)
        return;
    for (ptrdiff_t c = 0; c < a->channels; c++)
        for (ptrdiff_t row = row_begin; row < row_end; row++)
            memset(x + (c * a->height + row) * a->width + begin, 0, (size_t)(end - begin) * sizeof *x);
}

void LANES_FN(augment_sample)(const struct lanes_augment *a, float *x)
{
    const ptrdiff_t width = a->width;
    const size_t count = width < STRIP ? (size_t)width : STRIP;
    for (ptrdiff_t begin = 0; begin < width; begin += STRIP) {
        struct strip strip = {.first = width < STRIP || begin + STRIP <= width ? begin : width - STRIP};
        plan_lane(a, 0, &strip);
        for (ptrdiff_t row = 0; row < a->height; row++) {
            const int32_t source =
                source_of((int32_t)row, a->translate_y[0], a->crop_y[0], (int32_t)a->height, a->border);
            for (ptrdiff_t c = 0; c < a->channels; c++) {
                const vf scale = v_splat(a->scale[c]), shift = v_splat(a->shift[c]);
                uint8_t bytes[STRIP];
                bytes_store(bytes, strip_row(a, &strip, 0, c, source));
                float *to = x + (c * a->height + row) * width + strip.first;
                for (size_t k = 0; k < count; k += LANES_WIDTH)
                    v_store_first(to + k, pixels_scaled(bytes + k, scale, shift), count - k);
            }
        }
    }
    if (a->cutout > 0)
        cut_out(a, x);
}
