// The step state and the step's figures.
#include "case.h"
#include "state.h"
#include "tolerance.h"

// -- step_advance

struct advance_shape {
    uint32_t rows, cursor;
};

static const struct case_field advance_fields[] = {
    CASE_FIELD_U32(struct advance_shape, rows),
    CASE_FIELD_U32(struct advance_shape, cursor),
};

static const struct advance_shape advance_corners[] = {{1, 0}, {2, 0},     {2, 1},
                                                       {7, 3}, {118, 117}, {5000, 4097}};

static const struct advance_shape advance_perf[] = {{65536, 0}};

// Each call takes a row.
// Until all rows are taken.
static uint32_t advance_most_calls(const void *shape)
{
    const struct advance_shape *s = shape;
    return s->rows - s->cursor;
}

static void advance_draw(struct draw *draw, void *shape)
{
    struct advance_shape *s = shape;
    s->rows = draw_between(draw, 1, 2000);
    s->cursor = draw_between(draw, 0, s->rows - 1);
}

static enum tuff_status advance_describe(const void *shape, struct case_setup *setup)
{
    const struct advance_shape *s = shape;
    case_setup_state(setup, 0);
    case_setup_tensor(setup, 1, TUFF_U32, 2, (uint32_t[]){s->rows, TUFF_STEP_ROW_WORDS}, CASE_PADDING_FINITE);
    if (s->cursor >= s->rows)
        return tuff_fail(setup->log, TUFF_ERROR_INVALID, "cursor is %u, expected below rows = %u", s->cursor,
                         s->rows);
    return TUFF_OK;
}

static enum tuff_status advance_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct advance_shape *s = shape;
    const struct tuff_step_row before = case_row(9, 99, 999);
    uint32_t *rows = case_words(setup, 1);
    (void)oracle;
    draw_words(setup->seed, case_stream(1), rows, case_stored(setup, 1));
    // The floats of a row are positive normal numbers; the fifth to the eighth word.
    for (uint64_t i = 0; i < case_stored(setup, 1); i++)
        if (i % TUFF_STEP_ROW_WORDS >= 4)
            rows[i] = 0x30000000u + (rows[i] & 0x0fffffffu);
    case_fill_state(setup, 0, s->cursor, &before);
    return TUFF_OK;
}

const struct conformance_op conformance_op_step_advance = {
    .op = TUFF_OP_STEP_ADVANCE,
    .fields = advance_fields,
    .field_count = CASE_COUNT(advance_fields),
    .shape_size = sizeof(struct advance_shape),
    .corners = advance_corners,
    .corner_count = CASE_COUNT(advance_corners),
    .draw = advance_draw,
    .describe = advance_describe,
    .fill = advance_fill,
    .perf = advance_perf,
    .perf_count = CASE_COUNT(advance_perf),
    .most_calls = advance_most_calls,
};

// -- metrics_record

struct record_shape {
    uint32_t n, rows, cursor; // cursor: after step_advance, so at least 1
};

static const struct case_field record_fields[] = {
    CASE_FIELD_U32(struct record_shape, n),
    CASE_FIELD_U32(struct record_shape, rows),
    CASE_FIELD_U32(struct record_shape, cursor),
};

static const struct record_shape record_corners[] = {
    {1, 1, 1},   {2, 3, 3},   {15, 5, 2},    {33, 118, 60}, {255, 2, 1},
    {256, 2, 2}, {257, 4, 3}, {512, 20, 20}, {5000, 3, 1},
};

static const struct record_shape record_perf[] = {{16, 3750, 1}, {512, 118, 1}};

// One row of the metrics is written.
static void record_draw(struct draw *draw, void *shape)
{
    struct record_shape *s = shape;
    s->n = draw_between(draw, 1, draw_between(draw, 0, 1) == 0 ? 64 : 3000);
    s->rows = draw_between(draw, 1, 300);
    s->cursor = draw_between(draw, 1, s->rows);
}

static enum tuff_status record_describe(const void *shape, struct case_setup *setup)
{
    const struct record_shape *s = shape;
    case_setup_tensor(setup, 0, TUFF_U32, 2, (uint32_t[]){s->rows, 2}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 1, TUFF_F32, 1, (uint32_t[]){s->n}, CASE_PADDING_FINITE);
    case_setup_tensor(setup, 2, TUFF_U32, 1, (uint32_t[]){s->n}, CASE_PADDING_FINITE);
    case_setup_state(setup, 3);
    if (s->cursor == 0 || s->cursor > s->rows)
        return tuff_fail(setup->log, TUFF_ERROR_INVALID, "cursor is %u, expected 1 to rows = %u", s->cursor,
                         s->rows);
    return TUFF_OK;
}

static enum tuff_status record_fill(const void *shape, struct case_setup *setup, struct tuff_target *oracle)
{
    const struct record_shape *s = shape;
    const struct tuff_step_row row = case_row(4, 0, s->n);
    (void)oracle;
    draw_words(setup->seed, case_stream(0), case_words(setup, 0), case_stored(setup, 0));
    draw_uniform(setup->seed, case_stream(1), 0.25f, 4.0f, case_floats(setup, 1), s->n);
    draw_below(setup->seed, case_stream(2), 2, case_words(setup, 2), s->n);
    case_fill_state(setup, 3, s->cursor, &row);
    return TUFF_OK;
}

// The sum of the losses; the words around it are exact.
static void record_tolerance(const void *shape, const struct case_view *view, uint32_t output,
                             double *tolerance)
{
    const struct record_shape *s = shape;
    uint64_t at = ((uint64_t)s->cursor - 1) * 2;
    const float *expected =
        view->expected[output]; // its bits; losses are positive, so it is also the magnitude
    tolerance_of_sums(s->n, &expected[at], 1, &tolerance[at]);
}

const struct conformance_op conformance_op_metrics_record = {
    .op = TUFF_OP_METRICS_RECORD,
    .fields = record_fields,
    .field_count = CASE_COUNT(record_fields),
    .shape_size = sizeof(struct record_shape),
    .corners = record_corners,
    .corner_count = CASE_COUNT(record_corners),
    .draw = record_draw,
    .describe = record_describe,
    .fill = record_fill,
    .tolerance = record_tolerance,
    .perf = record_perf,
    .perf_count = CASE_COUNT(record_perf),
};
