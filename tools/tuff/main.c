// The tuff command: finds the subcommand.
#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "commands.h"
#include "console.h"

static const struct {
    const char *name, *purpose;
    int (*run)(int argc, char **argv);
} commands[] = {
    {"train", "train a model", command_train},
    {"eval", "evaluate a checkpoint on a data set", command_eval},
    {"predict", "what a checkpoint takes an image for", command_predict},
    {"misses", "images that a checkpoint takes for something else", command_misses},
    {"report", "write a page about a run: curves, confusion, misses", command_report},
    {"summary", "show a model's layers, parameters and memory", command_summary},
    {"data", "show a data set's images", command_data},
    {"devices", "list backends and the devices they find", command_devices},
    {"check", "compare a backend's ops with the reference's", command_check},
    {"plugin", "begin a backend of your own", command_plugin},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands };

static int print_version(void)
{
    console_print("tuff %s (plugin ABI %d.%d)\n", TUFF_VERSION, TUFF_ABI_MAJOR, TUFF_ABI_MINOR);
    return EXIT_DONE;
}

static int print_help(void)
{
    console_print("Usage: tuff COMMAND [options]\n"
                  "Trains convolutional networks on any Vulkan GPU, or on the CPU.\n\nCommands:\n");
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        console_print("  %-12s %s\n", commands[i].name, commands[i].purpose);
    console_print("  %-12s %s\n", "help", "the same as --help, also of a command: tuff help train");
    console_print("\nOptions:\n  -h, --help   show this; tuff COMMAND --help shows a command's options\n"
                  "  --version    show the versions of tuff and of its plugin ABI\n\n"
                  "Exit status: 0 success, 1 failure, 2 wrong usage, 130 interrupted.\n\n"
                  "Examples:\n"
                  "  tuff train lenet-mnist             train on digits that tuff draws itself\n"
                  "  tuff train lenet-mnist -D mnist -b vulkan -e 5\n"
                  "  tuff eval runs/lenet-mnist-digits-2025-01-31-1\n");
    return EXIT_DONE;
}

static int run_command(int argc, char **argv)
{
    const char *names[COMMAND_COUNT + 1] = {"help"};
    for (size_t i = 0; i < COMMAND_COUNT; i++) {
        names[i + 1] = commands[i].name;
        if (strcmp(argv[0], commands[i].name) == 0)
            return commands[i].run(argc, argv);
    }
    const char *kind = argv[0][0] == '-' ? "option" : "command";
    const char *nearest = argv[0][0] == '-' ? NULL : tuff_suggest(argv[0], names, COMMAND_COUNT + 1);
    if (nearest != NULL)
        console_error("unknown command '%s'; did you mean '%s'?", argv[0], nearest);
    else
        console_error("unknown %s '%s' (see tuff --help)", kind, argv[0]);
    return EXIT_USAGE;
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
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0 || (help && argc == 2))
        return print_help();
    if (!help)
        return run_command(argc - 1, argv + 1);
    char ask[] = "--help", *arguments[] = {argv[2], ask, NULL};
    return run_command(2, arguments);
}

int main(int argc, char **argv)
{
    console_setup(false, false);
    return console_finish(run(argc, argv));
}
