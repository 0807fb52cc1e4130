#include "tuff/log.h"

#include <stdarg.h>
#include <stdio.h>

enum { MESSAGE_BYTES = 2048 };

static void log_formatted(const struct tuff_log *log, enum tuff_log_level level, const char *format,
                          va_list arguments)
{
    if (log == NULL || log->write == NULL || level > log->level)
        return;
    char message[MESSAGE_BYTES];
    vsnprintf(message, sizeof message, format, arguments);
    log->write(log->user, level, message);
}

void tuff_log_message(const struct tuff_log *log, enum tuff_log_level level, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_formatted(log, level, format, arguments);
    va_end(arguments);
}

enum tuff_status tuff_fail(const struct tuff_log *log, enum tuff_status status, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    log_formatted(log, TUFF_LOG_ERROR, format, arguments);
    va_end(arguments);
    return status;
}

const char *tuff_status_name(enum tuff_status status)
{
    switch (status) {
    case TUFF_OK:
        return "success";
    case TUFF_ERROR_INVALID:
        return "invalid argument";
    case TUFF_ERROR_NOT_FOUND:
        return "not found";
    case TUFF_ERROR_IO:
        return "input/output error";
    case TUFF_ERROR_FORMAT:
        return "malformed file";
    case TUFF_ERROR_MEMORY:
        return "out of memory";
    case TUFF_ERROR_UNSUPPORTED:
        return "unsupported";
    case TUFF_ERROR_DEVICE:
        return "device failure";
    case TUFF_ERROR_PLUGIN:
        return "plugin failure";
    case TUFF_ERROR_INTERRUPTED:
        return "interrupted";
    case TUFF_ERROR_INTERNAL:
        return "internal error";
    }
    return "unknown status";
}
