// Ctrl+C: the first asks to stop when it is safe, the second stops at once.
#ifndef TUFF_TOOL_INTERRUPT_H
#define TUFF_TOOL_INTERRUPT_H

#include <stdbool.h>

// From now on SIGINT, SIGTERM and SIGHUP are noted. One that was ignored when the program started stays
// ignored.
void interrupt_catch(void);
bool interrupt_catching(void); // whether that is so
// From now on they end the program again. One that has been noted stays so.
void interrupt_release(void);
// The number of the signal that came; 0: none.
int interrupt_signal(void);

#endif
