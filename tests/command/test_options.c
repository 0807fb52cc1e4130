// Operands: lists of them, those that may be absent, and those that are not there. Choices, and flags
// together.
#include <criterion/criterion.h>

#include "options.h"

static uint32_t count;
static bool force, quiet;
static const char *const colours[] = {"red", "green", "blue"};
static struct option_choice colour = {.names = colours, .count = 3, .chosen = 1};
static const struct option options[] = {
    OPTIONS_GROUP("Group"),
    {"count", 'n', OPTION_COUNT, &count, "N", "how many"},
    OPTIONS_RARE,
    {"force", 'f', OPTION_FLAG, &force, NULL, "for sure"},
    {"quiet", 'q', OPTION_FLAG, &quiet, NULL, "say less"},
    {"colour", 'c', OPTION_CHOICE, &colour, "NAME", "of what is drawn"},
};
static const struct usage anything = {
    .command = "show", .options = options, .option_count = sizeof options / sizeof *options};

// The arguments end with NULL.
static enum options_result parse(const char *operand, char *const *arguments, struct operands *operands)
{
    static char *argv[16]; // operands show it
    const struct usage usage = {.command = "show",
                                .operand = operand,
                                .purpose = "",
                                .examples = "",
                                .options = options,
                                .option_count = sizeof options / sizeof *options};
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

Test(options, chooses_among_names)
{
    struct operands operands;
    cr_assert_eq(parse(NULL, ARGUMENTS("-n", "3"), &operands), OPTIONS_READY);
    cr_assert_eq(colour.chosen, 1, "the default");
    cr_assert_eq(parse(NULL, ARGUMENTS("--colour", "blue"), &operands), OPTIONS_READY);
    cr_assert_eq(colour.chosen, 2);
    cr_assert_eq(parse(NULL, ARGUMENTS("-cred"), &operands), OPTIONS_READY);
    cr_assert_eq(colour.chosen, 0);
    cr_assert_eq(parse(NULL, ARGUMENTS("--colour", "gren"), &operands), OPTIONS_WRONG);
    cr_assert_eq(parse(NULL, ARGUMENTS("--colour="), &operands), OPTIONS_WRONG);
}

Test(options, takes_flags_together)
{
    struct operands operands;
    cr_assert_eq(parse(NULL, ARGUMENTS("-fqn", "7"), &operands), OPTIONS_READY);
    cr_assert(force && quiet);
    cr_assert_eq(count, 7);
    cr_assert_eq(parse(NULL, ARGUMENTS("-fn8"), &operands), OPTIONS_READY);
    cr_assert_eq(count, 8);
    cr_assert_eq(parse(NULL, ARGUMENTS("-fx"), &operands), OPTIONS_WRONG);
    cr_assert_eq(parse(NULL, ARGUMENTS("-count", "7"), &operands), OPTIONS_WRONG);
    cr_assert_eq(parse(NULL, ARGUMENTS("--Group"), &operands), OPTIONS_WRONG);
}

// However it is written, and nothing that only looks like it.
Test(options, finds_a_value_before_it_is_parsed)
{
    static const struct {
        const char *expected;
        char *arguments[6];
    } cases[] = {
        {"blue", {"show", "a", "--colour", "blue"}},
        {"blue", {"show", "--colour=blue"}},
        {"blue", {"show", "-c", "blue", "a"}},
        {"blue", {"show", "-cblue"}},
        {"blue", {"show", "-fqc", "blue"}},
        {"blue", {"show", "-c", "red", "--colour", "blue"}},
        {NULL, {"show", "-n", "-c", "blue"}},
        {NULL, {"show", "--count", "--colour=blue"}},
        {NULL, {"show", "--", "--colour=blue"}},
        {NULL, {"show", "-ncblue", "-f", "blue"}},
        {NULL, {"show", "-c"}},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        int argc = 0;
        char *argv[6];
        for (; cases[i].arguments[argc] != NULL; argc++)
            argv[argc] = cases[i].arguments[argc];
        const char *found = options_find(&anything, argc, argv, "colour");
        cr_expect((found == NULL) == (cases[i].expected == NULL), "case %zu", i);
        if (found != NULL && cases[i].expected != NULL)
            cr_expect_str_eq(found, cases[i].expected, "case %zu", i);
    }
}

static size_t described;
static void describe(void *user, const struct usage *usage)
{
    *(const struct usage **)user = usage;
    described++;
}

Test(options, describes_instead_of_helping)
{
    struct operands operands;
    const struct usage *seen = NULL;
    options_describe(describe, &seen);
    cr_assert_eq(parse("RUN", ARGUMENTS("--help"), &operands), OPTIONS_HELP);
    options_describe(NULL, NULL);
    cr_assert_eq(described, 1);
    cr_assert_not_null(seen);
}
