// Matrix products with the batch in the lanes: a linear layer forward, and the gradient of its input.
//
// With several blocks of samples they are correlations whose positions are the blocks. With one block each
// weight is used once, so as many outputs as there are registers share each load of an input.
#include "kernels.h"
#include "packed_tile.h"
#include "product_tile.h"
#include "tile.h"

// Weight rows that are addressed from one register: 0 to 4 times the stride between them are to be had from
// few.
enum { ROWS_PER_BASE = 5, BASES = (PRODUCT_OUTPUTS + ROWS_PER_BASE - 1) / ROWS_PER_BASE };

enum { CACHE_SET_PERIOD = 4096, CACHE_WAYS = 8 };

LANES_INLINE vf weight_of(const float *w)
{
    // Used once, it is best left to the multiply-add to load.
    return LANES_PARTS > 1 ? v_hold(v_splat(*w)) : v_splat(*w);
}

LANES_INLINE void product_store(const int outputs, const struct lanes_product *p,
                                vf sum[PRODUCT_OUTPUTS][LANES_PARTS], float *y)
{
    const int relu = p->relu; // y could alias *p for all the compiler knows
    LANES_UNROLL
    for (int o = 0; o < outputs; o++) {
        LANES_UNROLL
        for (int h = 0; h < LANES_PARTS; h++)
            v_store(y + o * LANES_BLOCK + h * LANES_WIDTH, relu ? v_relu(sum[o][h]) : sum[o][h]);
    }
}

// y[o] = bias[o] + sum over i of x[i] * w[o * inputs + i], for `outputs`, constant where this is inlined.
LANES_INLINE void product_rows(const int outputs, const struct lanes_product *p, const float *w,
                               const float *bias, float *y)
{
    vf sum[PRODUCT_OUTPUTS][LANES_PARTS];
    const float *base[BASES];
    LANES_UNROLL
    for (int o = 0; o < outputs; o++) {
        LANES_UNROLL
        for (int h = 0; h < LANES_PARTS; h++)
            sum[o][h] = bias ? v_splat(bias[o]) : v_zero();
    }
    LANES_UNROLL
    for (int b = 0; b * ROWS_PER_BASE < outputs; b++)
        base[b] = w + b * ROWS_PER_BASE * p->w_out;
    const ptrdiff_t w_out = p->w_out;
    const float *x = p->x, *end = x + p->inputs * LANES_BLOCK;
    for (; x < end; x += LANES_BLOCK) {
        vf in[LANES_PARTS];
        LANES_UNROLL
        for (int h = 0; h < LANES_PARTS; h++)
            in[h] = v_hold(v_load(x + h * LANES_WIDTH));
        LANES_UNROLL
        for (int b = 0; b * ROWS_PER_BASE < outputs; b++)
            base[b] = hold_pointer(base[b]);
        LANES_UNROLL
        for (int o = 0; o < outputs; o++) {
            const vf weight = weight_of(base[o / ROWS_PER_BASE] + o % ROWS_PER_BASE * w_out);
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++)
                sum[o][h] += weight * in[h];
        }
        LANES_UNROLL
        for (int b = 0; b * ROWS_PER_BASE < outputs; b++)
            base[b]++;
    }
    product_store(outputs, p, sum, y);
}

// y[o] = sum over i of x[i] * w[o + i * w_in].
LANES_INLINE void product_columns(const int outputs, const struct lanes_product *p, const float *w, float *y)
{
    vf sum[PRODUCT_OUTPUTS][LANES_PARTS];
    LANES_UNROLL
    for (int o = 0; o < outputs; o++) {
        LANES_UNROLL
        for (int h = 0; h < LANES_PARTS; h++)
            sum[o][h] = v_zero();
    }
    const ptrdiff_t w_in = p->w_in;
    const float *x = p->x;
    for (ptrdiff_t i = 0; i < p->inputs; i++) {
        vf in[LANES_PARTS];
        LANES_UNROLL
        for (int h = 0; h < LANES_PARTS; h++)
            in[h] = v_hold(v_load(x + h * LANES_WIDTH));
        // What the next tile will read: the rows lie too far apart for the processor to foresee it.
        LANES_UNROLL
        for (int ahead = PRODUCT_OUTPUTS; ahead < 2 * PRODUCT_OUTPUTS; ahead += 16)
            __builtin_prefetch(w + ahead);
        LANES_UNROLL
        for (int o = 0; o < outputs; o++) {
            const vf weight = weight_of(w + o);
            LANES_UNROLL
            for (int h = 0; h < LANES_PARTS; h++)
                sum[o][h] += weight * in[h];
        }
        x += LANES_BLOCK;
        w += w_in;
    }
    product_store(outputs, p, sum, y);
}

typedef void product_function(const struct lanes_product *p, const float *w, const float *bias, float *y);

