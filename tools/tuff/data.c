// tuff data: finds the subcommand.
#include "data.h"

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

#include "base/suggest.h"
#include "commands.h"
#include "console.h"

static const struct {
    const char *name, *purpose;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"list", "list the data sets, and which of them are here", data_list},
    {"fetch", "fetch the files of a data set", data_fetch},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static int print_help(void)
{
    console_print("Usage: tuff data COMMAND [options]\n"
                  "Data sets: which there are, where they are, and how to get them.\n\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        console_print("  %-12s %s\n", commands[i].name, commands[i].purpose);
    console_print("\ntuff data COMMAND --help shows a command's options.\n\n"
                  "Examples:\n"
                  "  tuff data list\n"
                  "  tuff data fetch mnist\n");
    return EXIT_DONE;
}

int command_data(int argc, char **argv)
{
    const char *names[COMMAND_COUNT], *verb = argc > 1 ? argv[1] : NULL;
    if (verb == NULL) {
        console_error("data: a command is missing (see tuff data --help)");
        return EXIT_USAGE;
    }
    if (strcmp(verb, "--help") == 0 || strcmp(verb, "-h") == 0)
        return print_help();
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i] = commands[i].name;
        if (strcmp(verb, names[i]) == 0)
            return commands[i].run(argc - 1, argv + 1);
    }
    const char *nearest = tuff_suggest(verb, names, COMMAND_COUNT);
    if (nearest != NULL)
        console_error("data: unknown command '%s'; did you mean '%s'?", verb, nearest);
    else
        console_error("data: unknown command '%s' (see tuff data --help)", verb);
    return EXIT_USAGE;
}
