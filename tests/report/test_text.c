// Text for SVG and HTML: escapes, numbers, names of any bytes.
#include <locale.h>
#include <math.h>

#include <criterion/criterion.h>

#include "../data/scratch.h"
#include "report/text.h"

static void expect_escape(const char *from, const char *to)
{
    struct tuff_text text = {.bytes = NULL};
    tuff_text_add(&text, "");
    tuff_text_escape(&text, from);
    cr_expect_str_eq(text.bytes == NULL ? "" : text.bytes, to);
    tuff_text_free(&text);
}

Test(text, escapes_what_markup_means)
{
    expect_escape("<script>alert(\"a & 'b'\")</script>",
                  "&lt;script&gt;alert(&quot;a &amp; &#39;b&#39;&quot;)&lt;/script&gt;");
    expect_escape("\xC3\xA4\xE6\xBC\xA2\xF0\x9F\x90\x88", "\xC3\xA4\xE6\xBC\xA2\xF0\x9F\x90\x88");
    expect_escape("a\x01\x1B[31m\x7F", "a\xEF\xBF\xBD\xEF\xBF\xBD[31m\xEF\xBF\xBD");
    expect_escape("a\tb\nc", "a\tb\nc");
}

Test(text, replaces_what_is_no_utf8)
{
    expect_escape("\xFF", "\xEF\xBF\xBD");
    expect_escape("\xC3", "\xEF\xBF\xBD");                                                 // cut off
    expect_escape("\xC0\xBC", "\xEF\xBF\xBD\xEF\xBF\xBD");                                 // an overlong '<'
    expect_escape("\xED\xA0\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD");                 // a surrogate
    expect_escape("\xF4\x90\x80\x80", "\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD"); // above U+10FFFF
    expect_escape("\xEF\xBF\xBE", "\xEF\xBF\xBD"); // U+FFFE, which XML cannot hold
}

Test(text, writes_coordinates)
{
    static const struct {
        double value;
        const char *text;
    } cases[] = {{0, "0"},          {-0.004, "0"}, {1, "1"},         {1.5, "1.5"},
                 {-2.256, "-2.26"}, {10, "10"},    {100.1, "100.1"}, {NAN, "0"},
                 {INFINITY, "0"},   {1e300, "0"},  {0.01, "0.01"},   {-0.5, "-0.5"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tuff_text text = {.bytes = NULL};
        tuff_text_coordinate(&text, cases[i].value);
        cr_expect_str_eq(text.bytes, cases[i].text);
        tuff_text_free(&text);
    }
}

Test(text, writes_base64)
{
    // RFC 4648's own examples.
    static const char *const cases[][2] = {{"f", "Zg=="},         {"fo", "Zm8="},
                                           {"foo", "Zm9v"},       {"foob", "Zm9vYg=="},
                                           {"fooba", "Zm9vYmE="}, {"foobar", "Zm9vYmFy"}};
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct tuff_text text = {.bytes = NULL};
        tuff_text_base64(&text, cases[i][0], strlen(cases[i][0]));
        cr_expect_str_eq(text.bytes, cases[i][1]);
        tuff_text_free(&text);
    }
}

Test(text, writes_numbers)
{
    cr_expect_str_eq(tuff_fixed(98.705, 1).s, "98.7");
    cr_expect_str_eq(tuff_fixed(-0.04, 1).s, "0.0");
    cr_expect_str_eq(tuff_fixed(-1.25, 2).s, "-1.25");
    cr_expect_str_eq(tuff_fixed(NAN, 2).s, "\xE2\x80\x93");
    cr_expect_str_eq(tuff_fixed(1e300, 2).s, "1e+300");
    cr_expect_str_eq(tuff_significant(0).s, "0");
    cr_expect_str_eq(tuff_significant(2.3026).s, "2.303");
    cr_expect_str_eq(tuff_significant(0.04354).s, "0.0435");
    cr_expect_str_eq(tuff_significant(0.000123).s, "0.000123");
    cr_expect_str_eq(tuff_significant(0.00001234).s, "1.2e-5");
    cr_expect_str_eq(tuff_significant(12345.6).s, "12346");
    cr_expect_str_eq(tuff_significant(9.99e6).s, "1.0e7");
    cr_expect_str_eq(tuff_significant(-3e-9).s, "-3.0e-9");
    cr_expect_str_eq(tuff_percent(0.9871).s, "98.7\xC2\xA0%");
    cr_expect_str_eq(tuff_percent(1).s, "100\xC2\xA0%");
    cr_expect_str_eq(tuff_percent(0).s, "0\xC2\xA0%");
    cr_expect_str_eq(tuff_percent(0.99999).s, "99.99\xC2\xA0%");
    cr_expect_str_eq(tuff_percent(0.0003).s, "0.03\xC2\xA0%");
    cr_expect_str_eq(tuff_percent(1e-9).s, "<0.01\xC2\xA0%");
    cr_expect_str_eq(tuff_percent(NAN).s, "\xE2\x80\x93");
    cr_expect_str_eq(tuff_grouped(0).s, "0");
    cr_expect_str_eq(tuff_grouped(999).s, "999");
    cr_expect_str_eq(tuff_grouped(1234567).s, "1,234,567");
}

static void expect_clean(const char *from, unsigned columns, const char *to)
{
    char out[64];
    tuff_clean_name(out, sizeof out, from, columns);
    cr_expect_str_eq(out, to, "'%s' in %u columns: expected '%s', found '%s'", from, columns, to, out);
}

Test(text, cuts_names)
{
    expect_clean("automobile", 10, "automobile");
    expect_clean("automobile", 9, "automobi\xE2\x80\xA6");
    expect_clean("automobile", 1, "\xE2\x80\xA6");
    expect_clean("\xE6\xBC\xA2\xE5\xAD\x97", 4, "\xE6\xBC\xA2\xE5\xAD\x97"); // two wide characters
    expect_clean("\xE6\xBC\xA2\xE5\xAD\x97", 3, "\xE6\xBC\xA2\xE2\x80\xA6");
    expect_clean("a\nb\033c\x9Bz", 10,
                 "a\xEF\xBF\xBD"
                 "b\xEF\xBF\xBD"
                 "c\xEF\xBF\xBDz");
    expect_clean("x\xE2\x80\xAEy", 10, "x\xEF\xBF\xBDy"); // turns the direction of writing
    cr_expect_eq(tuff_columns("e\xCC\x81\xE6\xBC\xA2"), 3u);
    char small[8];
    tuff_clean_name(small, sizeof small, "abcdefghij", 100);
    cr_expect_str_eq(small, "abcd\xE2\x80\xA6");
}

Test(text, is_saved_whole_or_not_at_all, .init = scratch_begin, .fini = scratch_end)
{
    struct tuff_text text = {.bytes = NULL};
    tuff_text_add(&text, "whole");
    cr_assert_eq(tuff_text_save(&scratch_log, scratch_path("file"), &text), TUFF_OK);
    text.failed = true;
    scratch_expect(tuff_text_save(&scratch_log, scratch_path("file"), &text), TUFF_ERROR_MEMORY,
                   "out of memory");
    text.failed = false;
    scratch_expect(tuff_text_save(&scratch_log, scratch_path("none/file"), &text), TUFF_ERROR_IO,
                   "none/file");
    size_t count;
    unsigned char *bytes = scratch_read(scratch_path("file"), &count);
    cr_expect(count == 5 && memcmp(bytes, "whole", 5) == 0);
    cr_expect_eq(scratch_files(), 1, "nothing is left beside it");
    free(bytes);
    tuff_text_free(&text);
}
