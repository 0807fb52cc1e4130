// The command line: options from a table, which --help, the manual pages and the completion show as well.
#ifndef TUFF_TOOL_OPTIONS_H
#define TUFF_TOOL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum option_kind {
    OPTION_FLAG,     // bool: true when given
    OPTION_TEXT,     // const char *
    OPTION_LIST,     // struct option_list: may be given several times
    OPTION_COUNT,    // uint32_t, at least 1
    OPTION_SEED,     // uint64_t
    OPTION_POSITIVE, // double above 0
    OPTION_AMOUNT,   // double, at least 0
    OPTION_FRACTION, // double from 0 to below 1
    OPTION_CHOICE,   // struct option_choice: one of some names
    // Rows that are no options: name is a group's heading, "Training"; all that follow belong to it.
    OPTION_GROUP,
    // Up to the next group, options that --help leaves to --help-all where it would not fit a screen.
    OPTION_RARE,
};

enum { OPTION_LIST_MAX = 32 };

struct option_list {
    const char *items[OPTION_LIST_MAX];
    size_t count;
};

struct option_choice {
    const char *const *names;
    size_t count;
    size_t chosen; // index into names; count: none
};

struct option {
    const char *name; // without the dashes
    char letter;      // '\0': none
    enum option_kind kind;
    void *value; // holds the default, which --help shows: none for NULL, an empty list, a count of 0, or NAN
    const char *placeholder; // "N"; NULL for flags
    const char *help;
};

// clang-format off
#define OPTIONS_GROUP(heading) {heading, '\0', OPTION_GROUP, NULL, NULL, NULL}
#define OPTIONS_RARE           {NULL, '\0', OPTION_RARE, NULL, NULL, NULL}
// clang-format on

struct usage {
    const char *command; // "train"
    // What follows the options, in words: "MODEL". One that ends in "..." takes one or more, "RUN IMAGE...",
    // and one in brackets none as well, "RUN [IMAGE...]"; only the last may do either. NULL: nothing follows.
    const char *operand;
    const char *purpose;  // lines, with a newline at the end
    const char *examples; // lines, with a newline at the end
    const struct option *options;
    size_t option_count;
};

enum options_result {
    OPTIONS_READY,
    OPTIONS_HELP,  // help was asked for and has been printed
    OPTIONS_WRONG, // an error was shown
};

// In the order in which they were given: the first belongs to the usage's first word, and so on.
struct operands {
    char **items; // in argv
    size_t count;
};

// argv[0] is the command's own name. `--name value`, `--name=value`, `-n value`, `-nvalue`, flags together as
// in `-fv`; `--` ends the options. Moves the operands to the front of argv[1...], which *operands then shows.
enum options_result options_parse_operands(const struct usage *usage, int argc, char **argv,
                                           struct operands *operands);
// The same for a usage of one word or none: *operand becomes NULL where there is none.
enum options_result options_parse(const struct usage *usage, int argc, char **argv, const char **operand);

// The last value that the arguments give an option which takes one, before they are parsed; NULL: none.
const char *options_find(const struct usage *usage, int argc, char **argv, const char *name);
// The first of the names, ended by NULL, whose option the arguments give, before they are parsed; NULL: none.
const char *options_first_given(const struct usage *usage, int argc, char **argv, const char *const *names);

// While `describe` is set, --help shows nothing: `describe` is given the usage instead. NULL ends that.
typedef void (*options_describe_fn)(void *user, const struct usage *usage);
void options_describe(options_describe_fn describe, void *user);
bool options_described(void);

#endif
