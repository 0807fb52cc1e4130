#include "device.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct device_check checks[DEVICE_CHECK_COUNT] = {
    {DEVICE_BUFFERS, "write", device_check_buffer_write},
    {DEVICE_BUFFERS, "read", device_check_buffer_read},
    {DEVICE_BUFFERS, "copy", device_check_buffer_copy},
    {DEVICE_BUFFERS, "fill", device_check_buffer_fill},
    {DEVICE_BUFFERS, "sizes", device_check_buffer_sizes},
    {DEVICE_STREAM, "order", device_check_stream_order},
    {DEVICE_STREAM, "arena", device_check_stream_arena},
    {DEVICE_STREAM, "submits", device_check_stream_submits},
    {DEVICE_STREAM, "captured", device_check_stream_captured},
    {DEVICE_STREAM, "timestamps", device_check_stream_timestamps},
};

const struct device_check *device_check_at(size_t check)
{
    return &checks[check];
}

const char *device_row_name(enum device_row row)
{
    return row == DEVICE_BUFFERS ? "buffers" : "stream";
}

enum device_row device_row_find(const char *name)
{
    enum device_row row = 0;
    while (row < DEVICE_ROW_COUNT && strcmp(device_row_name(row), name) != 0)
        row++;
    return row;
}

void device_check_format(const struct device_check *check, char line[CONFORMANCE_LINE_BYTES])
{
    snprintf(line, CONFORMANCE_LINE_BYTES, "%s(check=%s)", device_row_name(check->row), check->what);
}

const struct device_check *device_check_find(const char *line)
{
    char own[CONFORMANCE_LINE_BYTES];
    for (size_t i = 0; i < DEVICE_CHECK_COUNT; i++) {
        device_check_format(&checks[i], own);
        if (strcmp(own, line) == 0)
            return &checks[i];
    }
    return NULL;
}

bool device_fail(struct device_trial *trial, const char *format, ...)
{
    va_list arguments;
    va_start(arguments, format);
    trial->result->verdict = CASE_FAILED;
    vsnprintf(trial->result->message, sizeof trial->result->message, format, arguments);
    va_end(arguments);
    return false;
}

bool device_expect_ok(struct device_trial *trial, enum tuff_status status, const char *slot)
{
    if (status == TUFF_OK)
        return true;
    trial->result->device_lost = status == TUFF_ERROR_DEVICE;
    return device_fail(trial, "%s returned \"%s\"", slot, tuff_status_name(status));
}
