#include "onednn.h"

#include <stdarg.h>
#include <stdio.h>

void dnn_log(const struct tuff_host *host, enum tuff_log_level level, const char *format, ...)
{
    char message[512];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(message, sizeof message, format, arguments);
    va_end(arguments);
    host->log(host->user, level, message);
}
