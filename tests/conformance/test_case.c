// The printable form of cases, and the comparison.
#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

#include "case.h"
#include "compare.h"

// What is printed parses back to what prints the same.
static void check_round_trip(const struct conformance_op *op, enum tuff_layout layout,
                             enum case_precision precision, uint64_t seed, const void *shape)
{
    char line[CONFORMANCE_LINE_BYTES], again[CONFORMANCE_LINE_BYTES];
    struct conformance_case c, parsed;
    cr_assert_eq(conformance_case_create(NULL, op, layout, seed, shape, &c), TUFF_OK);
    c.precision = precision;
    conformance_case_format(&c, line);
    cr_assert_lt(strlen(line), CONFORMANCE_LINE_BYTES - 1, "cut: %s", line);
    cr_assert_eq(conformance_case_parse(NULL, line, &parsed), TUFF_OK, "%s", line);
    cr_assert_eq(parsed.op, op);
    cr_assert_eq(parsed.layout, layout);
    cr_assert_eq(parsed.precision, precision);
    cr_assert_eq(parsed.seed, seed);
    conformance_case_format(&parsed, again);
    cr_assert_str_eq(again, line);
    conformance_case_clear(&c);
    conformance_case_clear(&parsed);
}

Test(cases, lines_parse_back)
{
    for (enum tuff_op i = 0; i < TUFF_OP_COUNT; i++) {
        const struct conformance_op *op = conformance_op_cases(i);
        cr_assert_eq(op->op, i);
        cr_assert_gt(op->corner_count, 0u);
        for (size_t k = 0; k < op->corner_count; k++)
            check_round_trip(op, TUFF_LAYOUT_BATCH16, CASE_PRECISION_F32, 0,
                             (const char *)op->corners + k * op->shape_size);
        struct draw draw = {.seed = 5, .stream = i};
        for (uint32_t k = 0; k < 200; k++) {
            _Alignas(16) unsigned char shape[256] = {0};
            op->draw(&draw, shape);
            for (enum case_precision p = CASE_PRECISION_F32; p <= CASE_PRECISION_F16_F32; p++)
                if (conformance_op_has_precision(op, p))
                    check_round_trip(op, TUFF_LAYOUT_ROW_MAJOR, p, UINT64_MAX - k, shape);
        }
    }
}

// Every drawn shape is one that the core accepts.
Test(cases, draws_are_valid)
{
    for (enum tuff_op i = 0; i < TUFF_OP_COUNT; i++) {
        const struct conformance_op *op = conformance_op_cases(i);
        struct draw draw = {.seed = 6, .stream = i};
        for (uint32_t k = 0; k < 500; k++) {
            _Alignas(16) unsigned char shape[256] = {0};
            struct conformance_case c;
            struct case_setup setup;
            op->draw(&draw, shape);
            cr_assert_eq(conformance_case_create(NULL, op, TUFF_LAYOUT_ROW_MAJOR, 0, shape, &c), TUFF_OK);
            cr_assert_eq(conformance_case_describe(NULL, &c, &setup), TUFF_OK, "%s, draw %u",
                         setup.info->name, k);
            case_setup_clear(&setup);
            conformance_case_clear(&c);
        }
    }
}

// Of each precision, by what the core says of the op.
Test(cases, precisions_of_ops)
{
    const struct conformance_op *linear = conformance_op_cases(TUFF_OP_LINEAR_FORWARD),
                                *add = conformance_op_cases(TUFF_OP_ADD),
                                *adam = conformance_op_cases(TUFF_OP_ADAM);
    cr_expect(conformance_op_has_precision(linear, CASE_PRECISION_F16_F32));
    cr_expect(conformance_op_has_precision(add, CASE_PRECISION_F16));
    cr_expect(!conformance_op_has_precision(add, CASE_PRECISION_F16_F32));
    cr_expect(!conformance_op_has_precision(adam, CASE_PRECISION_F16));
    cr_expect(conformance_op_has_precision(adam, CASE_PRECISION_F32));
}

