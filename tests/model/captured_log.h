// A log that keeps what it is told, for tests that look at messages.
#ifndef TUFF_TESTS_CAPTURED_LOG_H
#define TUFF_TESTS_CAPTURED_LOG_H

#include "tuff/log.h"

struct captured_log {
    struct tuff_log log; // hand out &captured.log
    int count;           // messages so far
    char last[2048];
};

// Afterwards the struct must not move.
void captured_log_begin(struct captured_log *captured);

#endif
