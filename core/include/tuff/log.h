// Messages to people. Every failing call logs one line that says what was expected, what was found, and where.
#ifndef TUFF_LOG_H
#define TUFF_LOG_H

#include "backend.h"

#ifdef __cplusplus
extern "C" {
#endif

// Where messages go. A NULL log, or one without a callback, drops them.
struct tuff_log {
    void (*write)(void *user, enum tuff_log_level level, const char *message); // no trailing newline; any thread
    void *user;
    enum tuff_log_level level; // the least severe level that is passed on
};

// Formats a message of at most 2047 bytes (longer ones are cut) and hands it to the callback.
TUFF_API void tuff_log_message(const struct tuff_log *log, enum tuff_log_level level, const char *format, ...)
    TUFF_PRINTF(3, 4);

// Logs an error and returns `status`: return tuff_fail(log, TUFF_ERROR_INVALID, "…", …);
TUFF_API enum tuff_status tuff_fail(const struct tuff_log *log, enum tuff_status status, const char *format, ...)
    TUFF_PRINTF(3, 4);

// "invalid argument" and so on; never NULL.
TUFF_API const char *tuff_status_name(enum tuff_status status);

#ifdef __cplusplus
}
#endif
#endif