Test(cases, malformed_lines_are_refused)
{
    static const char *const lines[] = {
        "",
        "add",
        "add()",
        "add(dims=2x3)",
        "add(layout=row_major)",
        "add(layout=row_major,dims=2x3",
        "add(layout=row_major,precision=f64,dims=2x3)",
        "add(layout=row_major,precision=f16_f32,dims=2x3)",
        "copy(layout=row_major,precision=f16,dims=2x3,dtype=f32,from=row_major)",
        "add(layout=column_major,dims=2x3)",
        "add(layout=row_major,dims=)",
        "add(layout=row_major,dims=2x3x)",
        "add(layout=row_major,dims=2x3x4x5x6)",
        "add(layout=row_major,dims=-2)",
        "add(layout=row_major,dims=2x3,dims=2)",
        "add(layout=row_major,dims=2,size=3)",
        "add(layout=row_major,dims=4294967296)",
        "add(layout=row_major,dims=2,)x)",
        "fill(layout=row_major,dims=2,dtype=f64,bits=0)",
        "mul(layout=row_major,dims=2)",
        "max_pool2d_forward(layout=row_major,n=1,c=1,h=4,w=4,kernel=2,stride=2x2,dilation=1x1,pad=0,0,0,0,"
        "values=ties)",
        "max_pool2d_forward(layout=row_major,n=1,c=1,h=4,w=4,kernel=2x2,stride=2x2,dilation=1x1,pad=0,0,0,"
        "values=ties)",
    };
    for (size_t i = 0; i < CASE_COUNT(lines); i++) {
        struct conformance_case c;
        cr_assert_neq(conformance_case_parse(NULL, lines[i], &c), TUFF_OK, "accepted: %s", lines[i]);
    }
}

Test(compare, floats)
{
    cr_assert(compare_float(1.0f, 1.0f, 0));
    cr_assert(compare_float(1.0f, 1.5f, 0.5));
    cr_assert(!compare_float(1.0f, 1.5f, 0.4));
    cr_assert(!compare_float(NAN, 1.0f, 1e9));
    cr_assert(!compare_float(1.0f, NAN, 1e9));
    cr_assert(compare_float(NAN, -NAN, 0));
    cr_assert(compare_float(INFINITY, INFINITY, 0));
    cr_assert(!compare_float(INFINITY, -INFINITY, 1e30));
    cr_assert(!compare_float(INFINITY, 1.0f, INFINITY));
    cr_assert(!compare_float(1.0f, 2.0f, (double)NAN));
    cr_assert(compare_float(0.0f, -0.0f, 0));
}

Test(compare, counts_and_finds_the_first)
{
    const float got[5] = {1, 2, NAN, 4, -0.0f}, expected[5] = {1, 2.5f, 3, 4, 0.0f};
    const double tolerance[5] = {0.1, 0.1, 0.1, CASE_EXACT, CASE_EXACT};
    struct comparison all = {0}, tail = {0};
    compare_elements(TUFF_F32, got, expected, tolerance, 0, 5, &all);
    cr_assert_eq(all.compared, 5u);
    cr_assert_eq(all.mismatches, 3u); // 2 for 2.5, NaN, and the wrong zero
    cr_assert_eq(all.first, 1u);
    compare_elements(TUFF_F32, got, expected, tolerance, 3, 4, &tail);
    cr_assert_eq(tail.mismatches, 0u);
}

Test(compare, zero_passes_for_what_may_be_flushed)
{
    const float got[5] = {0, -0.0f, 0, -0.0f, 0x1p-15f},
                expected[5] = {0x1p-15f, -0x1p-15f, 0x1p-14f, 0, 0x1p-16f};
    struct comparison strict = {0}, half = {.flushed = 0x1p-14};
    compare_elements(TUFF_F32, got, expected, NULL, 0, 5, &strict);
    cr_assert_eq(strict.mismatches, 5u);
    compare_elements(TUFF_F32, got, expected, NULL, 0, 5, &half);
    cr_assert_eq(half.mismatches, 3u); // a normal number, the wrong zero, and what is no zero
    cr_assert_eq(half.first, 2u);
}
