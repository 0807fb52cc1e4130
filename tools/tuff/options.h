// The command line: options from a table, which is also what --help shows.
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
};

enum { OPTION_LIST_MAX = 32 };

struct option_list {
    const char *items[OPTION_LIST_MAX];
    size_t count;
};

struct option {
    const char *name; // without the dashes
    char letter;      // '\0': none
    enum option_kind kind;
    void *value; // holds the default, which --help shows: none for NULL, an empty list, a count of 0, or NAN
    const char *placeholder; // "N"; NULL for flags
    const char *help;
};

struct usage {
    const char *command;  // "train"
    const char *operand;  // what follows the options, "MODEL"; NULL: nothing does
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

// argv[0] is the command's own name. `--name value`, `--name=value`, `-n value`, `-nvalue`; `--` ends the
// options. *operand becomes NULL where usage has none; else it must be there, once.
enum options_result options_parse(const struct usage *usage, int argc, char **argv, const char **operand);

#endif
