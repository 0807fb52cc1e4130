// The tuff command: finds the subcommand.
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "commands.h"
#include "console.h"
#include "help.h"
#include "interrupt.h"

enum { NAME_COLUMN = 15, COMMANDS_MAX = 64 };

static int print_version(void)
{
    console_print("tuff %s (plugin ABI %d.%d)\n", TUFF_VERSION, TUFF_ABI_MAJOR, TUFF_ABI_MINOR);
    return EXIT_DONE;
}

static int print_help(void)
{
    size_t count;
    const struct command *commands = command_list(&count);
    console_print("Usage: tuff COMMAND [options]\n%s\nCommands:\n", help_overview_purpose);
    for (size_t i = 0; i < count; i++)
        console_print("  %-12s %s\n", commands[i].name, commands[i].purpose);
    console_print("  %-12s %s\n", "help", "the same as --help, also of a command: tuff help train");
    console_print("\nOptions:\n  -h, --help   show this; tuff COMMAND --help shows a command's options\n"
                  "  --version    show the versions of tuff and of its plugin ABI\n\n"
                  "Exit status:\n");
    help_write_rows(stdout, help_exit_statuses, NAME_COLUMN);
    console_print("\nEnvironment:\n");
    help_write_rows(stdout, help_environment, NAME_COLUMN + 5);
    console_print("\nExamples:\n%s", help_overview_examples);
    return EXIT_DONE;
}

static int unknown(const char *word)
{
    static const char *const options[] = {"--help", "--version"};
    const char *names[COMMANDS_MAX] = {"help"}, *nearest;
    size_t count, named = 1;
    const struct command *commands = command_list(&count);
    bool option = word[0] == '-';
    for (size_t i = 0; i < count && named < COMMANDS_MAX; i++)
        names[named++] = commands[i].name;
    if (option)
        nearest = tuff_suggest(word, options, sizeof options / sizeof *options);
    else
        nearest = tuff_suggest(word, names, named);
    if (nearest != NULL)
        console_error("unknown %s '%s'; did you mean '%s'?", option ? "option" : "command", word, nearest);
    else
        console_error("unknown %s '%s' (see tuff --help)", option ? "option" : "command", word);
    return EXIT_USAGE;
}

static int run_command(int argc, char **argv)
{
    const struct command *command = command_find(argv[0]);
    return command == NULL ? unknown(argv[0]) : command->run(argc, argv);
}

static int run(int argc, char **argv)
{
    if (argc < 2) {
        console_error("a command is missing (see tuff --help)");
        return EXIT_USAGE;
    }
    if (strcmp(argv[1], "--version") == 0)
        return print_version();
    bool help = strcmp(argv[1], "help") == 0;
    const bool of_help =
        help && argc == 3 &&
        (strcmp(argv[2], "help") == 0 || strcmp(argv[2], "--help") == 0 || strcmp(argv[2], "-h") == 0);
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || (help && argc == 2) || of_help)
        return print_help();
    if (!help)
        return run_command(argc - 1, argv + 1);
    // Behind the words that name a command of a command: tuff help plugin new.
    char ask[] = "--help", *arguments[] = {argv[2], argc > 3 ? argv[3] : ask, ask, NULL};
    return run_command(argc > 3 ? 3 : 2, arguments);
}

int main(int argc, char **argv)
{
    console_open();
    console_setup(false, false);
    int exit_status = console_finish(run(argc, argv));
    interrupt_end(exit_status);
    return exit_status;
}
