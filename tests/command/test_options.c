// Operands: lists of them, those that may be absent, and those that are not there.
#include <criterion/criterion.h>

#include "options.h"

static uint32_t count;
static const struct option options[] = {{"count", 'n', OPTION_COUNT, &count, "N", "how many"}};

// The arguments end with NULL.
static enum options_result parse(const char *operand, char *const *arguments, struct operands *operands)
{
    static char *argv[16]; // operands show it
    const struct usage usage = {.command = "show",
                                .operand = operand,
                                .purpose = "",
                                .examples = "",
                                .options = options,
                                .option_count = 1};
    int argc = 0;
    for (; arguments[argc] != NULL; argc++)
        argv[argc] = arguments[argc];
    return options_parse_operands(&usage, argc, argv, operands);
}

#define ARGUMENTS(...) ((char *[]){"show", __VA_ARGS__, NULL})

Test(options, collects_a_list)
{
    struct operands operands;
    count = 0;
    cr_assert_eq(parse("RUN IMAGE...", ARGUMENTS("run", "-n", "3", "a", "b", "--", "-c"), &operands),
                 OPTIONS_READY);
    cr_assert_eq(operands.count, 4);
    cr_assert_str_eq(operands.items[0], "run");
    cr_assert_str_eq(operands.items[1], "a");
    cr_assert_str_eq(operands.items[2], "b");
    cr_assert_str_eq(operands.items[3], "-c");
    cr_assert_eq(count, 3);
}

Test(options, a_list_needs_one_at_least)
{
    struct operands operands;
    cr_assert_eq(parse("RUN IMAGE...", ARGUMENTS("run"), &operands), OPTIONS_WRONG);
    cr_assert_eq(parse("RUN IMAGE...", ARGUMENTS("run", "a", ""), &operands), OPTIONS_WRONG);
    cr_assert_eq(parse("RUN IMAGE...", ARGUMENTS("-n", "3"), &operands), OPTIONS_WRONG);
    cr_assert_eq(parse("RUN IMAGE...", ARGUMENTS("run", "a"), &operands), OPTIONS_READY);
}

Test(options, what_is_in_brackets_may_be_absent)
{
    struct operands operands;
    cr_assert_eq(parse("RUN [IMAGE...]", ARGUMENTS("run"), &operands), OPTIONS_READY);
    cr_assert_eq(operands.count, 1);
    cr_assert_eq(parse("RUN [IMAGE...]", ARGUMENTS("run", "a", "b"), &operands), OPTIONS_READY);
    cr_assert_eq(operands.count, 3);
    cr_assert_eq(parse("[RUN]", ARGUMENTS("-n3"), &operands), OPTIONS_READY);
    cr_assert_eq(operands.count, 0);
    cr_assert_eq(parse("[RUN]", ARGUMENTS("a", "b"), &operands), OPTIONS_WRONG);
    cr_assert_eq(parse("[RUN]", ARGUMENTS(""), &operands), OPTIONS_WRONG);
}

Test(options, several_words_take_as_many)
{
    struct operands operands;
    cr_assert_eq(parse("FROM TO", ARGUMENTS("a"), &operands), OPTIONS_WRONG);
    cr_assert_eq(parse("FROM TO", ARGUMENTS("a", "b", "c"), &operands), OPTIONS_WRONG);
    cr_assert_eq(parse("FROM TO", ARGUMENTS("a", "b"), &operands), OPTIONS_READY);
    cr_assert_str_eq(operands.items[1], "b");
}
