// Ctrl+C: the first asks to stop when it is safe, the second stops at once.
#ifndef TUFF_TOOL_INTERRUPT_H
#define TUFF_TOOL_INTERRUPT_H

#include <stdbool.h>

// From now on SIGINT, SIGTERM, SIGHUP and SIGPIPE are noted: whoever works on stops as soon as it can, saves,
// and returns 128 + the number. A second SIGINT, SIGTERM or SIGHUP ends the program. SIGPIPE is among them
// since Ctrl+C also ends the program that reads the output, `tuff train | tee log`, and what is printed then
// must not cost the checkpoint. One that was ignored when the program started stays ignored.
void interrupt_catch(void);
bool interrupt_catching(void); // whether that is so
// From now on they end the program again. One that has been noted stays so.
void interrupt_release(void);
// The number of the signal that came first; 0: none.
int interrupt_signal(void);
// At the end of the program: where exit_status is 128 + the signal that came, ends by that very signal, as a
// shell expects of what Ctrl+C ended: else its loop goes on. Returns where it is not.
void interrupt_end(int exit_status);

#endif
