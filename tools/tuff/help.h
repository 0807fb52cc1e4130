// Help: what a usage's table says, laid out for a terminal of 80 columns.
#ifndef TUFF_TOOL_HELP_H
#define TUFF_TOOL_HELP_H

#include <stdio.h>

#include "options.h"

// Prints the help of one command. all: with the rare options, which are left out otherwise where all of it
// would not fit a screen.
void help_print(const struct usage *usage, bool all);

// Two columns: a name, and a text that is wrapped.
struct help_row {
    const char *name, *text;
};
extern const struct help_row help_exit_statuses[], help_environment[]; // name is NULL at the end
extern const char help_overview_purpose[], help_overview_examples[];   // of tuff itself: lines
void help_write_rows(FILE *out, const struct help_row *rows, unsigned column);

// "--batch N", without the letter.
void help_option_name(const struct option *option, char *text, size_t size);
// "16", or "" for an option without a default.
void help_option_default(const struct option *option, char *text, size_t size);
// What help says of an option: its text, and the names that it takes.
void help_option_text(const struct option *option, char *text, size_t size);

#endif
