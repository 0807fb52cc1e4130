// Pictures that are flipped, shifted and cut, from bytes to floats.
//
// Sixteen neighbouring columns of the result come from at most sixteen neighbouring columns of the picture:
// neither flipping nor mirroring moves neighbours apart. So a strip of sixteen columns is, in every row, one
// load and one permutation, and what is permuted follows from the sample alone.
#include <stdbool.h>

#include "bytes.h"
#include "kernels.h"

enum { STRIP = 16, NO_BYTE = 0x80 };

// -- Lanes of integers.

LANES_INLINE vi i_load(const int32_t *from)
{
    vi v;
    memcpy(&v, from, sizeof v);
    return v;
}

LANES_INLINE void i_store(int32_t *to, vi v)
{
    memcpy(to, &v, sizeof v);
}

LANES_INLINE vi i_splat(int32_t x)
{
    return (vi){0} + x;
}

LANES_INLINE vi i_select(vi choice, vi yes, vi no) // choice: all ones or all zeros
{
    return (choice & yes) | (~choice & no);
}

LANES_INLINE vm v_below_u32(vu a, vu b)
{
#if LANES_WIDTH == 16
    return _mm512_cmplt_epu32_mask((__m512i)a, (__m512i)b);
#else
    return (vm)(a < b);
#endif
}

static const int32_t counting[LANES_BLOCK] = {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15};

// -- Where things come from.

// Which rows or columns of the picture lie at `at` of the result; -1: none.
LANES_INLINE vi sources(vi at, vi translate, vi crop, int32_t size, enum lanes_border border)
{
    const vi window = at - translate, last = i_splat(size - 1), zero = i_splat(0);
    vi from = window + crop, outside = (window < zero) | (window > last);
    if (border == LANES_BORDER_REFLECT) {
        from = i_select(from < zero, -from, from);
        from = i_select(from > last, last + last - from, from);
    } else if (border == LANES_BORDER_REPLICATE) {
        from = i_select(from < zero, zero, from);
        from = i_select(from > last, last, from);
    } else {
        outside |= (from < zero) | (from > last);
    }
    return outside | from;
}

// Columns [first, first + 16) of the result: byte which[k] of the 16 that begin at the column that is
// returned goes to column first + k; NO_BYTE: none does.
static int32_t plan_strip(const struct lanes_augment *a, ptrdiff_t lane, ptrdiff_t first,
                          uint8_t which[STRIP])
{
    const int32_t width = (int32_t)a->width;
    const vi translate = i_splat(a->translate_x[lane]), crop = i_splat(a->crop_x[lane]);
    const vi flip = i_splat(-a->flip[lane]), last = i_splat(width - 1),
             most = i_splat(width < STRIP ? 0 : width - STRIP);
    vi from[LANES_PARTS], least = most;
    int32_t columns[STRIP], leasts[LANES_WIDTH];
    LANES_UNROLL
    for (int h = 0; h < LANES_PARTS; h++) {
        const vi at = i_load(counting + h * LANES_WIDTH) + i_splat((int32_t)first);
        const vi unflipped = sources(at, translate, crop, width, a->border);
        const vi none = unflipped < i_splat(0);
        from[h] = none | i_select(flip, last - unflipped, unflipped);
        least = i_select(~none & (from[h] < least), from[h], least);
    }
    i_store(leasts, least);
    int32_t base = leasts[0];
    LANES_UNROLL
    for (int k = 1; k < LANES_WIDTH; k++)
        base = leasts[k] < base ? leasts[k] : base;
    LANES_UNROLL
    for (int h = 0; h < LANES_PARTS; h++)
        i_store(columns + h * LANES_WIDTH,
                i_select(from[h] < i_splat(0), i_splat(NO_BYTE), from[h] - i_splat(base)));
    for (int k = 0; k < STRIP; k++)
        which[k] = (uint8_t)columns[k];
    return base;
}

// 16 bytes of a row; of a narrow one, which has fewer than a strip, all that there are.
LANES_INLINE bytes16 load_row(const uint8_t *row, bool narrow, ptrdiff_t width)
{
    if (!narrow)
        return bytes_load(row);
    uint8_t bytes[STRIP] = {0};
    memcpy(bytes, row, (size_t)width);
    return bytes_load(bytes);
}