#define PRODUCT(n)                                                                                           \
    static void product_rows_##n(const struct lanes_product *p, const float *w, const float *bias, float *y) \
    {                                                                                                        \
        product_rows(n, p, w, bias, y);                                                                      \
    }                                                                                                        \
    static void product_columns_##n(const struct lanes_product *p, const float *w, const float *bias,        \
                                    float *y)                                                                \
    {                                                                                                        \
        (void)bias;                                                                                          \
        product_columns(n, p, w, y);                                                                         \
    }
#if LANES_WIDTH == 16
#define PRODUCTS(each)                                                                                       \
    each(1) each(2) each(3) each(4) each(5) each(6) each(7) each(8) each(9) each(10) each(11) each(12)       \
        each(13) each(14) each(15) each(16) each(17) each(18) each(19) each(20) each(21) each(22) each(23)   \
            each(24)
#elif LANES_WIDTH == 8
#define PRODUCTS(each) each(1) each(2) each(3) each(4) each(5) each(6)
#else
#define PRODUCTS(each) each(1) each(2)
#endif
PRODUCTS(PRODUCT)

#define ROWS_ENTRY(n)    [n] = product_rows_##n,
#define COLUMNS_ENTRY(n) [n] = product_columns_##n,
static product_function *const rows_tiles[PRODUCT_OUTPUTS + 1] = {PRODUCTS(ROWS_ENTRY)};
static product_function *const columns_tiles[PRODUCT_OUTPUTS + 1] = {PRODUCTS(COLUMNS_ENTRY)};

static void product_of_block(const struct lanes_product *p, ptrdiff_t o_begin, ptrdiff_t o_end)
{
    product_function *const *tiles = p->w_out == 1 && !p->bias ? columns_tiles : rows_tiles;
    // Rows whose distance is a multiple of a page share one set of the first-level cache: no more of them at
    // a time than it has ways.
    const int aliased = p->w_out * (ptrdiff_t)sizeof *p->w % CACHE_SET_PERIOD == 0;
    const ptrdiff_t ways = aliased ? CACHE_WAYS : PRODUCT_OUTPUTS;
    const ptrdiff_t parts = tile_parts(o_end - o_begin, ways < PRODUCT_OUTPUTS ? ways : PRODUCT_OUTPUTS);
    for (ptrdiff_t part = 0; part < parts; part++) {
        const ptrdiff_t o = o_begin + tile_cut(o_end - o_begin, parts, part);
        const ptrdiff_t count = o_begin + tile_cut(o_end - o_begin, parts, part + 1) - o;
        tiles[count](p, p->w + o * p->w_out, p->bias ? p->bias + o : NULL, p->y + o * LANES_BLOCK);
    }
}

void LANES_FN(product)(const struct lanes_product *p, ptrdiff_t o_begin, ptrdiff_t o_end)
{
    if (p->blocks == 1) {
        product_of_block(p, o_begin, o_end);
        return;
    }
    const struct tile_taps t = {
        .channels = 1,
        .rows = 1,
        .columns = p->inputs,
        .x_column = LANES_BLOCK,
        .x_position = p->x_block,
        .w_column = p->w_in,
        .w_out = p->w_out,
        .y_out = LANES_BLOCK,
        .y_position = p->y_block,
        .relu = p->relu,
    };
    const ptrdiff_t parts = tile_parts(o_end - o_begin, TILE_OUTPUTS);
    for (ptrdiff_t part = 0; part < parts; part++) {
        const ptrdiff_t o = o_begin + tile_cut(o_end - o_begin, parts, part);
        const ptrdiff_t count = o_begin + tile_cut(o_end - o_begin, parts, part + 1) - o;
        LANES_FN(tile_rows)
        [count](&t, p->x, p->w + o * p->w_out, p->bias ? p->bias + o : NULL, p->y + o * LANES_BLOCK,
                p->blocks);
    }
}

void LANES_FN(product_packed)(const struct lanes_packed_product *p, ptrdiff_t outputs)
{
    const struct packed_taps t = {
        .rows = 1,
        .columns = 1,
        .channels = p->inputs,
        .x_channel = LANES_BLOCK,
        .x_position = p->x_block,
        .w_channel = p->w_in,
        .y_out = LANES_BLOCK,
        .y_position = p->y_block,
        .adds = p->adds,
    };
    const ptrdiff_t parts = tile_parts(outputs, TILE_OUTPUTS);
    for (ptrdiff_t part = 0; part < parts; part++) {
        const ptrdiff_t o = tile_cut(outputs, parts, part), count = tile_cut(outputs, parts, part + 1) - o;
        LANES_FN(packed_rows)
        [count](&t, p->x, p->w + o, NULL, p->y + o * LANES_BLOCK, p->blocks);
    }
}
