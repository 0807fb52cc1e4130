// What the command says: results on stdout; errors, warnings, notes and the progress line on stderr.
#ifndef TUFF_TOOL_CONSOLE_H
#define TUFF_TOOL_CONSOLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "tuff/log.h"

// What a command returns to the shell. A signal ends it, which the shell shows as 128 + its number.
enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    EXIT_SIGNAL = 128,
};

// First of all: a standard stream that is closed is opened such that using it fails, so that no file that is
// opened later takes its place and gets what is printed.
void console_open(void);
// verbose: information of the library is shown as well. quiet: neither notes nor progress.
void console_setup(bool verbose, bool quiet);
bool console_quiet(void);

// The library's messages: `tuff: error: …`, `tuff: warning: …`, and `tuff: …` for information.
struct tuff_log console_log(void);

// One line each. The line of progress is taken away before, so that it never mixes with them.
void console_error(const char *format, ...) TUFF_PRINTF(1, 2);
void console_warning(const char *format, ...) TUFF_PRINTF(1, 2);
void console_note(const char *format, ...) TUFF_PRINTF(1, 2);  // stderr, unless quiet; "tuff: " before it
void console_print(const char *format, ...) TUFF_PRINTF(1, 2); // stdout, flushed; no newline is added
// A plain line of progress: stderr, unless quiet.
void console_progress(const char *format, ...) TUFF_PRINTF(1, 2);

// Shows `text` on the last line of the terminal, in place of what was there. NULL takes it away.
void console_transient(const char *text);
bool console_stderr_is_terminal(void);
unsigned console_stderr_columns(void); // 80 if the terminal does not tell

// While errors are held they are kept instead of shown: for calls that may succeed although something failed
// on the way, such as a plugin that is passed over.
void console_hold_errors(void);
// The first held message that contains `part`, without what comes before and directly after it (a path and a
// colon); NULL if there is none.
const char *console_held_error(const char *part);
// Held errors are shown: as warnings if `succeeded`, but for those that console_held_error gave out; else the
// first one as the error, and the others, which say what followed from it, as information.
void console_release_errors(bool succeeded);

// The exit status for what a call of the library returned. Says the status's name if no error was shown
// before, and that it was interrupted if a signal was the reason.
int console_exit_status(enum tuff_status status);
// Closes stdout. EXIT_FAILED with an error if it could not be written to the end, else `exit_status`.
// A pipe that nobody reads any more is no error if interrupt_catch saw it: 128 + SIGPIPE.
int console_finish(int exit_status);

#endif
