#include "format.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct text format_count(uint64_t count)
{
    struct text digits, text;
    snprintf(digits.s, sizeof digits.s, "%" PRIu64, count);
    size_t length = strlen(digits.s), used = 0;
    for (size_t i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0)
            text.s[used++] = ',';
        text.s[used++] = digits.s[i];
    }
    text.s[used] = '\0';
    return text;
}

struct text format_bytes(uint64_t bytes)
{
    static const char *const units[] = {"bytes", "KiB", "MiB", "GiB", "TiB"};
    struct text text;
    double value = (double)bytes;
    size_t unit = 0;
    while (value >= 1024 && unit + 1 < sizeof units / sizeof *units) {
        value /= 1024;
        unit++;
    }
    snprintf(text.s, sizeof text.s, unit == 0 ? "%.0f %s" : "%.1f %s", value, units[unit]);
    return text;
}

struct text format_seconds(double seconds)
{
    struct text text;
    if (seconds < 0.1) {
        snprintf(text.s, sizeof text.s, "%.1f ms", 1e3 * seconds);
    } else if (seconds < 10) {
        snprintf(text.s, sizeof text.s, "%.2f s", seconds);
    } else if (seconds < 99.95) {
        snprintf(text.s, sizeof text.s, "%.1f s", seconds);
    } else {
        uint64_t whole = (uint64_t)(seconds + 0.5);
        if (whole < 3600)
            snprintf(text.s, sizeof text.s, "%" PRIu64 " min %02" PRIu64 " s", whole / 60, whole % 60);
        else
            snprintf(text.s, sizeof text.s, "%" PRIu64 " h %02" PRIu64 " min", whole / 3600,
                     whole % 3600 / 60);
    }
    return text;
}

struct text format_digits(double value)
{
    struct text text;
    const int places = value < 9.9995 ? 3 : value < 99.995 ? 2 : value < 999.95 ? 1 : 0;
    if (value < 0.0995)
        snprintf(text.s, sizeof text.s, "%.3g", value);
    else
        snprintf(text.s, sizeof text.s, "%.*f", places, value);
    return text;
}

struct text format_duration(double seconds)
{
    struct text text;
    const char *unit = seconds < 999.95e-6 ? "us" : seconds < 999.95e-3 ? "ms" : "s";
    const double scale = seconds < 999.95e-6 ? 1e6 : seconds < 999.95e-3 ? 1e3 : 1;
    snprintf(text.s, sizeof text.s, "%.16s %s", format_digits(scale * seconds).s, unit);
    return text;
}

struct text format_clock(double seconds)
{
    struct text text;
    uint64_t whole = seconds < 0 ? 0 : seconds > 3.6e8 ? UINT64_C(360000000) : (uint64_t)(seconds + 0.5);
    uint64_t hours = whole / 3600, minutes = whole % 3600 / 60;
    if (hours > 0)
        snprintf(text.s, sizeof text.s, "%" PRIu64 ":%02" PRIu64 ":%02" PRIu64, hours, minutes, whole % 60);
    else
        snprintf(text.s, sizeof text.s, "%" PRIu64 ":%02" PRIu64, minutes, whole % 60);
    return text;
}

struct text format_rate(double per_second)
{
    struct text text;
    if (per_second >= 99.95 && per_second < 1e15)
        return format_count((uint64_t)(per_second + 0.5));
    snprintf(text.s, sizeof text.s, "%.1f", per_second);
    return text;
}

struct text format_shape(uint32_t rank, const uint32_t *dims)
{
    struct text text = {"("};
    size_t used = 1;
    for (uint32_t i = 0; i < rank && used < sizeof text.s; i++)
        used +=
            (size_t)snprintf(text.s + used, sizeof text.s - used, "%s%" PRIu32, i == 0 ? "" : ", ", dims[i]);
    if (used + 1 < sizeof text.s)
        memcpy(text.s + used, ")", 2);
    return text;
}
