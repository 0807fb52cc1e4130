#include "commands.h"

#include <stdio.h>
#include <string.h>

#include "base/suggest.h"
#include "console.h"

static const struct command commands[] = {
    {"train", "train a model", command_train},
    {"eval", "evaluate a checkpoint on a data set", command_eval},
    {"predict", "show what a checkpoint takes single images for", command_predict},
    {"misses", "show the images that a checkpoint gets wrong", command_misses},
    {"report", "write a run's page: curves, confusion, misses", command_report},
    {"export", "write a trained network for other programs", command_export},
    {"summary", "show a model's layers, parameters and memory", command_summary},
    {"data", "list, show and fetch data sets", command_data},
    {"devices", "list backends and the devices they find", command_devices},
    {"check", "compare a backend's ops with the reference's, or time them", command_check},
    {"bench", "time a model's steps, and each op of them", command_bench},
    {"plugin", "begin a backend of your own", command_plugin},
    {"completion", "print what completes commands in a shell", command_completion},
    {"man", "print manual pages", command_man},
};

enum { COMMAND_COUNT = sizeof commands / sizeof *commands, INNER_MAX = 16 };

const struct command *command_list(size_t *count)
{
    *count = COMMAND_COUNT;
    return commands;
}

const struct command *command_find(const char *name)
{
    for (size_t i = 0; i < COMMAND_COUNT; i++)
        if (strcmp(name, commands[i].name) == 0)
            return &commands[i];
    return NULL;
}

static void ask_for_help(const struct command *command)
{
    char name[32], help[] = "--help", *argv[] = {name, help, NULL};
    snprintf(name, sizeof name, "%s", command->name);
    command->run(2, argv);
}

void command_describe(const struct command *command, options_describe_fn describe, void *user)
{
    options_describe(describe, user);
    ask_for_help(command);
    options_describe(NULL, NULL);
}

static int give_inner_help(const char *name, const char *purpose, const struct command *inner, size_t count)
{
    // One alone, or somebody who wants each of them described.
    if (count == 1 || options_described()) {
        for (size_t i = 0; i < count; i++)
            ask_for_help(&inner[i]);
        return EXIT_DONE;
    }
    console_print("Usage: tuff %s COMMAND [options]\n%s\nCommands:\n", name, purpose);
    for (size_t i = 0; i < count; i++)
        console_print("  %-12s %s\n", inner[i].name, inner[i].purpose);
    console_print("\ntuff %s COMMAND --help shows a command's options and examples.\n", name);
    return EXIT_DONE;
}

int command_run_inner(const char *name, const char *purpose, const struct command *inner, size_t count,
                      int argc, char **argv)
{
    const char *names[INNER_MAX] = {0}, *word = argc > 1 ? argv[1] : NULL;
    char list[256] = "";
    for (size_t i = 0, used = 0; i < count && i < INNER_MAX; i++) {
        names[i] = inner[i].name;
        if (word != NULL && strcmp(word, names[i]) == 0)
            return inner[i].run(argc - 1, argv + 1);
        if (used < sizeof list)
            used += (size_t)snprintf(list + used, sizeof list - used, "%s%s", i == 0 ? "" : ", ", names[i]);
    }
    if (word != NULL &&
        (strcmp(word, "--help") == 0 || strcmp(word, "-h") == 0 || strcmp(word, "--help-all") == 0))
        return give_inner_help(name, purpose, inner, count);
    const char *nearest =
        word == NULL ? NULL : tuff_suggest(word, names, count < INNER_MAX ? count : INNER_MAX);
    if (word == NULL)
        console_error("%s: a command is missing: %s (see tuff %s --help)", name, list, name);
    else if (nearest != NULL)
        console_error("%s: unknown command '%s'; did you mean '%s'?", name, word, nearest);
    else
        console_error("%s: unknown command '%s'; there is: %s (see tuff %s --help)", name, word, list, name);
    return EXIT_USAGE;
}
