// The subcommands. Each parses its own arguments, argv[0] being its name, and returns the exit status.
#ifndef TUFF_TOOL_COMMANDS_H
#define TUFF_TOOL_COMMANDS_H

#include <stddef.h>

#include "options.h"

struct command {
    const char *name, *purpose;
    int (*run)(int argc, char **argv);
};

int command_train(int argc, char **argv);
int command_eval(int argc, char **argv);
int command_predict(int argc, char **argv);
int command_misses(int argc, char **argv);
int command_report(int argc, char **argv);
int command_export(int argc, char **argv);
int command_summary(int argc, char **argv);
int command_devices(int argc, char **argv);
int command_data(int argc, char **argv);
int command_check(int argc, char **argv);
int command_bench(int argc, char **argv);
int command_plugin(int argc, char **argv);
int command_completion(int argc, char **argv);
int command_man(int argc, char **argv);

// All of them, in the order in which help lists them.
const struct command *command_list(size_t *count);
// NULL: there is none of that name. The name itself is all that is looked at.
const struct command *command_find(const char *name);
// Calls `describe` for the command's usage, or for that of each command in it: "plugin new".
void command_describe(const struct command *command, options_describe_fn describe, void *user);

// For a command that consists of commands: argv[1] says which.
// `name` and `purpose` are the outer command's; purpose consists of lines, with a newline at the end.
int command_run_inner(const char *name, const char *purpose, const struct command *inner, size_t count,
                      int argc, char **argv);

#endif
