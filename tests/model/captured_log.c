#include "captured_log.h"

#include <stdio.h>

static void keep(void *user, enum tuff_log_level level, const char *message)
{
    (void)level;
    struct captured_log *captured = user;
    captured->count++;
    snprintf(captured->last, sizeof captured->last, "%s", message);
}

void captured_log_begin(struct captured_log *captured)
{
    *captured = (struct captured_log){.log = {.write = keep, .user = captured, .level = TUFF_LOG_DEBUG}};
}
