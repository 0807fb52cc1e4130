// The subcommands of tuff data. Each parses its own arguments, argv[0] being its name, and returns the exit
// status.
#ifndef TUFF_TOOL_DATA_H
#define TUFF_TOOL_DATA_H

int data_list(int argc, char **argv);
int data_show(int argc, char **argv);
int data_fetch(int argc, char **argv);

#endif
