// What commands that read a checkpoint have in common.
#ifndef TUFF_TOOL_CHECKPOINT_FILE_H
#define TUFF_TOOL_CHECKPOINT_FILE_H

#include <limits.h>

#include "tuff/status.h"

// The file that a command's operand names: itself, or the checkpoint in the folder of a run. Says what is
// wrong.
TUFF_MUST_CHECK enum tuff_status checkpoint_file_find(const char *operand, char path[PATH_MAX]);

#endif
