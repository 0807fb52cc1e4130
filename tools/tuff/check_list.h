// tuff check --list: which backend supports which op.
#ifndef TUFF_TOOL_CHECK_LIST_H
#define TUFF_TOOL_CHECK_LIST_H

#include "setup.h"

// Prints a table of ops and backends: of settings->backend, or of all that can be opened if that is NULL. op:
// only this one, or NULL. Returns the exit status.
int check_list(const struct target_settings *settings, const char *op, bool markdown);

#endif
