#include <criterion/criterion.h>

#include "base/suggest.h"

static const char *const words[] = {"vulkan", "cpu", "reference", "stride", "padding"};

static const char *suggest(const char *word)
{
    return tuff_suggest(word, words, sizeof words / sizeof *words);
}

Test(suggest, finds_the_nearest)
{
    cr_assert_str_eq(suggest("vulcan"), "vulkan");
    cr_assert_str_eq(suggest("stide"), "stride");
    cr_assert_str_eq(suggest("cup"), "cpu"); // neighbours swapped
    cr_assert_str_eq(suggest("refrence"), "reference");
    cr_assert_str_eq(suggest("cpu"), "cpu");
}

Test(suggest, is_silent_when_nothing_is_near)
{
    cr_assert_null(suggest("tensorflow"));
    cr_assert_null(suggest(""));
    cr_assert_null(suggest("xyz"));
    cr_assert_null(tuff_suggest("cpu", words, 0));
}

Test(suggest, survives_words_of_any_length)
{
    char longer[500];
    for (size_t i = 0; i < sizeof longer; i++)
        longer[i] = 'v';
    longer[sizeof longer - 1] = '\0';
    cr_assert_null(suggest(longer));
    longer[64] = '\0';
    cr_assert_null(suggest(longer));
}