// -- Sixteen samples, one in each lane.

// What a row's lanes need: where in the picture its strip begins, all ones for those that lie outside of it,
// and how many of their columns are cut out. Offsets fit: where 16 pictures are a
// tensor of floats, one has 2^27 bytes at most.
struct row_plan {
    int32_t offsets[LANES_BLOCK], outside[LANES_BLOCK];
    uint32_t cut[LANES_BLOCK];
    bool any_cut;
};

LANES_INLINE void plan_row(const struct lanes_augment *a, const int32_t bases[LANES_BLOCK], ptrdiff_t row,
                           struct row_plan *plan)
{
    const vi at = i_splat((int32_t)row), width = i_splat((int32_t)a->width);
    uint32_t any_cut = 0;
    LANES_UNROLL
    for (int h = 0; h < LANES_BLOCK; h += LANES_WIDTH) {
        const vi from =
            sources(at, i_load(a->translate_y + h), i_load(a->crop_y + h), (int32_t)a->height, a->border);
        const vi outside = from < i_splat(0);
        i_store(plan->outside + h, outside);
        i_store(plan->offsets + h, (~outside & from) * width + i_load(bases + h));
    }
    for (ptrdiff_t lane = 0; a->cutout > 0 && lane < LANES_BLOCK; lane++) {
        plan->cut[lane] = (uint32_t)row - (uint32_t)a->cut_y[lane] < a->cutout ? a->cutout : 0;
        any_cut |= plan->cut[lane];
    }
    plan->any_cut = any_cut != 0;
}

// Scales and shifts of one channel.
struct lane_scales {
    float scale[LANES_BLOCK], shift[LANES_BLOCK];
};

// bytes[k] is column first + k; columns from `begin` on are stored. x: the row's first float.
LANES_INLINE void store_columns(const struct lanes_augment *a, const struct row_plan *plan,
                                const uint8_t bytes[STRIP][LANES_BLOCK], ptrdiff_t first, ptrdiff_t begin,
                                ptrdiff_t end, const struct lane_scales *scales, float *x)
{
    LANES_UNROLL
    for (int h = 0; h < LANES_BLOCK; h += LANES_WIDTH) {
        const vf scale = v_load(scales->scale + h), shift = v_load(scales->shift + h);
        if (!plan->any_cut) {
            for (ptrdiff_t column = begin; column < end; column++)
                v_store(x + column * LANES_BLOCK + h, pixels_scaled(bytes[column - first] + h, scale, shift));
            continue;
        }
        const vu cut_x = (vu)i_load(a->cut_x + h), cut = v_load_u32(plan->cut + h);
        for (ptrdiff_t column = begin; column < end; column++) {
            const vm kept = v_not(v_below_u32(v_splat_u32((uint32_t)column) - cut_x, cut));
            v_store(x + column * LANES_BLOCK + h,
                    v_keep(kept, pixels_scaled(bytes[column - first] + h, scale, shift)));
        }
    }
}

// Columns [begin, end), of those from `first` on that are planned.
LANES_INLINE void augment_strip(const struct lanes_augment *a, const struct lane_scales *scales,
                                ptrdiff_t first, ptrdiff_t begin, ptrdiff_t end, bool narrow,
                                ptrdiff_t row_begin, ptrdiff_t row_end, float *x)
{
    const ptrdiff_t width = a->width, plane = a->height * width;
    uint8_t which[LANES_BLOCK][STRIP];
    int32_t bases[LANES_BLOCK];
    for (ptrdiff_t lane = 0; lane < LANES_BLOCK; lane++)
        bases[lane] = plan_strip(a, lane, first, which[lane]);
    for (ptrdiff_t row = row_begin; row < row_end; row++) {
        struct row_plan plan;
        plan_row(a, bases, row, &plan);
        for (ptrdiff_t c = 0; c < a->channels; c++) {
            bytes16 rows[LANES_BLOCK];
            uint8_t bytes[STRIP][LANES_BLOCK];
            LANES_UNROLL
            for (int lane = 0; lane < LANES_BLOCK; lane++)
                rows[lane] =
                    bytes_pick(load_row(a->images[lane] + c * plane + plan.offsets[lane], narrow, width),
                               bytes_load(which[lane]) | bytes_splat_word(plan.outside[lane]));
            transpose_bytes(rows, bytes);
            store_columns(a, &plan, (const uint8_t(*)[LANES_BLOCK])bytes, first, begin, end, &scales[c],
                          x + (c * plane + row * width) * LANES_BLOCK);
        }
    }
}

