// What the scripts that complete commands share, whatever the shell.
#ifndef TUFF_TOOL_COMPLETION_H
#define TUFF_TOOL_COMPLETION_H

#include "commands.h"
#include "options.h"

// What a value may be.
enum completion_kind {
    COMPLETION_ANY, // nobody knows
    COMPLETION_FILES,
    COMPLETION_FOLDERS,
    COMPLETION_MODELS,      // names, and model files
    COMPLETION_CHECKPOINTS, // a run's folder, or a file
    COMPLETION_DATA,
    COMPLETION_BACKENDS,
    COMPLETION_OPS,
    COMPLETION_COMMANDS,
    COMPLETION_WORDS, // those of the option's choice
};

// "models": what `tuff completion names` and the scripts call a kind.
const char *completion_kind_name(enum completion_kind kind);
enum completion_kind completion_option_kind(const struct option *option);
// word: of a usage's operand, "IMAGE...".
enum completion_kind completion_operand_kind(const char *word, size_t length);

// Print what follows from the tables.
void completion_write_bash(void);
void completion_write_zsh(void);

#endif
