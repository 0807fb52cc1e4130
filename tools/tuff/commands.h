// The subcommands. Each parses its own arguments, argv[0] being its name, and returns the exit status.
#ifndef TUFF_TOOL_COMMANDS_H
#define TUFF_TOOL_COMMANDS_H

int command_train(int argc, char **argv);
int command_eval(int argc, char **argv);
int command_predict(int argc, char **argv);
int command_misses(int argc, char **argv);
int command_report(int argc, char **argv);
int command_data(int argc, char **argv);
int command_data_show(int argc, char **argv);
int command_summary(int argc, char **argv);
int command_devices(int argc, char **argv);
int command_check(int argc, char **argv);
int command_plugin(int argc, char **argv);

#endif