void LANES_FN(augment_block)(const struct lanes_augment *a, ptrdiff_t row_begin, ptrdiff_t row_end, float *x)
{
    struct lane_scales scales[LANES_MAX_CHANNELS];
    for (ptrdiff_t c = 0; c < a->channels; c++) {
        for (uint32_t lane = 0; lane < LANES_BLOCK; lane++) {
            scales[c].scale[lane] = lane < a->valid ? a->scale[c] : 0.0f;
            scales[c].shift[lane] = lane < a->valid ? a->shift[c] : 0.0f;
        }
    }
    if (a->width < STRIP) {
        augment_strip(a, scales, 0, 0, a->width, true, row_begin, row_end, x);
        return;
    }
    for (ptrdiff_t begin = 0; begin < a->width; begin += STRIP) {
        // The last strip overlaps the one before, rather than to read beyond the pictures.
        const ptrdiff_t end = begin + STRIP < a->width ? begin + STRIP : a->width;
        augment_strip(a, scales, end - STRIP, begin, end, false, row_begin, row_end, x);
    }
}

// -- One sample, in row-major order.

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

// Columns [first, first + 16), or in a narrow picture all.
LANES_INLINE void augment_sample_strip(const struct lanes_augment *a, ptrdiff_t first, bool narrow, float *x)
{
    const ptrdiff_t width = a->width, plane = a->height * width;
    const vi translate = i_splat(a->translate_y[0]), crop = i_splat(a->crop_y[0]);
    uint8_t planned[STRIP];
    const int32_t base = plan_strip(a, 0, first, planned);
    const bytes16 which = bytes_load(planned);
    for (ptrdiff_t band = 0; band < a->height; band += LANES_WIDTH) {
        // As many rows at once as there are lanes.
        int32_t from[LANES_WIDTH];
        i_store(from, sources(i_load(counting) + i_splat((int32_t)band), translate, crop, (int32_t)a->height,
                              a->border));
        const ptrdiff_t rest = a->height - band, rows = rest < LANES_WIDTH ? rest : LANES_WIDTH;
        for (ptrdiff_t c = 0; c < a->channels; c++) {
            const uint8_t *image = a->images[0] + c * plane + base;
            const vf scale = v_splat(a->scale[c]), shift = v_splat(a->shift[c]);
            float *to = x + c * plane + band * width + first;
            for (ptrdiff_t k = 0; k < rows; k++, to += width) {
                const ptrdiff_t row = from[k] < 0 ? 0 : from[k];
                uint8_t bytes[STRIP];
                bytes_store(bytes, bytes_pick(load_row(image + row * width, narrow, width),
                                              which | bytes_splat_word(from[k] >> 31)));
                if (narrow) {
                    for (ptrdiff_t h = 0; h < width; h += LANES_WIDTH)
                        v_store_first(to + h, pixels_scaled(bytes + h, scale, shift), (size_t)(width - h));
                    continue;
                }
                LANES_UNROLL
                for (int h = 0; h < STRIP; h += LANES_WIDTH)
                    v_store(to + h, pixels_scaled(bytes + h, scale, shift));
            }
        }
    }
}

void LANES_FN(augment_sample)(const struct lanes_augment *a, float *x)
{
    if (a->width < STRIP)
        augment_sample_strip(a, 0, true, x);
    for (ptrdiff_t begin = 0; begin < a->width && a->width >= STRIP; begin += STRIP)
        augment_sample_strip(a, begin + STRIP <= a->width ? begin : a->width - STRIP, false, x);
    if (a->cutout > 0)
        cut_out(a, x);
}
