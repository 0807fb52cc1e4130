// What standard output is: its width, and what can be shown there.
#ifndef TUFF_TOOL_TERMINAL_H
#define TUFF_TOOL_TERMINAL_H

#include <stdbool.h>

enum terminal_colours {
    TERMINAL_PLAIN, // none: no terminal, a simple one, or NO_COLOR
    TERMINAL_256,
    TERMINAL_TRUE, // 24 bits
};

// COLUMNS if it is a number, else what the terminal says, else 80.
unsigned terminal_columns(void);
enum terminal_colours terminal_colours(void);
// The colours that TERM and COLORTERM promise, for somebody who wants them wherever the output goes.
enum terminal_colours terminal_colours_forced(void);
// Whether the locale's characters are UTF-8.
bool terminal_utf8(void);

#endif
